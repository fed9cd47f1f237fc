"""What the page shows of each claim: its findings with figures and tables, what was trained, and what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncompare.claims import measures
from rnncompare.claims.claim import Claim
from rnncompare.claims.judge import Finding
from rnncompare.report.figures.canvas import printable, slug
from rnncompare.report.pages import phrases
from rnncompare.report.pages.finding_figures import Drawn, axis_name, figures_of, in_order, title_of
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class FindingView:
    """A finding, ready to be shown; ``scores`` says what is a score in it, where models are scored."""

    finding: Finding
    title: str
    scores: str
    charts: list[Drawn]
    conditions: list[dict[str, str]]


@dataclass
class ClaimView:
    """A claim with all that there is on it."""

    claim: Claim
    anchor: str
    findings: list[FindingView]
    axes: list[str]
    trained: list[dict[str, Any]]
    lost: list[dict[str, Any]]
    probes: int


def views(study: Study) -> list[ClaimView]:
    """Every claim of the study, in its order."""
    return [_view(study, claim) for claim in study.book.claims]


def group_anchor(position: int) -> str:
    """The anchor of the runs of an entry of the book."""
    return f"runs-{position}"


def _view(study: Study, claim: Claim) -> ClaimView:
    evidence = study.evidence[claim.name]
    tasks = {name: study.book.tasks[name] for name in claim.tasks if name in study.book.tasks}
    findings = [found for found in study.findings if found.claim.name == claim.name]
    return ClaimView(
        claim=claim,
        anchor=f"claim-{slug(claim.name)}",
        findings=[_finding_view(study, found) for found in findings],
        axes=[f"{task.get('title', name)}: {axis_name(task.get('axis', ''))}" for name, task in tasks.items()],
        trained=list(_trained(study, claim)),
        lost=list(_lost(evidence.runs)),
        probes=len(evidence.probes),
    )


def _finding_view(study: Study, finding: Finding) -> FindingView:
    anchors = {(row["arm"], row["key"]): row["anchor"] for row in _trained(study, finding.claim)}
    conditions = [_condition_row(study, finding, row, anchors) for row in in_order(study, finding)]
    parts = (finding.claim.name, finding.measure, finding.first, finding.second)
    file = f"claim-{'-'.join(slug(part) for part in parts)}"[:120]
    scores = (measures.load(finding.measure).__doc__ or "").partition("\n")[0] if finding.first else ""
    charts = list(figures_of(study, finding, file))
    return FindingView(finding, phrases.comparison(finding), scores.replace("``", ""), charts, conditions)


def _condition_row(
    study: Study, finding: Finding, row: dict[str, Any], anchors: dict[tuple[str, tuple[str, str]], str]
) -> dict[str, str]:
    key = (row["task"], str(row["value"]))
    return {
        "task": title_of(study, row["task"]),
        "value": str(row["value"]),
        "first": phrases.interval(row["first"], sign=False),
        "first_runs": anchors.get((finding.first, key), ""),
        "second": phrases.interval(row["second"], sign=False),
        "second_runs": anchors.get((finding.second, key), ""),
        "effect": phrases.interval(row["effect"]),
        "pairs": str(row["pairs"]),
        "counts": "yes" if row["counts"] else "no" if row["reached"] >= 1 else f"no: {row['reached']:.0%} reached it",
    }


def _trained(study: Study, claim: Claim) -> Iterator[dict[str, Any]]:
    """What was trained for each arm in each condition, and what tuning tried and chose."""
    evidence = study.evidence[claim.name]
    by_condition, tried = _grouped(evidence.runs), _grouped(evidence.tuning)
    for arm, positions in study.book.arms.get(claim.name, {}).items():
        for position in positions:
            entry = study.book.entries[position]
            key = (arm, entry.task, str(entry.value))
            runs = by_condition.get(key)
            counts = {} if runs is None else runs["status"].value_counts().to_dict()
            yield {
                "arm": arm,
                "key": key[1:],
                "anchor": group_anchor(position) if runs is not None else "",
                "trials": f"{group_anchor(position)}-tuning" if key in tried else "",
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
    return "–" if runs is None else phrases.figure(runs[column].median())


def _rate(rate: float | None, claim: Claim) -> str:
    if rate is not None:
        return phrases.figure(rate)
    if claim.random_learning_rate:
        return "drawn, {} to {}".format(*map(phrases.figure, claim.random_learning_rate))
    return "–"


def _tried(trials: pd.DataFrame | None) -> str:
    if trials is None:
        return "–"
    found = zip(trials["config.train.learning_rate"], trials["quality.validation"], trials["status"], strict=True)
    return ", ".join(
        f"{phrases.figure(rate)}: {phrases.figure(score)}{'' if status == 'completed' else f' ({status})'}"
        for rate, score, status in found
    )


def _lost(runs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Runs that diverged or failed, with what they said."""
    if not len(runs):
        return
    for row in runs[runs["status"] != "completed"].to_dict("records"):
        known = {str(name): row[name] for name in ("run_id", "seed", "arm", "task", "value", "status")}
        yield {**known, "error": printable(row["error"] or "", 200)}
