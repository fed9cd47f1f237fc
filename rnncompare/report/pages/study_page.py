"""The page of a study, with its figures and tables as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rnncompare.base.wording import counted
from rnncompare.claims.finding import Finding
from rnncompare.report.figures import effects
from rnncompare.report.pages import overview, phrases
from rnncompare.report.pages.claim_views import ClaimView, FindingView, views
from rnncompare.report.pages.phrases import task_names
from rnncompare.report.pages.render import Plotter, write_page
from rnncompare.report.pages.run_lists import at_best_rate, at_soonest_rate, run_groups
from rnncompare.report.pages.task_views import TaskView
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study


@dataclass
class VerdictMap:
    """Tasks by comparisons: each cell is the view of a task, or None if the claim is not about it."""

    tasks: list[str]
    rows: list[tuple[ClaimView, FindingView, list[TaskView | None]]]


def write_study(study: Study, runs: pd.DataFrame, results: Path, output: Path) -> list[Path]:
    """Write the page of a study, with figures as PNG and SVG and its findings, tasks and pairs as CSV.

    Args:
        study: the judged study.
        runs: all of them, as `run_lists.all_runs` returns them.
        results: its folder.
        output: an existing folder for the files.

    Returns:
        The files written, the page first; each PNG has an SVG beside it.
    """
    plotter = Plotter(output)
    claims = views(study, plotter)
    shown = _map(claims)
    _draw_map(shown, plotter)
    glimpses = [
        overview.Glimpse(_label(found.finding), found.finding.verdict, found.finding.effect, found.finding.margin)
        for view in claims
        for found in view.findings
    ]
    forest = overview.glance(glimpses, plotter)
    best = at_best_rate(runs, study.manifest.scales)
    curves = [evidence.curves for evidence in study.evidence.values()]
    names = task_names(study.manifest.tasks)
    targets = {name: task["target"] for name, task in study.manifest.tasks.items() if task.get("target") is not None}
    by_size = overview.less_data(names, targets, at_soonest_rate(runs), best, plotter)
    tasks = list(overview.by_task(names, best, curves, plotter))
    probes = {name: evidence.probes for name, evidence in study.evidence.items()}
    gradients = list(overview.gradient_flow(probes, plotter))
    groups = run_groups(study, runs)
    manifest = study.manifest
    contents = [("less-data", "Sooner, or better?")] if by_size else []
    contents += [("verdicts", "Verdicts"), ("glance", "At a glance"), ("claims", "Claim by claim")]
    contents += [("tasks", "Task by task")] if tasks else []
    contents += [("gradients", "Gradient flow")] if gradients else []
    page = write_page(
        "study.html.j2",
        plotter,
        runs,
        groups,
        curves,
        results,
        contents=contents,
        settings=manifest.settings,
        title="GRU or LSTM? What the measurements say",
        subtitle=_subtitle(study, len(runs)),
        skipped=study.skipped,
        map=shown,
        claims=claims,
        forest=forest,
        by_size=by_size,
        tasks=tasks,
        gradients=gradients,
        command=manifest.command,
        left_out=manifest.left_out,
    )
    tables = [_findings(study.findings, output), _tasks(study.findings, output), _pairs(study.findings, output)]
    return [page, *tables, *plotter.written]


def _map(claims: list[ClaimView]) -> VerdictMap:
    found = [(view, finding) for view in claims for finding in view.findings if finding.tasks]
    tasks = list(dict.fromkeys(task.finding.title for _, finding in found for task in finding.tasks))
    rows = []
    for view, finding in found:
        by_title = {task.finding.title: task for task in finding.tasks}
        rows.append((view, finding, [by_title.get(title) for title in tasks]))
    return VerdictMap(tasks, rows)


def _draw_map(shown: VerdictMap, plotter: Plotter) -> None:
    """The map as files; the page shows it as a table whose cells are links."""
    rows = [
        (title, _label(found.finding).replace("_", " "), cell.said)
        for _, found, cells in shown.rows
        for title, cell in zip(shown.tasks, cells, strict=True)
        if cell is not None
    ]
    if rows:
        figure = effects.verdict_map(pd.DataFrame(rows, columns=["task", "claim", "verdict"]))
        plotter.draw(figure, "Tasks by claims", "verdict of each task on each claim", "map")


def _label(finding: Finding) -> str:
    """A short label for a comparison: its claim, and what distinguishes it from the claim's others."""
    by = f" ({finding.measure})" if len(finding.claim.measures) > 1 else ""
    return f"{finding.claim.name}{by}: {phrases.comparison(finding)}"


def _subtitle(study: Study, runs: int) -> str:
    planned = len(study.manifest.run_ids)
    missing = f" of {planned:,} planned" if planned > runs else ""
    findings = study.findings
    return (
        f"{counted(len(study.manifest.claims), 'claim')}, {counted(len(findings), 'comparison')}, "
        f"{runs:,} runs{missing}. Verdicts: {phrases.tally(finding.verdict for finding in findings)}."
    )


def _findings(findings: list[Finding], output: Path) -> Path:
    rows = [
        {
            **_comparison(finding),
            "verdict": finding.verdict,
            "strength": finding.strength,
            **_interval(finding.effect),
            "new_task_low": finding.general and finding.general.new_task.low,
            "new_task_high": finding.general and finding.general.new_task.high,
            "unit": finding.unit,
            "margin": finding.margin,
            "tasks": sum(task.counts for task in finding.tasks),
            "pairs": finding.pairs,
            "p": finding.p,
            "p_adjusted": finding.p_adjusted,
            "halves_agree": finding.halves_agree,
            "settle": finding.settle,
            "notes": "; ".join(finding.notes),
        }
        for finding in findings
    ]
    path = output / "verdicts.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _tasks(findings: list[Finding], output: Path) -> Path:
    """The verdicts of each task, a row for each comparison on it."""
    rows = [
        {
            **_comparison(finding),
            "task": task.task,
            "verdict": task.verdict,
            "on_claim": task.on_claim,
            **_interval(task.effect),
            "unit": task.unit,
            "margin": task.margin,
            "pairs": task.seeds,
            "p": task.p,
            "cut_first": task.cut[0],
            "cut_second": task.cut[1],
            "diverged_first": task.diverged[0],
            "diverged_second": task.diverged[1],
            "halves_agree": task.halves_agree,
            "notes": "; ".join(task.notes),
        }
        for finding in findings
        for task in finding.tasks
    ]
    path = output / "tasks.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _pairs(findings: list[Finding], output: Path) -> Path:
    """Every pair of every finding."""
    parts = [
        task.pairs.assign(
            task=task.task,
            claim=finding.claim.name,
            measure=finding.measure,
            first_arm=finding.first,
            second_arm=finding.second,
        )
        for finding in findings
        for task in finding.tasks
        if task.pairs is not None and len(task.pairs)
    ]
    path = output / "pairs.csv"
    (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()).to_csv(path, index=False)
    return path


def _comparison(finding: Finding) -> dict[str, str]:
    """What distinguishes one comparison from the others of a study."""
    names = ("measure", "start", "first", "second")
    return {"claim": finding.claim.name, **{name: getattr(finding, name) for name in names}}


def _interval(effect: Interval | None) -> dict[str, float | None]:
    if effect is None:
        return dict.fromkeys(("effect", "low", "high"))
    return {"effect": effect.mean, "low": effect.low, "high": effect.high}
