"""Imported first by the server that forks fresh processes: it ends with its caller, and they end with it."""

from __future__ import annotations

import ctypes
import errno
import functools
import gc
import os
import signal
import sys

from rnncompare.base.source import remember_loaded

# read when pyarrow loads; its usual one reserves 1.2 GB of addresses, and where few are left, Arrow waits for ever
os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")

_PR_SET_PDEATHSIG = 1
_fork = os.fork


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends, even if it is stuck in native code (Linux).

    Not for the server itself: to the kernel, its parent is the thread that started it, which may end long before the
    caller. The server ends once its pipe to the caller is closed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_signals_to_caller() -> None:
    """Ignore Ctrl-C and requests to end, which often reach all processes of a job; the caller handles them."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@functools.cache
def ready_to_fork() -> None:
    """Once all is loaded: note its sources, and spare the processes looking for garbage in it."""
    remember_loaded()
    gc.freeze()


def fork_or_refuse() -> int:
    """`os.fork`; if the system refuses, the server rejects this one request instead of ending.

    The loop of `multiprocessing.forkserver` ends at any error except an aborted connection, and everything it forked
    ends with it. So the refusal becomes such an error, and closing the request's descriptors tells the caller.
    """
    ready_to_fork()
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
os.fork = fork_or_refuse
