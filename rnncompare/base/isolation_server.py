"""Imported first by the server that fresh processes are forked from: it ends with its caller, and they end with it."""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_fork = os.fork


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, even while it is stuck in native code (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_signals_to_caller() -> None:
    """Ctrl-C and requests to end often go to all processes of a job: the caller decides what they mean."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def fork_or_refuse() -> int:
    """`os.fork`; where the system refuses it, the server turns this one request down in place of ending.

    The loop of `multiprocessing.forkserver` ends at any error but an aborted connection, and with it all that it forked
    before. So the refusal becomes such an error, and closing the request's descriptors tells the caller.
    """
    try:
        return _fork()
    except OSError as error:
        request = sys._getframe(1).f_locals
        if not {"child_r", "child_w", "fds"} <= request.keys():
            raise
        for descriptor in (request["child_r"], request["child_w"], *request["fds"]):
            os.close(descriptor)
        raise ConnectionAbortedError(errno.ECONNABORTED, str(error)) from error


leave_signals_to_caller()
end_with_parent()
os.fork = fork_or_refuse
