"""A progress bar for what takes longer than two seconds."""

from __future__ import annotations

import threading
from pathlib import Path

from tqdm import tqdm


class Bar(tqdm):
    """tqdm's bar without its semaphore, which a process that is ended leaves behind."""

    _lock = threading.RLock()


def bar(path: Path, total: int, unit: str) -> Bar:
    """A bar on reading ``path``, shown on a terminal if that takes long."""
    return Bar(total=total, desc=path.name, unit=unit, unit_scale=True, delay=2, leave=False, disable=None)
