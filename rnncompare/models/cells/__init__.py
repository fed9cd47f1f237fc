"""The cells: each module of this folder holds the equations of one."""

from __future__ import annotations

from rnncompare.base import package_files
from rnncompare.models.cell import Cell


def names() -> list[str]:
    """The names of all hand-written cells."""
    return package_files.modules(__name__)


def cell_class(name: str) -> type[Cell]:
    """The class of the cell called ``name``.

    Raises:
        KeyError: there is no such cell.
    """
    return package_files.only_class(__name__, name, Cell)
