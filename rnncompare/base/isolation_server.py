"""Imported first by the server that fresh processes are forked from: it ends with its caller, and they end with it."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, even where native code would hear of nothing (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_signals_to_caller() -> None:
    """Ctrl-C and requests to end often go to all processes of a job: the caller decides what they mean."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


leave_signals_to_caller()
end_with_parent()
