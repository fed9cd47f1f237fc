"""Lines of each cell, and lines to change to add a gate, counted as ``docs/easier_to_modify.md`` says."""

from __future__ import annotations

from rnncompare.claims.exact_checks import Check
from rnncompare.models import cells
from rnncompare.models.code_size import changed_lines, code_lines, step_lines


def checks() -> list[Check]:
    """For each cell the lines of the class, of its step, and those that one more gate, fed by the input, changes."""
    return [check for name in ("lstm", "gru", "rnn") for check in _size(name)] + [
        check for name in ("lstm", "gru") for check in _extra_gate(name)
    ]


def _size(name: str) -> list[Check]:
    kind = cells.cell_class(name)
    return [
        _counted(f"{name}: lines of the whole cell", len(code_lines(kind))),
        _counted(f"{name}: lines of its step", len(step_lines(kind))),
    ]


def _extra_gate(name: str) -> list[Check]:
    added, removed = changed_lines(cells.cell_class(name), cells.cell_class(f"{name}_extra_gate"))
    return [
        _counted(f"{name}: lines added for one more gate, fed by an additional input", added),
        _counted(f"{name}: lines removed for it", removed),
    ]


def _counted(statement: str, lines: int) -> Check:
    return Check(statement, expected="", found=str(lines), value=lines)
