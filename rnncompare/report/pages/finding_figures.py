"""The figures of one finding: its effects, its pairs, and scores over what is varied; and what tasks are called."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncompare.claims.judge import Finding
from rnncompare.report.figures import effects, lines
from rnncompare.report.figures.canvas import slug
from rnncompare.report.pages import phrases
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SIZES = ("data.size", "data.train_examples")


@dataclass
class Drawn:
    """A figure of the page.

    Attributes:
        title: over it.
        description: what it shows.
        figure: to be drawn.
        file: its name, unique in the page.
        svg: the element, once it is drawn.
    """

    title: str
    description: str
    figure: Figure
    file: str
    svg: str = ""


def axis_name(axis: str) -> str:
    """What is varied, in words."""
    return "training examples" if axis in SIZES else axis.rpartition(".")[2].replace("_", " ")


def title_of(study: Study, task: str) -> str:
    """What a reader calls a task."""
    return str(study.book.tasks.get(task, {}).get("title") or task)


def axis_of(study: Study, task: str) -> str:
    """The setting that a task varies; empty where it varies none."""
    return str(study.book.tasks.get(task, {}).get("axis", ""))


def in_order(study: Study, finding: Finding) -> list[dict[str, Any]]:
    """The conditions of a finding, task by task, by rising value, each with its ``place`` on the task's axis."""
    if finding.conditions is None:
        return []
    runs = study.evidence[finding.claim.name].runs
    rows: list[dict[str, Any]] = [{str(k): v for k, v in row.items()} for row in finding.conditions.to_dict("records")]
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    for row in rows:
        row["place"] = _place(axis_of(study, row["task"]), row["task"], row["value"], runs)
    return sorted(
        rows, key=lambda row: (tasks.index(row["task"]), row["place"] if row["place"] == row["place"] else 0.0)
    )


def _place(axis: str, task: str, value: Any, runs: pd.DataFrame) -> float:
    """A condition's place on its axis: the number of examples where sizes have names."""
    try:
        return float(value)
    except (TypeError, ValueError):
        if axis not in SIZES or not len(runs):
            return math.nan
        mine = runs[(runs["task"] == task) & (runs["value"].map(str) == str(value))]
        return float(mine["data.train_examples"].median()) if len(mine) else math.nan


def figures_of(study: Study, finding: Finding, file: str) -> Iterator[Drawn]:
    """The figures of a finding that rests on pairs of runs; none of another. Their files' names begin with ``file``."""
    conditions = in_order(study, finding)
    if finding.pairs is None or not conditions:
        return
    yield _effects(study, finding, conditions, f"{file}-effects")
    yield _pairs(finding, finding.pairs, f"{file}-pairs")
    for number, task in enumerate(dict.fromkeys(row["task"] for row in conditions)):
        mine = [row for row in conditions if row["task"] == task and math.isfinite(row["place"])]
        if len({row["place"] for row in mine}) > 1:
            yield _over_axis(study, finding, mine, f"{file}-{slug(task, number)}")


def _effects(study: Study, finding: Finding, conditions: list[dict[str, Any]], file: str) -> Drawn:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    if finding.decision is not None:
        seen = finding.decision.effect
        whole = {"label": "all that count", "verdict": finding.verdict}
        rows.append({**whole, "mean": seen.mean, "low": seen.low, "high": seen.high})
    for row in conditions:
        seen, label = row["effect"], f"{title_of(study, row['task'])} {row['value']}".strip()
        aside = {} if row["counts"] else {"note": "does not count", "faint": True}
        rows.append({"label": label, "mean": seen.mean, "low": seen.low, "high": seen.high, **aside})
    band = f"the shaded band is the margin of {phrases.figure(finding.margin)}" if finding.margin else "the margin is 0"
    description = (
        f"mean difference of {finding.first} and {finding.second} with its 95 % interval in each condition; to the "
        f"right of zero speaks for the claim; {band}"
    )
    figure = effects.intervals(pd.DataFrame(rows), finding.unit, finding.margin)
    return Drawn("Effect by condition", description, figure, file)


def _pairs(finding: Finding, pairs: pd.DataFrame, file: str) -> Drawn:
    better = int((pairs["difference"] > 0).sum())
    description = (
        f"{phrases.counted(len(pairs), 'pair')} of runs with the same seed; {finding.first} does better in {better} of "
        "them, the dots under the dashed line"
    )
    figure = lines.pairs(pairs, f"score of {finding.first}", f"score of {finding.second}")
    return Drawn("Every pair", description, figure, file)


def _over_axis(study: Study, finding: Finding, conditions: list[dict[str, Any]], file: str) -> Drawn:
    """The scores over what is varied."""
    import pandas as pd

    assert finding.pairs is not None
    task = conditions[0]["task"]
    axis = axis_name(axis_of(study, task))
    places = {row["value"]: row["place"] for row in conditions}
    of_task = finding.pairs[finding.pairs["task"] == task]
    sides = (("first", finding.first), ("second", finding.second))
    means = pd.DataFrame(
        [
            {"name": arm, "x": row["place"], "mean": row[side].mean, "low": row[side].low, "high": row[side].high}
            for side, arm in sides
            for row in conditions
        ]
    )
    dots = [pd.DataFrame({"name": arm, "x": of_task["value"].map(places), "y": of_task[side]}) for side, arm in sides]
    figure = lines.curves_with_band(means, axis, "score\nhigher is better", pd.concat(dots), banded=False, log_x=True)
    description = f"mean scores with 95 % intervals over {axis}; dots are single runs"
    return Drawn(title_of(study, task), description, figure, file)
