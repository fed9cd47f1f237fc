"""One comparison on one task, as the page shows it: numbers that link to runs, and figures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from rnncompare.base.wording import counted
from rnncompare.claims.finding import Finding, TaskFinding
from rnncompare.claims.scale import Scale
from rnncompare.report.figures import lines
from rnncompare.report.figures.canvas import slug
from rnncompare.report.pages import phrases
from rnncompare.report.pages.overview import place
from rnncompare.report.pages.phrases import TaskName
from rnncompare.report.pages.render import Drawn, Plotter
from rnncompare.statistics import Interval

RunAnchors = Mapping[tuple[str, str, str], str]  # of an arm, a task and a value


@dataclass
class TaskView:
    """A comparison on a task, ready to be shown; ``runs`` are the anchors of each arm's runs."""

    finding: TaskFinding
    anchor: str
    said: str
    verdict: str
    runs: tuple[str, str]
    conditions: list[dict[str, str]]
    charts: list[Drawn]


@dataclass(frozen=True)
class Known:
    """What a task's view needs in addition to the finding.

    Attributes:
        name: of the task.
        scale: of the task; None for the shape of a measurement.
        runs: of the claim.
        anchors: of groups of runs.
        plotter: draws the figures.
    """

    name: TaskName
    scale: Scale | None
    runs: pd.DataFrame
    anchors: RunAnchors
    plotter: Plotter


def task_view(finding: Finding, task: TaskFinding, anchor: str, known: Known) -> TaskView:
    """The view of ``task``, whose anchor begins with the finding's."""
    own = f"{anchor}-{slug(task.task)}"
    return TaskView(
        finding=task,
        anchor=own,
        said=phrases.on_claim(task),
        verdict=phrases.on_task(finding, task),
        runs=(_any(known.anchors, finding.first, task.task), _any(known.anchors, finding.second, task.task)),
        conditions=list(_conditions(finding, task, known.anchors)),
        charts=list(_charts(finding, task, own, known)),
    )


def _any(anchors: RunAnchors, arm: str, task: str) -> str:
    """The first group of an arm's runs on a task; empty if there is none."""
    return next((anchor for (own, of, _), anchor in anchors.items() if (own, of) == (arm, task)), "")


def _conditions(finding: Finding, task: TaskFinding, anchors: RunAnchors) -> Iterator[dict[str, str]]:
    """Each value of the task's axis on its own."""
    if task.conditions is None:
        return
    for row in task.conditions.to_dict("records"):
        value = str(row["value"])
        shown = {"value": value, "effect": phrases.interval(Interval(row["effect"], row["low"], row["high"], 2))}
        for side, arm in (("first", finding.first), ("second", finding.second)):
            shown[side] = phrases.figure(row[side])
            shown[f"{side}_runs"] = anchors.get((arm, task.task, value), "") or _any(anchors, arm, task.task)
            shown[f"{side}_cut"] = phrases.percent(row[f"cut_{side}"])
            shown[f"{side}_rates"] = _rates(task, arm, value)
        yield shown


def _rates(task: TaskFinding, arm: str, value: str) -> str:
    """The learning rates chosen, with the share of splits that chose each."""
    if task.rates is None:
        return "–"
    mine = task.rates[(task.rates["arm"] == arm) & (task.rates["value"].map(str) == value) & (task.rates["chosen"] > 0)]
    known = mine[mine["rate"].notna()]
    parts = [
        f"{phrases.figure(rate)} ({phrases.percent(chosen)}{', at the end of the grid' if edge else ''})"
        for rate, chosen, edge in known[["rate", "chosen", "edge"]].itertuples(index=False)
    ]
    return ", ".join(parts) or "–"


def _charts(finding: Finding, task: TaskFinding, name: str, known: Known) -> Iterator[Drawn]:
    """The figures of a task that was compared."""
    if task.rates is not None and task.rates["rate"].nunique() > 1:
        yield _rate_response(task, f"{name}-rates", known.plotter)
    if task.trials is not None and len(task.trials):
        yield _trials(task, f"{name}-trials", known.plotter)
    for unit, course in task.courses.items():
        if len(course) > 1:
            yield _course(finding, task, course.rename(columns={"spent": "x"}), unit, f"{name}-{unit.lower()}", known)
    if task.pairs is not None and len(task.pairs):
        yield from _over_axis(finding, task, task.pairs, f"{name}-axis", known)
        yield _pairs(finding, task.pairs, f"{name}-pairs", known.plotter)


def _rate_response(task: TaskFinding, name: str, plotter: Plotter) -> Drawn:
    assert task.rates is not None
    last = task.rates["value"].iloc[-1]
    mine = task.rates[task.rates["value"] == last]
    rows = mine.rename(columns={"arm": "name", "rate": "x", "score": "mean"}).assign(low=math.nan, high=math.nan)
    most = rows.loc[rows.groupby("name")["chosen"].idxmax()]
    chosen: dict[str, float] = dict(zip(most["name"], most["x"], strict=True))
    figure = lines.rate_response(rows, f"score ({task.unit})\nhigher is better", chosen)
    at = f" at the last value, {last}" if task.rates["value"].nunique() > 1 else ""
    description = f"mean score at each learning rate{at}; ringed: the one that most splits of the seeds choose"
    return plotter.draw(figure, "Response to the learning rate", description, name, folded=True, saved=False)


def _trials(task: TaskFinding, name: str, plotter: Plotter) -> Drawn:
    assert task.trials is not None
    last = task.trials["value"].iloc[-1]
    rows = task.trials[task.trials["value"] == last].rename(columns={"arm": "name", "trials": "x", "score": "mean"})
    figure = lines.curves_with_band(
        rows.assign(low=math.nan, high=math.nan),
        "trials",
        f"expected score ({task.unit})\nhigher is better",
        log_x=True,
    )
    description = (
        "expected score of the best by validation of so many trials, each a seed and one of the learning rates"
    )
    return plotter.draw(figure, "What tuning is worth", description, name, folded=True, saved=False)


def _course(finding: Finding, task: TaskFinding, rows: pd.DataFrame, x: str, name: str, known: Known) -> Drawn:
    rows = rows.rename(columns={"effect": "mean"})
    same = known.scale is not None and task.unit == known.scale.metric_unit
    unit = known.scale.metric_unit if known.scale else task.unit
    figure = lines.difference_over_training(rows, unit, task.margin if same else None, x)
    description = (
        f"the difference on validation data had training ended there, above zero {finding.first} is better; dashed: "
        "95 % interval at one budget named beforehand; band: over all of them"
    )
    return known.plotter.draw(figure, f"Difference over {x}", description, name, folded=True, saved=False)


def _over_axis(finding: Finding, task: TaskFinding, pairs: pd.DataFrame, name: str, known: Known) -> Iterator[Drawn]:
    """The scores over the task's axis, if it has several values."""
    mine = known.runs[known.runs["task"] == task.task] if len(known.runs) else known.runs
    at = {
        str(value): place(known.name.axis, value, mine[mine["value"].map(str) == str(value)] if len(mine) else mine)
        for value in pairs["value"].unique()
    }
    parts = [
        pd.DataFrame({"name": arm, "x": pairs["value"].map(str).map(at), "y": pairs[side]})
        for side, arm in (("first", finding.first), ("second", finding.second))
    ]
    dots = pd.concat(parts, ignore_index=True).dropna()
    if dots["x"].nunique() < 2:
        return
    means = dots.groupby(["name", "x"], sort=False)["y"].mean().rename("mean").reset_index()
    figure = lines.curves_with_band(
        means.assign(low=math.nan, high=math.nan),
        known.name.axis,
        f"score ({task.unit})\nhigher is better",
        dots,
        banded=False,
        log_x=True,
    )
    description = f"mean scores over {known.name.axis}; dots are single seeds at rates chosen without them"
    yield known.plotter.draw(figure, f"Scores over {known.name.axis}", description, name, folded=True, saved=False)


def _pairs(finding: Finding, pairs: pd.DataFrame, name: str, plotter: Plotter) -> Drawn:
    better = int((pairs["difference"] > 0).sum())
    description = (
        f"{counted(len(pairs), 'pair')} of scores with the same seed; {finding.first} does better in {better} "
        "of them, the dots under the dashed line"
    )
    figure = lines.pairs(pairs, f"score of {finding.first}", f"score of {finding.second}")
    return plotter.draw(figure, "Every pair", description, name, folded=True, saved=False)
