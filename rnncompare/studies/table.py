"""The verdict table, to print."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rnncompare.claims.judge import Finding
from rnncompare.statistics import Interval
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd


def text(study: Study) -> str:
    """The verdicts, a row for each comparison, then the units, and what a reader must know."""
    table = aligned(frame(study.findings))
    units = {finding.measure: finding.unit for finding in study.findings if finding.unit}
    lines = ["", table, ""]
    if units:
        lines += ["effects are differences, first model less second, in these units:"]
    lines += [f"  {measure}: {unit}" for measure, unit in units.items()]
    lines += [
        f"note on {finding.claim.name}, {finding.first} against {finding.second}: {note}"
        for finding in study.findings
        for note in finding.notes
    ]
    lines += [f"left out: {name}: {why}" for name, why in study.book.left_out.items()]
    lines += [f"not counted: {line}" for line in study.skipped]
    return "\n".join(lines)


def aligned(table: pd.DataFrame) -> str:
    """A table of text, its columns flush left."""
    cells = [[str(name), *map(str, table[name])] for name in table]
    widths = [max(map(len, column)) for column in cells]
    lines = zip(*cells, strict=True)
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def frame(findings: list[Finding]) -> pd.DataFrame:
    """The verdict table in words."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "claim": finding.claim.name,
                "measure": finding.measure,
                "compared": f"{finding.first} / {finding.second}" if finding.first else "",
                "verdict": finding.verdict,
                "effect [95 %]": "" if finding.decision is None else interval(finding.decision.effect),
                "margin": "" if finding.margin is None else f"{finding.margin:.3g}",
                "pairs": "" if finding.decision is None else f"{finding.decision.pairs}",
                "p": p_value(math.nan if finding.decision is None else finding.decision.p),
                "adjusted p": p_value(finding.p_adjusted),
                "would settle it": finding.settle,
            }
            for finding in findings
        ]
    )


def interval(found: Interval) -> str:
    """A mean with its bounds, each to three digits, in ASCII for terminals; `report.pages.phrases` has the page's."""
    if math.isnan(found.low):
        return f"{found.mean:+.3g}"
    return f"{found.mean:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def p_value(p: float) -> str:
    """A p-value to three places, for tables and pages; nothing where it is not known (NaN)."""
    if math.isnan(p):
        return ""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
