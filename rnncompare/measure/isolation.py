"""Fresh processes: each call runs in one of its own, forked from a server that has torch loaded.

So peak memory and threads are the run's own, a crash takes nothing else with it, and no run pays for importing torch.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from rnncompare.errors import DataError, SettingError

Result = TypeVar("Result")

# torch's optimizers import torch._dynamo when first made: a second, and 90 MB that a run would count as its own
_LOADED = ("rnncompare.experiment", "torch._dynamo", "numpy.random")
_FRESH = multiprocessing.get_context("forkserver")


class IsolatedError(RuntimeError):
    """The call ended without a result: it raised, or its process was killed, crashed or ran out of memory."""


def preload() -> None:
    """Start the server now, so that it loads torch while the caller does something else."""
    from multiprocessing import forkserver

    _FRESH.set_forkserver_preload(list(_LOADED))
    forkserver.ensure_running()


def call_isolated(
    function: Callable[..., Result], *arguments: Any, on_message: Callable[[Any], None] = lambda message: None
) -> Result:
    """The result of ``function(*arguments, send)`` in a fresh process.

    Args:
        function: importable by name; its last argument sends progress messages back.
        arguments: picklable.
        on_message: called here with each message sent.

    Raises:
        SettingError, DataError: as ``function`` raised them.
        IsolatedError: ``function`` raised anything else, or the process ended without an answer.
    """
    here, there = _FRESH.Pipe()
    process = _FRESH.Process(target=_answer, args=(there, function, arguments))
    process.start()
    there.close()
    try:
        while True:
            kind, value = here.recv()
            if kind == "message":
                on_message(value)
            elif kind == "raised":
                raise value
            else:
                return value
    except EOFError:
        process.join()
        raise IsolatedError(_cause_of_death(process.exitcode)) from None
    finally:
        here.close()  # the process ends itself when this end is gone
        process.join()
        process.close()


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides what Ctrl-C means
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    try:
        answer = ("returned", function(*arguments, lambda message: connection.send(("message", message))))
    except (SettingError, DataError) as error:
        answer = ("raised", error)
    except Exception as error:
        answer = ("raised", IsolatedError(f"{type(error).__name__}: {error}"))
    connection.send(answer)


def _end_with(connection: Connection) -> None:
    """End this process when the caller's end of the connection is gone: it was killed, or gave up."""
    try:
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"the process was ended by {signal.Signals(-exitcode).name}"
    return f"the process ended with exit code {exitcode}"
