"""A fingerprint of code, which changes only when what the code does may have changed."""

from __future__ import annotations

import ast
import contextlib
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
            tree = _definition(code, _parsed(code.__module__))
        except (OSError, TypeError, SyntaxError, LookupError):
            return None
        for name, value in _named(tree, code):
            if _is_followed(value, packages):
                todo.append(inspect.unwrap(value))
            elif is_plain(value):
                texts.add(f"{name} = {text_of(value)}")
        texts.add(_stripped(code))
    return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()


def remember_loaded() -> None:
    """Read the sources of our modules as they are loaded; an edit of their files changes nothing about them."""
    for name in [name for name in sys.modules if name.partition(".")[0] == _OURS]:
        with contextlib.suppress(OSError, TypeError):  # without a file
            _text(name)


@functools.cache
def _text(module: str) -> str:
    return inspect.getsource(sys.modules[module])


@functools.cache
def _parsed(module: str) -> ast.Module:
    return ast.parse(_text(module))


def _definition(code: Any, tree: ast.Module) -> ast.AST:
    """The definition of a class or function; `LookupError` if its module does not define it by its name."""
    node: Any = tree
    for name in code.__qualname__.split("."):
        found = [part for part in getattr(node, "body", []) if getattr(part, "name", None) == name]
        node = found[-1]  # the last definition is the one that counts
    return node


@functools.cache
def _stripped(code: Any) -> str:
    """The text of a class or function, without what computes nothing."""
    tree, done = _parsed_to_strip(code.__module__)
    return ast.unparse(_Stripped(done).visit(_definition(code, tree)))


@functools.cache
def _parsed_to_strip(module: str) -> tuple[ast.Module, set[ast.AST]]:
    """A tree of its own, since copying parts of the other takes far longer, and what of it is stripped already."""
    return ast.parse(_text(module)), set()


class _Stripped(ast.NodeTransformer):
    """Code without docstrings and imports; what has been visited stays as it is."""

    def __init__(self, done: set[ast.AST]):
        self._done = done

    def visit(self, node: Any) -> Any:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            return self.generic_visit(node)
        if node not in self._done:
            self._done.add(node)
            node.body = node.body[ast.get_docstring(node) is not None :]
            self.generic_visit(node)
            node.body = node.body or [ast.Pass()]
        return node


def _named(tree: ast.AST, code: Any) -> Iterator[tuple[str, Any]]:
    """The values of the names in ``tree``, the source of ``code``, as far as its modules know them."""
    scope = {**vars(sys.modules[code.__module__])}
    nodes = list(ast.walk(tree))
    types: set[int] = set()
    for node in nodes:
        if isinstance(node, ast.AnnAssign):
            types |= {id(part) for part in ast.walk(node.annotation)}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == _OURS:
            scope |= vars(importlib.import_module(node.module))
    for node in nodes:
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
