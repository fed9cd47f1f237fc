"""Tasks: sequence problems. Each module of this folder is one task; the packages in it are what tasks are made of."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from rnncompare.base import package_files
from rnncompare.tasks.contract import Task

if TYPE_CHECKING:
    from rnncompare.tasks.user.given import from_arrays, from_frame

__all__ = ["from_arrays", "from_frame", "names", "task_class"]


def names() -> list[str]:
    """The names of all tasks."""
    return package_files.modules(__name__)


def task_class(name: str) -> type[Task]:
    """The class of the task called ``name``.

    Raises:
        KeyError: there is no such task.
    """
    return package_files.only_class(__name__, name, Task)


def __getattr__(name: str) -> Any:
    """`from_arrays` and `from_frame`, loaded when first used."""
    if name not in ("from_arrays", "from_frame"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("rnncompare.tasks.user.given"), name)
