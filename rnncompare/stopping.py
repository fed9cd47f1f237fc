"""Ctrl-C and requests to end: the command stops in order, and within seconds whatever it was doing."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

LONGEST = 4.0  # seconds that stopping in order may take

_SIGNALS = (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Stopped(KeyboardInterrupt):
    """The process was asked to end.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.exit_code = 128 + number


def stop_on_signals() -> None:
    """Raise `Stopped` at the first Ctrl-C, SIGTERM or hang-up; more of them change nothing; `LONGEST` later all ends.

    A signal that is ignored already stays so, as for a command begun with ``nohup``.
    """
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    for other in _SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    stopped = Stopped(number)
    last_resort = threading.Timer(LONGEST, os._exit, [stopped.exit_code])
    last_resort.daemon = True
    last_resort.start()
    raise stopped
