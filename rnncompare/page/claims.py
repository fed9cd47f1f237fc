"""What the page shows of each claim: its findings, charts and tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rnncompare.claims.claim import Claim
from rnncompare.claims.judge import Finding
from rnncompare.page import chart, words
from rnncompare.page.chart import Bar, Line
from rnncompare.page.links import Links, RunLink
from rnncompare.page.marks import Chart
from rnncompare.page.theme import looks, verdict_look
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study
from rnncompare.style import printable, slug

if TYPE_CHECKING:
    import pandas as pd

SIZES = ("data.size", "data.train_examples")


@dataclass
class FindingView:
    """A finding, ready to be shown."""

    finding: Finding
    title: str
    charts: list[Chart]
    conditions: list[dict[str, str]]
    file: str


@dataclass
class ClaimView:
    """A claim with all that there is on it."""

    claim: Claim
    anchor: str
    findings: list[FindingView]
    axes: list[str]
    trained: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    runs: list[tuple[str, list[RunLink]]] = field(default_factory=list)
    probes: int = 0


def views(study: Study, links: Links) -> list[ClaimView]:
    """Every claim of the study, in its order."""
    return [
        _view(study, claim, [found for found in study.findings if found.claim.name == claim.name], number, links)
        for number, claim in enumerate(study.book.claims)
    ]


def _view(study: Study, claim: Claim, findings: Sequence[Finding], number: int, links: Links) -> ClaimView:
    evidence = study.evidence[claim.name]
    runs = evidence.runs
    tasks = {name: study.book.tasks[name] for name in claim.tasks if name in study.book.tasks}
    return ClaimView(
        claim=claim,
        anchor=f"claim-{number}",
        findings=[_finding_view(study, found, f"{number}-{place}") for place, found in enumerate(findings)],
        axes=[f"{task.get('title', name)}: {axis_name(task.get('axis', ''))}" for name, task in tasks.items()],
        trained=list(_trained(study, claim)),
        lost=list(_lost(runs, links)),
        runs=list(_run_lists(study, runs, links)),
        probes=len(evidence.probes),
    )


def axis_name(axis: str) -> str:
    """What is varied, in words."""
    return "training examples" if axis in SIZES else axis.rpartition(".")[2].replace("_", " ")


def title_of(study: Study, task: str) -> str:
    """What a reader calls a task."""
    return str(study.book.tasks.get(task, {}).get("title") or task)


def _finding_view(study: Study, finding: Finding, number: str) -> FindingView:
    title = words.comparison(finding)
    conditions = [_condition_row(study, row) for row in in_order(study, finding)]
    name = slug(f"{finding.claim.name} {finding.measure} {finding.first} {finding.second}", 0)
    file = f"claim-{number}-{name}"[:100]
    return FindingView(finding, title, list(_charts(study, finding)), conditions, file)


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
        axis = str(study.book.tasks.get(row["task"], {}).get("axis", ""))
        row["place"] = _place(axis, row["task"], row["value"], runs)
    return sorted(
        found, key=lambda row: (tasks.index(row["task"]), row["place"] if row["place"] == row["place"] else 0.0)
    )


def _condition_row(study: Study, row: dict[str, Any]) -> dict[str, str]:
    return {
        "task": title_of(study, row["task"]),
        "value": str(row["value"]),
        "first": words.interval(row["first"], sign=False),
        "second": words.interval(row["second"], sign=False),
        "effect": words.interval(row["effect"]),
        "pairs": str(row["pairs"]),
        "counts": "yes" if row["counts"] else "no" if row["reached"] >= 1 else f"no: {row['reached']:.0%} reached it",
    }


def _charts(study: Study, finding: Finding) -> Iterator[Chart]:
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
    description = (
        f"mean difference of {finding.first} and {finding.second} with its 95 % interval in each condition; to the "
        f"right of zero speaks for the claim; the shaded band is the margin of {words.figure(finding.margin)}"
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
    arms = looks(finding.claim.arms or (finding.first, finding.second))
    runs = study.evidence[finding.claim.name].runs
    for task, conditions in finding.conditions.groupby("task", sort=False):
        axis = str(study.book.tasks.get(str(task), {}).get("axis", ""))
        places = {value: _place(axis, str(task), value, runs) for value in conditions["value"]}
        known = sorted({place for place in places.values() if math.isfinite(place)})
        if len(known) < 2:
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
    x, seen = [place for place, _ in means], [estimate for _, estimate in means]
    return Line(arm, role, shape, x, [s.mean for s in seen], [s.low for s in seen], [s.high for s in seen], dots)


def _place(axis: str, task: str, value: Any, runs: pd.DataFrame) -> float:
    """A condition's place on its axis: the number of examples where sizes have names."""
    try:
        return float(value)
    except (TypeError, ValueError):
        if axis not in SIZES or not len(runs):
            return math.nan
        mine = runs[(runs["task"] == task) & (runs["value"].map(str) == str(value))]
        return float(mine["data.train_examples"].median()) if len(mine) else math.nan


def _trained(study: Study, claim: Claim) -> Iterator[dict[str, Any]]:
    """What was trained for each arm in each condition, and what tuning tried and chose."""
    evidence = study.evidence[claim.name]
    by_condition = _grouped(evidence.runs)
    tried = _grouped(evidence.tuning)
    for arm, positions in study.book.arms.get(claim.name, {}).items():
        for entry in (study.book.entries[position] for position in positions):
            key = (arm, entry.task, str(entry.value))
            runs = by_condition.get(key)
            counts = {} if runs is None else runs["status"].value_counts().to_dict()
            yield {
                "arm": arm,
                "task": title_of(study, entry.task),
                "value": str(entry.value),
                "planned": len(entry.evaluation),
                "recorded": 0 if runs is None else len(runs),
                "diverged": counts.get("diverged", 0),
                "failed": counts.get("failed", 0),
                "width": _median(runs, "model.hidden_size"),
                "parameters": _median(runs, "model.parameters"),
                "rate": _rate(entry.learning_rate, claim),
                "tried": _tried(tried.get(key)),
            }


def _grouped(runs: pd.DataFrame) -> dict[tuple[str, str, str], pd.DataFrame]:
    if not len(runs):
        return {}
    keys = [runs["arm"], runs["task"], runs["value"].map(str)]
    return {(str(a), str(t), str(v)): group for (a, t, v), group in runs.groupby(keys, sort=False)}


def _median(runs: pd.DataFrame | None, column: str) -> str:
    return "–" if runs is None else words.figure(runs[column].median())


def _rate(rate: float | None, claim: Claim) -> str:
    if rate is not None:
        return words.figure(rate)
    if claim.random_learning_rate:
        return "drawn, {} to {}".format(*map(words.figure, claim.random_learning_rate))
    return "–"


def _tried(trials: pd.DataFrame | None) -> str:
    if trials is None:
        return "–"
    found = zip(trials["config.train.learning_rate"], trials["quality.validation"], trials["status"], strict=True)
    return ", ".join(
        f"{words.figure(rate)}: {words.figure(score)}{'' if status == 'completed' else f' ({status})'}"
        for rate, score, status in found
    )


def _lost(runs: pd.DataFrame, links: Links) -> Iterator[dict[str, Any]]:
    """Runs that diverged or failed, with what they said."""
    if not len(runs):
        return
    for row in rows(runs[runs["status"] != "completed"]):
        yield {
            "link": links.run(row),
            "arm": row["arm"],
            "task": row["task"],
            "value": row["value"],
            "status": row["status"],
            "error": printable(row["error"] or "", 200),
        }


def _run_lists(study: Study, runs: pd.DataFrame, links: Links) -> Iterator[tuple[str, list[RunLink]]]:
    for (arm, task, value), group in _grouped(runs).items():
        ordered = group.sort_values("seed")
        yield f"{arm}, {title_of(study, task)} {value}".strip(), [links.run(row) for row in rows(ordered)]
