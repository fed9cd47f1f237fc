"""Each claim on the page: its findings with figures and tables, what was trained, and what was lost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from tqdm import tqdm

from rnncompare.base.wording import printable
from rnncompare.claims import measures
from rnncompare.claims.claim import Claim
from rnncompare.claims.finding import Finding, TaskFinding
from rnncompare.report.figures import effects
from rnncompare.report.figures.canvas import slug
from rnncompare.report.pages import phrases
from rnncompare.report.pages.phrases import TaskName, task_names
from rnncompare.report.pages.render import Drawn, Plotter
from rnncompare.report.pages.run_lists import group_anchor
from rnncompare.report.pages.task_views import Known, RunAnchors, TaskView, task_view
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study

SLOW = 2  # seconds after which progress is shown
NO_AXIS = TaskName("", "")
IN_MARGINS = "effect, in margins of each task"


@dataclass
class FindingView:
    """A finding, ready to be shown; ``scores`` says what its scores are, if models are scored."""

    finding: Finding
    anchor: str
    title: str
    scores: str
    charts: list[Drawn]
    tasks: list[TaskView]
    without: list[dict[str, str]] = field(default_factory=list)


@dataclass
class ClaimView:
    """A claim with everything about it."""

    claim: Claim
    anchor: str
    findings: list[FindingView]
    axes: list[str]
    trained: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    probes: int


def views(study: Study, plotter: Plotter) -> list[ClaimView]:
    """Every claim of the study, in its order."""
    claims = tqdm(study.manifest.claims, unit="claim", delay=SLOW, disable=None, leave=False, dynamic_ncols=True)
    return [_view(study, claim, plotter) for claim in claims]


def _view(study: Study, claim: Claim, plotter: Plotter) -> ClaimView:
    evidence = study.evidence[claim.name]
    names = task_names(study.manifest.tasks)
    trained = list(_trained(study, claim, names))
    anchors = {(row["arm"], *row["key"]): row["anchor"] for row in trained if row["anchor"]}
    findings = [found for found in study.findings if found.claim.name == claim.name]
    anchor = f"claim-{slug(claim.name)}"
    return ClaimView(
        claim=claim,
        anchor=anchor,
        findings=[
            _finding_view(study, found, f"{anchor}-{number}", anchors, names, plotter)
            for number, found in enumerate(findings)
        ],
        axes=[f"{names[name].title}: {names[name].axis}" for name in claim.tasks if name in names],
        trained=trained,
        lost=list(_lost(evidence.runs)),
        probes=len(evidence.probes),
    )


def _finding_view(
    study: Study, finding: Finding, anchor: str, anchors: RunAnchors, names: dict[str, TaskName], plotter: Plotter
) -> FindingView:
    scores = measures.load(finding.measure).meaning if finding.first else ""
    scales, runs = study.manifest.scales, study.evidence[finding.claim.name].runs
    tasks = [
        task_view(
            finding,
            task,
            anchor,
            Known(names.get(task.task, NO_AXIS), scales.get(task.task), runs, anchors, plotter),
        )
        for task in finding.tasks
    ]
    return FindingView(
        finding=finding,
        anchor=anchor,
        title=phrases.comparison(finding),
        scores=scores.replace("``", ""),
        charts=list(_charts(finding, anchor, plotter)),
        tasks=tasks,
        without=list(_without(finding)),
    )


def _without(finding: Finding) -> Iterator[dict[str, str]]:
    """The mean over tasks with each of them left out in turn."""
    if finding.general is None:
        return
    titles = {task.task: task.title for task in finding.tasks}
    for row in finding.general.leave_one_out.to_dict("records"):
        effect = phrases.interval(Interval(row["effect"], row["low"], row["high"], finding.general.tasks - 1))
        yield {"task": titles.get(row["task"], str(row["task"])), "effect": effect, "verdict": str(row["verdict"])}


def _charts(finding: Finding, name: str, plotter: Plotter) -> Iterator[Drawn]:
    """The effects by task, and the tasks' verdicts at other margins."""
    compared = [task for task in finding.tasks if task.effect is not None]
    if not compared:
        return
    yield _forest(finding, compared, f"{name}-tasks", plotter)
    known = [task for task in compared if task.by_margin is not None and len(task.by_margin)]
    if known:
        yield _by_margin(finding, known, f"{name}-margins", plotter)


def _unit(finding: Finding, tasks: list[TaskFinding]) -> tuple[str, float | None]:
    """The common unit of the tasks in a figure, and the margin in it; a single task keeps its own."""
    if len(tasks) == 1 and finding.general is None:
        return tasks[0].unit, tasks[0].margin or None
    if all(task.margin for task in tasks):
        return IN_MARGINS, 1.0
    return tasks[0].unit, None


def _per(task: TaskFinding, unit: str) -> float:
    """What the task's effects are divided by to be in ``unit``."""
    return task.margin if unit == IN_MARGINS else 1.0


def _forest(finding: Finding, tasks: list[TaskFinding], name: str, plotter: Plotter) -> Drawn:
    unit, margin = _unit(finding, tasks)
    rows = []
    for task in tasks:
        assert task.effect is not None
        per = _per(task, unit)
        aside = {} if task.counts else {"note": f"{task.verdict}: does not count", "faint": True}
        seen = task.effect
        rows.append(
            {"label": task.title, "mean": seen.mean / per, "low": seen.low / per, "high": seen.high / per}
            | ({"verdict": phrases.on_claim(task)} | aside)
        )
    table = pd.DataFrame(rows)
    shaded = phrases.band(finding) if margin else f"right of zero {finding.first} is better; the margin is 0"
    description = f"{finding.first} less {finding.second} on each task, with its 95 % interval; {shaded}"
    if finding.general is None:
        figure = effects.intervals(table, unit, margin)
        return plotter.draw(figure, "Effect by task", description, name, folded=True)
    whole = finding.general
    ends = {"mean": whole.effect.mean, "low": whole.effect.low, "high": whole.effect.high}
    general = ends | {"new_low": whole.new_task.low, "new_high": whole.new_task.high}
    figure = effects.forest_by_task(table, general, unit, margin, finding.verdict)
    below = "; below: the mean over tasks, and the interval in which the effect on a new task is expected"
    return plotter.draw(figure, "Effect by task and in general", description + below, name, folded=True)


def _by_margin(finding: Finding, tasks: list[TaskFinding], name: str, plotter: Plotter) -> Drawn:
    unit, _ = _unit(finding, tasks)
    rows = []
    for task in tasks:
        assert task.by_margin is not None
        per = _per(task, unit)
        starts = task.by_margin["margin"].to_list()
        for start, end, verdict in zip(starts, [*starts[1:], math.inf], task.by_margin["verdict"], strict=True):
            declared = task.margin / per
            rows.append((task.title, start / per, end / per, verdict, declared))
    figure = effects.verdict_by_margin(
        pd.DataFrame(rows, columns=["label", "low", "high", "verdict", "declared"]), unit.removeprefix("effect, ")
    )
    description = (
        f"what would be said of {finding.first} (first) and {finding.second} (second), had another margin been "
        "written down; the upright line is the one that was"
    )
    return plotter.draw(figure, "Verdict at other margins", description, name, folded=True)


def _trained(study: Study, claim: Claim, names: dict[str, TaskName]) -> Iterator[dict[str, Any]]:
    """What was trained for each arm in each condition."""
    by_condition = _grouped(study.evidence[claim.name].runs)
    for arm, positions in study.manifest.arms.get(claim.name, {}).items():
        for position in positions:
            entry = study.manifest.entries[position]
            runs = by_condition.get((arm, entry.task, str(entry.value)))
            counts = {} if runs is None else runs["status"].value_counts().to_dict()
            yield {
                "arm": arm,
                "key": (entry.task, str(entry.value)),
                "anchor": group_anchor(position) if runs is not None else "",
                "task": names[entry.task].title,
                "value": str(entry.value),
                "planned": len(entry.run_ids),
                "recorded": 0 if runs is None else len(runs),
                "cut": 0 if runs is None else int((runs["quality.converged"] == False).sum()),  # noqa: E712 (null)
                "diverged": counts.get("diverged", 0),
                "failed": counts.get("failed", 0),
                "width": _median(runs, "model.hidden_size"),
                "parameters": _median(runs, "model.parameters"),
                "rates": ", ".join(phrases.figure(rate) for rate in sorted(entry.rates)),
            }


def _grouped(runs: pd.DataFrame) -> dict[tuple[str, str, str], pd.DataFrame]:
    if not len(runs):
        return {}
    keys = [runs["arm"], runs["task"], runs["value"].map(str)]
    return {(str(a), str(t), str(v)): group for (a, t, v), group in runs.groupby(keys, sort=False)}


def _median(runs: pd.DataFrame | None, column: str) -> str:
    return "–" if runs is None else phrases.figure(runs[column].median())


def _lost(runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Runs that diverged or failed, with their errors."""
    if not len(runs):
        return
    for row in runs[runs["status"] != "completed"].to_dict("records"):
        known = {str(name): row[name] for name in ("run_id", "seed", "arm", "task", "value", "status")}
        yield {**known, "rate": phrases.figure(row["rate"]), "error": printable(row["error"] or "", 200)}
