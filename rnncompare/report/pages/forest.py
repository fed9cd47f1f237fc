"""The forest plot: all findings of a study, each effect divided by its margin."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnncompare.claims.judge import Finding
from rnncompare.report.pages import chart
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.chart import Bar
from rnncompare.report.pages.marks import Chart
from rnncompare.report.pages.theme import verdict_look


def forest(findings: Sequence[Finding], title: str = "All claims at a glance") -> Chart:
    """All findings, each effect divided by its margin, so that they share an axis."""
    bars = []
    for finding in findings:
        role, shape, verdict = verdict_look(finding.verdict)
        claim = finding.claim
        by = f" ({finding.measure})" if len(claim.measures) > 1 else ""
        label = f"{claim.name}{by}: {words.comparison(finding)}".replace("_", " ")
        seen = None if finding.decision is None else finding.decision.effect
        if seen is None or not finding.margin:
            absent = "no figure" if seen is None else "its margin is 0: see the table"
            bars.append(Bar(label, math.nan, math.nan, math.nan, role, shape, verdict, absent))
        else:
            mean, low, high = (end / finding.margin for end in (seen.mean, seen.low, seen.high))
            bars.append(Bar(label, mean, low, high, role, shape, verdict))
    description = (
        f"{len(bars)} comparisons, each with its effect and 95 % interval divided by its margin; to the right of the "
        "shaded band the claim is borne out; the verdict stands at the right of each row; the table has the numbers"
    )
    return chart.intervals(title, description, bars, 1.0, "effect, in margins (±1: no difference that matters)", 6.0)


def in_columns(findings: Sequence[Finding]) -> list[Chart]:
    """The forest plot of what was measured, in two columns."""
    drawn = [finding for finding in findings if finding.decision and finding.margin]
    half = (len(drawn) + 1) // 2
    return [forest(part, "") for part in (drawn[:half], drawn[half:]) if part]
