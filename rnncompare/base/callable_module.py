"""Command modules that can be called: ``python -m rnncompare.run`` works, and so does ``rnncompare.run(...)``.

Importing a submodule binds it to its name in the package, replacing whatever had that name. So a command's Python
function cannot have the name of its module: the module itself is made callable.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module of the package that, when called, calls the function of its name in `rnncompare.api`."""

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        """Call the function; `rnncompare.api` says what it takes."""
        function = getattr(importlib.import_module("rnncompare.api"), self.__name__.rpartition(".")[2])
        return function(*arguments, **settings)


def make_callable(name: str) -> None:
    """Make the module called ``name`` callable; one that is run with ``python -m`` is left unchanged."""
    if name != "__main__":
        sys.modules[name].__class__ = CallableModule
