"""Tasks and conditions of a study: what a reader calls them, and in which order they come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rnncompare.claims.judge import Finding
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

SIZES = ("data.size", "data.train_examples")


def axis_name(axis: str) -> str:
    """What is varied, in words."""
    return "training examples" if axis in SIZES else axis.rpartition(".")[2].replace("_", " ")


def title_of(study: Study, task: str) -> str:
    """What a reader calls a task."""
    return str(study.book.tasks.get(task, {}).get("title") or task)


def axis_of(study: Study, task: str) -> str:
    """The setting that a task varies; empty where it varies none."""
    return str(study.book.tasks.get(task, {}).get("axis", ""))


def condition(study: Study, task: str, value: str) -> str:
    """A value with what it is a value of."""
    return f"{axis_name(axis_of(study, task))} {value}".strip()


def rows(frame: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The rows of a table that may be absent."""
    return (
        [] if frame is None else [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    )


def in_order(study: Study, finding: Finding) -> list[dict[str, Any]]:
    """The conditions of a finding, task by task, by rising value."""
    runs = study.evidence[finding.claim.name].runs
    found = rows(finding.conditions)
    tasks = list(dict.fromkeys(row["task"] for row in found))
    for row in found:
        row["place"] = place(axis_of(study, row["task"]), row["task"], row["value"], runs)
    return sorted(
        found, key=lambda row: (tasks.index(row["task"]), row["place"] if row["place"] == row["place"] else 0.0)
    )


def place(axis: str, task: str, value: Any, runs: pd.DataFrame) -> float:
    """A condition's place on its axis: the number of examples where sizes have names."""
    try:
        return float(value)
    except (TypeError, ValueError):
        if axis not in SIZES or not len(runs):
            return math.nan
        mine = runs[(runs["task"] == task) & (runs["value"].map(str) == str(value))]
        return float(mine["data.train_examples"].median()) if len(mine) else math.nan
