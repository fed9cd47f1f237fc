"""What the page shows of each claim: its findings, charts and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from rnncompare.claims import measures
from rnncompare.claims.claim import Claim
from rnncompare.claims.judge import Finding
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.claim_runs import lost, run_lists, trained
from rnncompare.report.pages.conditions import axis_name, in_order, title_of
from rnncompare.report.pages.finding import charts
from rnncompare.report.pages.links import Links, RunLink
from rnncompare.report.pages.marks import Chart
from rnncompare.report.style import slug
from rnncompare.studies.verdicts import Study


@dataclass
class FindingView:
    """A finding, ready to be shown; ``scores`` says what is a score in it, where models are scored."""

    finding: Finding
    title: str
    scores: str
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
        trained=list(trained(study, claim)),
        lost=list(lost(runs, links)),
        runs=list(run_lists(study, runs, links)),
        probes=len(evidence.probes),
    )


def _finding_view(study: Study, finding: Finding, number: str) -> FindingView:
    title = words.comparison(finding)
    conditions = [_condition_row(study, row) for row in in_order(study, finding)]
    name = slug(f"{finding.claim.name} {finding.measure} {finding.first} {finding.second}", 0)
    file = f"claim-{number}-{name}"[:100]
    scores = (measures.load(finding.measure).__doc__ or "").partition("\n")[0] if finding.first else ""
    return FindingView(finding, title, scores.replace("``", ""), list(charts(study, finding)), conditions, file)


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
