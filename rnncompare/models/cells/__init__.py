"""The cells: each module of this folder holds the equations of one."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from rnncompare.models.cell import Cell


def names() -> list[str]:
    """The names of all hand-written cells."""
    return [module.name for module in pkgutil.iter_modules(__path__)]


def cell_class(name: str) -> type[Cell]:
    """The class of the cell called ``name``.

    Raises:
        KeyError: there is no such cell.
    """
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"{__name__}.{name}")
    (own,) = (
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Cell) and member.__module__ == module.__name__
    )
    return own
