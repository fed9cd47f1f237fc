"""The lines of a cell and the lines that change between two cells: a measure of "easier to modify"."""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import textwrap

from rnncompare.models.cell import Cell


def code_lines(kind: type[Cell]) -> list[str]:
    """The statements of a cell, one per line, including inherited ones; without docstrings, comments and annotations.

    A statement counts once however it is wrapped, as does the head of each function or condition.
    """
    members: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Cell) and base is not Cell:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            assert isinstance(body, ast.ClassDef)
            members |= {_name(node): _plain(node) for node in body.body if not _is_docstring(node)}
    return [line for text in members.values() for line in text.splitlines()]


def step_lines(kind: type[Cell]) -> list[str]:
    """The part of `code_lines` that is the cell's step, including its head."""
    lines = code_lines(kind)
    start = lines.index("def step(self, x, state, w):")
    body = itertools.takewhile(lambda line: line.startswith("    "), lines[start + 1 :])
    return [lines[start], *body]


def changed_lines(base: type[Cell], variant: type[Cell]) -> tuple[int, int]:
    """The numbers of lines to add and to remove to turn ``base`` into ``variant``; a changed line counts as both."""
    signs = [line[0] for line in difflib.ndiff(code_lines(base), code_lines(variant))]
    return signs.count("+"), signs.count("-")


def _name(node: ast.stmt) -> str:
    """The name of a class member."""
    if isinstance(node, ast.FunctionDef):
        return node.name
    return _plain(node).split(" = ")[0]


def _plain(node: ast.stmt) -> str:
    """The text of a member without docstrings and annotations."""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.target) + (f" = {ast.unparse(node.value)}" if node.value else "")
    if isinstance(node, ast.FunctionDef):
        node.returns = None
        for argument in node.args.args:
            argument.annotation = None
        node.body = [statement for statement in node.body if not _is_docstring(statement)]
    return ast.unparse(node)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
