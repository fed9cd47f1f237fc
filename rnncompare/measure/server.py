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


signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides what Ctrl-C means; what is forked inherits this
end_with_parent()
