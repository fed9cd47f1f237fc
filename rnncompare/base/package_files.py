"""What comes with the package: its folders, and modules found by their files, so that a new one is just a new file."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from rnncompare.base.errors import DataError

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """The path of the folder called ``name``: inside the package if installed, beside it in a checkout."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


Base = TypeVar("Base")


def modules(package: str) -> list[str]:
    """The names of the modules of a package, without its subpackages."""
    return [
        module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__) if not module.ispkg
    ]


def module(package: str, name: str) -> ModuleType:
    """The module called ``name`` of a package.

    Raises:
        KeyError: there is no such module.
        DataError: it cannot be imported.
    """
    if name not in modules(package):
        raise KeyError(name)
    try:
        return importlib.import_module(f"{package}.{name}")
    except Exception as error:  # whatever a file of a user's own raises
        raise DataError(f"{package}.{name}: cannot be imported ({type(error).__name__}: {error})") from error


def only_class(package: str, name: str, base: type[Base]) -> type[Base]:
    """The one class of ``base`` that the module called ``name`` of a package defines.

    Raises:
        KeyError: there is no such module.
    """
    found = module(package, name)
    (own,) = (
        member
        for _, member in inspect.getmembers(found, inspect.isclass)
        if issubclass(member, base) and member.__module__ == found.__name__
    )
    return own
