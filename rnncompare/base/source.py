"""A fingerprint of code, which changes only when what the code does may have changed."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

_OURS = __name__.partition(".")[0]
_DEFINITIONS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_WITHOUT_EFFECT = (f"{_OURS}.base.", f"{_OURS}.models.fast.")  # errors, clocks; faster ways to the same result


def source_sha256(*classes: type) -> str | None:
    """SHA-256 of the code of ``classes``, of what they inherit from, and of the functions and constants that they name.

    Names of this package and of the packages of ``classes`` are followed recursively, except into code that decides no
    result. Comments, docstrings, imports, formatting and file names do not count.

    Returns:
        64 hex digits; None if the source of a class is not available, as in an interactive session.
    """
    foreign = {one.__module__.partition(".")[0] for one in classes} - {_OURS, "__main__"}
    return _fingerprint(classes, stamp_of(*(name for name in sys.modules if name.partition(".")[0] in foreign)))


def stamp_of(*modules: str) -> tuple[tuple[str, int], ...]:
    """The files of modules that are loaded, with the time of their last change."""
    files = {getattr(sys.modules.get(name), "__file__", None) for name in modules}
    return tuple((file, os.stat(file).st_mtime_ns) for file in sorted(filter(None, files)) if os.path.exists(file))


def package_stamp() -> int:
    """Changes when a file of this package does, whether it is loaded or not."""
    folder = Path(__file__).parents[1]
    return hash(tuple((path, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*.py"))))


@functools.cache
def _fingerprint(classes: tuple[type, ...], stamp: tuple[tuple[str, int], ...]) -> str | None:  # noqa: ARG001 (a key)
    packages = {_OURS, *(one.__module__.partition(".")[0] for one in classes)}
    sources = _Sources()
    texts: set[str] = set()
    seen: set[Any] = set()
    todo: list[Any] = list(classes)
    while todo:
        code = todo.pop()
        if code in seen:
            continue
        seen.add(code)
        try:
            tree = _definition(code, _parsed(sources[code.__module__]))
            texts.add(_stripped(code, sources[code.__module__]))
        except (OSError, TypeError, SyntaxError, LookupError):
            return None
        for name, value in _named(tree, code):
            for part in _parts(value):
                if _is_followed(part, packages):
                    todo.append(inspect.unwrap(part))
                elif (text := constant_text(part)) is not None:
                    texts.add(f"{name} = {text}")
    return hashlib.sha256("\0".join(sorted(texts)).encode()).hexdigest()


_AS_LOADED: dict[str, str] = {}


def remember_loaded() -> None:
    """Read the sources of our modules as they are loaded; an edit of their files changes nothing about them."""
    for name in [name for name in sys.modules if name.partition(".")[0] == _OURS and name not in _AS_LOADED]:
        with contextlib.suppress(OSError, TypeError):  # without a file
            _AS_LOADED[name] = inspect.getsource(sys.modules[name])


class _Sources(dict[str, str]):
    """The sources of modules by name, each read once."""

    def __missing__(self, module: str) -> str:
        self[module] = _AS_LOADED.get(module) or inspect.getsource(sys.modules[module])
        return self[module]


@functools.cache
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _definition(code: Any, tree: ast.Module) -> ast.AST:
    """The definition of a class or function; `LookupError` if its module does not have one outside of functions."""
    node: Any = tree
    for name in code.__qualname__.split("."):
        found = [part for part in getattr(node, "body", []) if getattr(part, "name", None) == name]
        found = found or _nested(code, tree)
        node = found[-1]  # the last definition is the one that counts
    return node


def _nested(code: Any, tree: ast.Module) -> list[ast.AST]:
    """The definitions of a name that its module does not have at the top, as under a condition, and of a lambda."""
    if "." in code.__qualname__:
        return []
    line = getattr(getattr(code, "__code__", None), "co_firstlineno", None)
    named: list[ast.AST] = []
    lambdas: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, _DEFINITIONS) and node.name == code.__qualname__:
            named.append(node)
        elif isinstance(node, ast.Lambda) and node.lineno == line:
            lambdas.append(node)
    return [*named, *([ast.Tuple(lambdas, ast.Load())] if lambdas else [])]


@functools.cache
def _stripped(code: Any, text: str) -> str:
    """The text of a class or function of a module, without what computes nothing."""
    tree, done = _parsed_to_strip(text)
    return ast.unparse(_Stripped(done).visit(_definition(code, tree)))


@functools.cache
def _parsed_to_strip(text: str) -> tuple[ast.Module, set[ast.AST]]:
    """A tree of its own, since copying parts of the other takes far longer, and what of it is stripped already."""
    return ast.parse(text), set()


class _Stripped(ast.NodeTransformer):
    """Code without docstrings and imports; what has been visited stays as it is."""

    def __init__(self, done: set[ast.AST]):
        self._done = done

    def visit(self, node: Any) -> Any:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        if not isinstance(node, _DEFINITIONS):
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


def _parts(value: Any) -> Iterator[Any]:
    """A value, or what it holds if it is a collection with functions or classes in it, or a call of one in part."""
    if isinstance(value, functools.partial):
        yield from _parts([value.func, *value.args, value.keywords])
    elif isinstance(value, tuple | list | set | frozenset | dict) and not is_plain(value):
        for part in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from _parts(part)
    else:
        yield value


def constant_text(value: Any) -> str | None:
    """A constant as text: plain, an array, a tensor or a scripted function; None for what it cannot describe."""
    if is_plain(value):
        return text_of(value)
    if isinstance(value, type):
        return None
    if hasattr(value, "tolist") and hasattr(value, "dtype") and str(value.dtype) != "object":
        with contextlib.suppress(RuntimeError):  # of a tensor without values
            return f"{value.dtype} {tuple(value.shape)} {value.tolist()!r}"
    return value.code if type(value).__name__ == "ScriptFunction" else None


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
