"""Tasks: sequence problems. Each module of this folder is one task; the packages in it are what tasks are made of."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from rnncompare.tasks.contract import Task


def names() -> list[str]:
    """The names of all tasks."""
    return [module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg]


def task_class(name: str) -> type[Task]:
    """The class of the task called ``name``.

    Raises:
        KeyError: there is no such task.
    """
    if name not in names():
        raise KeyError(name)
    module = importlib.import_module(f"{__name__}.{name}")
    (own,) = (
        member
        for _, member in inspect.getmembers(module, inspect.isclass)
        if issubclass(member, Task) and member.__module__ == module.__name__
    )
    return own
