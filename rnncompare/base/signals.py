"""Ctrl-C and requests to end: whatever a command is doing, it stops cleanly within seconds."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType

RUNS_KEPT = "finished runs are kept, and the same command goes on with what is missing"
LONGEST = 4.0  # seconds that a clean stop may take

_OUTPUT_LOST = (errno.EPIPE, errno.ENOSPC)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Stopped(KeyboardInterrupt):
    """The process was asked to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.exit_code = 128 + number


def exit_on_ctrl_c() -> None:
    """End at once at Ctrl-C, while a command is still importing and there is nothing to clean up."""
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, _exit)


def _exit(number: int, _frame: FrameType | None) -> None:
    os.write(2, b"\nstopped\n")
    os._exit(128 + number)  # an exception could be lost in a callback of the import system


@contextlib.contextmanager
def in_order(left: str | None) -> Iterator[None]:
    """Raise `Stopped` at the first Ctrl-C, SIGTERM or hang-up, and end with a line and the signal's exit code.

    The command ends the same way, with exit code 1, when nobody reads its output any more, as in ``... | head``, or the
    disk that its output goes to is full.
    Further signals have no effect; after `LONGEST` the process ends in any case. A signal that is already ignored
    stays ignored, as for a command started with ``nohup``.

    Args:
        left: what has been kept, in words; None for a command that only prints, of which ``head`` may want a part.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the terminal's encoding lacks is written out
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, _stop)
    try:
        yield
        if sys.stdout is not None:  # it was closed before the command began
            sys.stdout.flush()
    except BaseException as error:
        stopped = _stop_behind(error)
        if stopped is None and not (isinstance(error, OSError) and error.errno in _OUTPUT_LOST and _output_is_lost()):
            raise
        before.clear()  # further signals have no effect until the process has ended
        if stopped is None and left is None and getattr(error, "errno", None) == errno.EPIPE:
            sys.exit(0)
        full = ": standard output is on a full disk" * (getattr(error, "errno", None) == errno.ENOSPC)
        print(f"\nstopped{full}" + (f"; {left}" if left else ""), file=sys.stderr)
        sys.exit(1 if stopped is None else stopped.exit_code)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop_behind(error: BaseException | None) -> Stopped | None:
    """The stop that ``error`` is, or that led to it while a library cleaned up."""
    while error is not None and not isinstance(error, Stopped):
        error = error.__context__
    return error


def _output_is_lost() -> bool:
    """Whether the output cannot be written any more; if so, the rest of it is dropped."""
    try:
        print(flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return True
    return False


def _stop(number: int, _frame: FrameType | None) -> None:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    stopped = Stopped(number)
    last_resort = threading.Timer(LONGEST, os._exit, [stopped.exit_code])
    last_resort.daemon = True
    with contextlib.suppress(RuntimeError):  # no more threads can be started
        last_resort.start()
    raise stopped
