"""Memory that is free again, given back to the system: libraries keep it, which adds up over the steps of loading."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Give back what Arrow and the C library hold in reserve, where they can."""
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
        if trim is not None:
            trim(0)
