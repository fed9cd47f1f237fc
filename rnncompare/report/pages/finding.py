"""The charts of one finding: its effects, its pairs, and scores over what is varied."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rnncompare.claims.judge import Finding
from rnncompare.report.pages import chart
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.chart import Bar, Line
from rnncompare.report.pages.conditions import axis_name, axis_of, in_order, place, rows, title_of
from rnncompare.report.pages.marks import Chart
from rnncompare.report.pages.theme import looks, verdict_look
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study


def charts(study: Study, finding: Finding) -> Iterator[Chart]:
    """The charts of a finding that rests on pairs of runs; none of another."""
    if finding.conditions is None or finding.pairs is None or not len(finding.conditions):
        return
    yield _effects(study, finding)
    yield _pairs(finding)
    yield from _curves(study, finding)


def _effects(study: Study, finding: Finding) -> Chart:
    role, shape, verdict = verdict_look(finding.verdict)
    bars = []
    if finding.decision is not None:
        seen = finding.decision.effect
        bars.append(Bar("all that count", seen.mean, seen.low, seen.high, role, shape, verdict))
    for row in in_order(study, finding):
        seen = row["effect"]
        label = f"{title_of(study, row['task'])} {row['value']}".strip()
        note = "" if row["counts"] else "does not count"
        bars.append(Bar(label, seen.mean, seen.low, seen.high, "ink" if row["counts"] else "muted", "circle", note))
    band = f"the shaded band is the margin of {words.figure(finding.margin)}" if finding.margin else "the margin is 0"
    description = (
        f"mean difference of {finding.first} and {finding.second} with its 95 % interval in each condition; to the "
        f"right of zero speaks for the claim; {band}"
    )
    return chart.intervals("Effect by condition", description, bars, finding.margin, finding.unit)


def _pairs(finding: Finding) -> Chart:
    pairs = finding.pairs
    assert pairs is not None
    points = list(zip(pairs["first"], pairs["second"], strict=True))
    better = int((pairs["difference"] > 0).sum())
    description = (
        f"{len(pairs)} pairs of runs with the same seed; {finding.first} does better in {better} of them, "
        "the dots under the dashed line"
    )
    names = f"score of {finding.first}", f"score of {finding.second}"
    return chart.scatter("Every pair", description, points, "violet", *names)


def _curves(study: Study, finding: Finding) -> Iterator[Chart]:
    """The scores over what is varied, for each task where it takes several values."""
    assert finding.conditions is not None
    assert finding.pairs is not None
    arms = looks([finding.claim.arms or (finding.first, finding.second)])
    runs = study.evidence[finding.claim.name].runs
    for task, conditions in finding.conditions.groupby("task", sort=False):
        axis = axis_of(study, str(task))
        places = {value: place(axis, str(task), value, runs) for value in conditions["value"]}
        if len({at for at in places.values() if math.isfinite(at)}) < 2:
            continue
        lines = []
        for side, arm in (("first", finding.first), ("second", finding.second)):
            role, shape = arms.get(arm, ("slate", "circle"))
            means = sorted(
                ((places[row["value"]], row[side]) for row in rows(conditions) if math.isfinite(places[row["value"]])),
                key=lambda pair: pair[0],
            )
            mine = finding.pairs[finding.pairs["task"] == task]
            dots = list(zip(mine["value"].map(places), mine[side], strict=True))
            lines.append(_line(arm, role, shape, means, dots))
        name = title_of(study, str(task))
        description = f"mean scores with 95 % intervals over {axis_name(axis)}; dots are single runs"
        yield chart.curves(name, description, lines, axis_name(axis), "score (higher is better)")


def _line(
    arm: str, role: str, shape: str, means: list[tuple[float, Interval]], dots: list[tuple[float, float]]
) -> Line:
    x, seen = [at for at, _ in means], [estimate for _, estimate in means]
    return Line(arm, role, shape, x, [s.mean for s in seen], [s.low for s in seen], [s.high for s in seen], dots)
