"""Isolated calls: each runs in a fresh process, forked from a server that has torch loaded.

So peak memory and threads are the run's own, a crash affects nothing else, and no run waits for torch's import.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

from rnncompare.base.errors import DataError, MachineError, RefusedError, SettingError

Result = TypeVar("Result")

# torch's optimizers import torch._dynamo when first created: a second, and 90 MB that a run would count as its own
_MODULES = [  # loaded by the server; `preload` adds more
    "rnncompare.base.isolation_server",
    "rnncompare.training.experiment",
    "rnncompare.training.checkpoints",
    "torch._dynamo",
    "numpy.random",
    "numpy.ma",  # by numpy.percentile
]
OF_OWN_DATA = ("sklearn.metrics",)  # for `preload`: a second for each run on the user's own data
_FRESH = multiprocessing.get_context("forkserver")
_TURNS = threading.Lock()


class IsolatedError(RuntimeError):
    """The call gave no result: it raised, or its process was killed, crashed, hung or ran out of memory."""


def start_thread(function: Callable[..., object], *arguments: Any) -> None:
    """Call ``function(*arguments)`` in a thread that does not keep the process alive.

    Raises:
        RefusedError: the system will not start another thread.
    """
    try:
        threading.Thread(target=function, args=arguments, daemon=True).start()
    except RuntimeError as error:
        raise RefusedError(str(error)) from None


def require_threads(count: int) -> None:
    """Raise `RefusedError` unless ``count`` more threads can be started; native code would end the process.

    Args:
        count: in addition to the calling thread.
    """
    done = threading.Event()
    try:
        for _ in range(count):
            start_thread(done.wait)
    finally:
        done.set()


def preload(*modules: str) -> None:
    """Start the server now, so that it loads torch while the caller does something else.

    Args:
        modules: others to load, that most calls will need.
    """
    from multiprocessing import forkserver, resource_tracker

    _MODULES.extend(name for name in modules if name not in _MODULES)
    _FRESH.set_forkserver_preload(_MODULES)
    with contextlib.suppress(OSError):  # if it cannot be started, the first call says so
        resource_tracker.ensure_running()  # first, because starting it unblocks the signals blocked below
        # the server inherits the block: a Ctrl-C reaches it too, perhaps before it has set itself to ignore it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def call_isolated(
    function: Callable[..., Result],
    *arguments: Any,
    on_message: Callable[[Any], None] = lambda message: None,
    timeout: float | None = None,
    processes: set[BaseProcess] | None = None,
) -> Result:
    """The result of ``function(*arguments, send)`` in a fresh process.

    Args:
        function: importable by name; its last argument sends progress messages back.
        arguments: picklable.
        on_message: called here with each message sent.
        timeout: seconds after which the process is killed; None for no limit.
        processes: contains the process while it runs, so that others can kill it.

    Raises:
        SettingError, DataError: as ``function`` raised them.
        IsolatedError: ``function`` raised anything else, or the process ended without an answer or in time.
        RefusedError: the system would not start the process or a thread that it needs.
        StorageError: as ``function`` raised it.
    """
    here, there = _FRESH.Pipe()
    process = _FRESH.Process(target=_answer, args=(there, function, arguments))
    try:
        preload()  # does nothing if it is already running
        with _main_left_alone():
            process.start()
    except (EOFError, OSError) as error:  # the server refused, or could not be started itself
        here.close()
        reason = f": {error.strerror}" if isinstance(error, OSError) else ""
        raise RefusedError(f"no process could be started{reason}") from None
    finally:
        there.close()
    processes = set() if processes is None else processes
    processes.add(process)
    try:
        kind, value = _wait_for_answer(here, on_message, timeout)
        if kind == "raised":
            raise value
        return value
    except (EOFError, ConnectionResetError):
        process.join()
        raise IsolatedError(_cause_of_death(process.exitcode)) from None
    except BaseException:
        process.kill()
        raise
    finally:
        here.close()  # the process ends itself when this end is closed
        process.join()
        processes.discard(process)


@contextlib.contextmanager
def _main_left_alone() -> Iterator[None]:
    """Keep a process that starts from importing the caller's script anew, which would call us again there.

    It needs nothing of it, and Python imports it wherever the main module has a file or a name, ``<stdin>`` included.
    Threads take turns, since the first to end would give the name back.
    """
    main: Any = sys.modules["__main__"]
    with _TURNS:
        before = {name: vars(main).pop(name) for name in ("__file__", "__spec__") if name in vars(main)}
        main.__spec__ = None
        try:
            yield
        finally:
            vars(main).update(before)


def _wait_for_answer(
    connection: Connection, on_message: Callable[[Any], None], timeout: float | None
) -> tuple[str, Any]:
    deadline = None if timeout is None else time.monotonic() + timeout
    while connection.poll(None if deadline is None else max(0.0, deadline - time.monotonic())):
        kind, value = connection.recv()
        if kind != "message":
            return kind, value
        on_message(value)
    raise IsolatedError(f"not done within {timeout:g} seconds")


def _answer(connection: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    from rnncompare.base import isolation_server as server

    server.end_with_parent()
    server.leave_signals_to_caller()
    try:
        start_thread(_end_with, connection)
        answer = ("returned", function(*arguments, lambda message: connection.send(("message", message))))
    except (SettingError, DataError, MachineError) as error:
        answer = ("raised", error)
    except Exception as error:
        of_limits = ("can't start new thread", "failed to map segment")  # the latter of a library, by address space
        refused = isinstance(error, BlockingIOError) or any(words in str(error) for words in of_limits)
        said = f"{type(error).__name__}: {error}"
        answer = ("raised", RefusedError(said) if refused else IsolatedError(f"{said} ({place_of(error)[1]})"))
    with contextlib.suppress(BrokenPipeError):  # the caller has gone
        connection.send(answer)


def place_of(error: Exception) -> tuple[bool, str]:
    """Whether the user's code was under way when an error was raised, and where: in their last file, else in ours."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = f"{Path(__file__).parents[1]}{os.sep}"
    others = [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
    known = [frame for frame in frames if Path(frame.filename).is_file()]  # not those of compiled libraries
    theirs = [frame for frame in known if not frame.filename.startswith((ours, *others))]
    last = (theirs or [frame for frame in known if frame.filename.startswith(ours)] or frames)[-1]
    return bool(theirs), f"{Path(last.filename).name}, line {last.lineno}"


def _end_with(connection: Connection) -> None:
    """End this process when the caller's end of the connection is closed: the caller was killed, or gave up."""
    try:
        connection.recv()
    except (EOFError, OSError):
        os._exit(1)


def _cause_of_death(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = " (by somebody, or by the system when memory ran out)" if -exitcode == signal.SIGKILL else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with exit code {exitcode}"
