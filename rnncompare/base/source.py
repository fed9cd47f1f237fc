"""A fingerprint of code, which changes only when what the code does may have changed."""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from types import FunctionType, ModuleType
from typing import Any

_OURS = __name__.partition(".")[0]
_WITHOUT_EFFECT = (f"{_OURS}.base.", f"{_OURS}.models.fast.")  # errors, clocks; faster ways to the same result


def source_sha256(*classes: type) -> str | None:
    """SHA-256 of the code of ``classes``, of what they inherit from, and of the functions and constants that they name.

    Names of this package and of the packages of ``classes`` are followed recursively, except into code that decides no
    result. Comments, docstrings, imports, formatting and file names do not count.

    Returns:
        64 hex digits; None if the source of a class is not available, as in an interactive session.
    """
    return _fingerprint(classes)


@functools.cache
def _fingerprint(classes: tuple[type, ...]) -> str | None:
    packages = {_OURS, *(one.__module__.partition(".")[0] for one in classes)}
    texts: set[str] = set()
    seen: set[Any] = set()
    todo: list[Any] = list(classes)
    while todo:
        code = todo.pop()
        if code in seen:
            continue
        seen.add(code)
        try:
            tree = _definition(code)
        except (OSError, TypeError, SyntaxError, LookupError):
            return None
        for name, value in _named(tree, code):
            if _is_followed(value, packages):
                todo.append(inspect.unwrap(value))
            elif is_plain(value):
                texts.add(f"{name} = {text_of(value)}")
        texts.add(ast.unparse(_Stripped().visit(copy.deepcopy(tree))))
    return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()


def _definition(code: Any) -> ast.AST:
    """The definition of a class or function; `LookupError` if no module defines it by its name."""
    node: Any = _parsed(code.__module__)
    for name in code.__qualname__.split("."):
        found = [part for part in getattr(node, "body", []) if getattr(part, "name", None) == name]
        node = found[-1]  # the last definition is the one that counts
    return node


@functools.cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


class _Stripped(ast.NodeTransformer):
    """Code without docstrings and imports."""

    def visit(self, node: Any) -> Any:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        if (
            isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
        self.generic_visit(node)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.body:
            node.body = [ast.Pass()]
        return node


def _named(tree: ast.AST, code: Any) -> Iterator[tuple[str, Any]]:
    """The values of the names in ``tree``, the source of ``code``, as far as its modules know them."""
    scope = {**vars(sys.modules[code.__module__])}
    types = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) for part in ast.walk(node.annotation)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == _OURS:
            scope |= vars(importlib.import_module(node.module))
    for node in ast.walk(tree):
        if id(node) in types:  # the type of a field computes nothing
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in scope:
            yield node.id, scope[node.id]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = scope.get(node.value.id)
            if isinstance(module, ModuleType) and module.__name__.partition(".")[0] == _OURS:
                yield node.attr, getattr(module, node.attr, None)


def _is_followed(value: Any, packages: set[str]) -> bool:
    """Whether it is our code, and code that decides a result."""
    value = inspect.unwrap(value) if callable(value) else value
    if not isinstance(value, type | FunctionType):
        return False
    return value.__module__.partition(".")[0] in packages and not value.__module__.startswith(_WITHOUT_EFFECT)


def is_plain(value: Any) -> bool:
    """Whether it is a constant that its text fully describes."""
    if isinstance(value, tuple | list | set | frozenset):
        return all(map(is_plain, value))
    if isinstance(value, dict):
        return all(map(is_plain, [*value, *value.values()]))
    if is_dataclass(value) and not isinstance(value, type):
        return all(is_plain(getattr(value, item.name)) for item in fields(value))
    return value is None or isinstance(value, bool | int | float | complex | str | bytes)


def text_of(value: Any) -> str:
    """A constant as text, the same for equal ones."""
    return repr(sorted(value, key=repr)) if isinstance(value, set | frozenset) else repr(value)
