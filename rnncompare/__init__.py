"""GRU or LSTM? Hand-written recurrent modules, and the harness that compares them.

Names are imported when first used, so that ``import rnncompare`` costs no import of torch or pandas.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnncompare.api import compare
    from rnncompare.base.errors import DataError, SettingError
    from rnncompare.models.modules import GRU, LSTM, RNN
    from rnncompare.records import load_records
    from rnncompare.training.kept_model import load_model

__version__: str
__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "DataError",
    "SettingError",
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
    "DataError": "rnncompare.base.errors",
    "SettingError": "rnncompare.base.errors",
    "GRU": "rnncompare.models.modules",
    "LSTM": "rnncompare.models.modules",
    "RNN": "rnncompare.models.modules",
    "compare": "rnncompare.api",
    "load_model": "rnncompare.training.kept_model",
    "load_records": "rnncompare.records",
}
_CALLED = ("report", "run", "study", "sweep")  # modules that can be called


class _Importable(ModuleType):
    """A module that, as a plain one does with cloudpickle, goes into a pickle by its name."""

    def __reduce__(self) -> tuple[Any, ...]:
        return importlib.import_module, (self.__name__,)


class _Called(_Importable):
    """A module of the package that, when called, calls the function of its name in `rnncompare.api`."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        function = getattr(importlib.import_module(f"{__name__}.api"), self.__name__.rpartition(".")[2])
        return function(*arguments, **settings)


class _Front(_Importable):
    """The package itself, in which ``python -m rnncompare.run`` works, and so does ``rnncompare.run(...)``.

    Importing a submodule binds it to its name here, replacing whatever had that name. So a command's Python function
    cannot have the name of its module: the module itself is made callable.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _CALLED and isinstance(value, ModuleType):
            value.__class__ = _Called
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Front


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
