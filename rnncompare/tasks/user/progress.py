"""A progress bar for what takes longer than two seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm


class Bar(tqdm):
    """tqdm's bar without its semaphore, which a process that is ended leaves behind."""

    _lock = threading.RLock()


def bar(path: Path, total: int, unit: str, things: Iterable[Any] | None = None) -> Bar:
    """A bar on reading ``path``, or ``things`` from it one by one, shown on a terminal if that takes long."""
    settings = {"unit": unit, "unit_scale": True, "delay": 2, "leave": False, "disable": None}
    return Bar(iterable=things, total=total, desc=path.name, **settings)
