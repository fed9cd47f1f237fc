"""Folders whose modules are found by their files: a new cell, task, probe, measure or question is a new file there."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

Base = TypeVar("Base")


def modules(package: str) -> list[str]:
    """The names of the modules of a package, less the packages in it."""
    return [
        module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__) if not module.ispkg
    ]


def module(package: str, name: str) -> ModuleType:
    """The module called ``name`` of a package.

    Raises:
        KeyError: there is no such module.
    """
    if name not in modules(package):
        raise KeyError(name)
    return importlib.import_module(f"{package}.{name}")


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
