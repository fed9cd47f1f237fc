"""How many lines a cell is, and how many change from one cell to another: what "easier to modify" comes to."""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import textwrap

from rnncompare.models.cell import Cell


def code_lines(kind: type[Cell]) -> list[str]:
    """The statements of a cell, inherited ones included, one a line; without docstrings, comments and annotations.

    A statement counts once however it is wrapped, and so does each head of a function or condition.
    """
    members: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if issubclass(base, Cell) and base is not Cell:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
            assert isinstance(body, ast.ClassDef)
            members |= {_name(node): _plain(node) for node in body.body if not _is_docstring(node)}
    return [line for text in members.values() for line in text.splitlines()]


def step_lines(kind: type[Cell]) -> list[str]:
    """Of `code_lines` those of the cell's step, its head included."""
    lines = code_lines(kind)
    start = lines.index("def step(self, x, state, w):")
    body = itertools.takewhile(lambda line: line.startswith("    "), lines[start + 1 :])
    return [lines[start], *body]


def changed_lines(base: type[Cell], variant: type[Cell]) -> tuple[int, int]:
    """The lines to add and the lines to remove that turn ``base`` into ``variant``; a changed line is one of each."""
    signs = [line[0] for line in difflib.ndiff(code_lines(base), code_lines(variant))]
    return signs.count("+"), signs.count("-")


def _name(node: ast.stmt) -> str:
    """What a member of a class is called."""
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
