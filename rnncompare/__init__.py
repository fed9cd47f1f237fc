"""GRU or LSTM? Hand-written recurrent modules, and the harness that compares them.

Names are imported when first used, so that ``import rnncompare`` costs no import of torch or pandas.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncompare.api import compare
    from rnncompare.models.modules import GRU, LSTM, RNN
    from rnncompare.records import load_records
    from rnncompare.training.kept_model import load_model

__version__: str
__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "__version__",
    "compare",
    "load_model",
    "load_records",
    "report",
    "run",
    "study",
    "sweep",
]

_HOMES = {
    "GRU": "rnncompare.models.modules",
    "LSTM": "rnncompare.models.modules",
    "RNN": "rnncompare.models.modules",
    "compare": "rnncompare.api",
    "load_model": "rnncompare.training.kept_model",
    "load_records": "rnncompare.records",
}
_CALLED = ("report", "run", "study", "sweep")  # modules that can be called, see `base.callable_module`


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return _version()
    if name in _CALLED:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    """The installed version; ``0+checkout`` where the package runs from its source folder without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(__name__)
    except PackageNotFoundError:
        return "0+checkout"
