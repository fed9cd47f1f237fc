"""The page of a study, and its figures and tables as files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.claims.judge import Finding
from rnncompare.records import write_whole
from rnncompare.report.pages import drawing, overview
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.claims import ClaimView, views
from rnncompare.report.pages.forest import forest, in_columns
from rnncompare.report.pages.links import Links
from rnncompare.report.pages.marks import Chart
from rnncompare.report.pages.origin import origin
from rnncompare.report.pages.render import render
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd


def write_study(study: Study, runs: pd.DataFrame, results: Path, output: Path) -> list[Path]:
    """Write the page of a study, with its figures as PNG and SVG and its findings and pairs as CSV.

    Args:
        study: judged.
        runs: its evaluation runs, as `overview.all_runs` gives them.
        results: its folder.
        output: where the files go; it exists.

    Returns:
        The files written, the page first; each PNG has an SVG beside it.
    """
    claims = views(study, Links(results, output))
    glance = forest(study.findings)
    costs, learning = overview.costs(study, runs), overview.learning(study, runs)
    gradients = overview.gradient_flow(study)
    contents = [("verdicts", "Verdicts"), ("glance", "At a glance"), ("claims", "Claim by claim")]
    parts = (("cost", "Cost against quality", costs), ("learning", "Learning curves", learning))
    contents += [(anchor, name) for anchor, name, part in (*parts, ("gradients", "Gradient flow", gradients)) if part]
    page = output / "report.html"
    text = render(
        "study.html.j2",
        title="GRU or LSTM? What the measurements say",
        subtitle=_subtitle(study, len(runs)),
        skipped=study.skipped,
        contents=[*contents, ("origin", "Where the numbers come from")],
        claims=claims,
        forest=glance,
        costs=costs,
        learning=learning,
        gradients=gradients,
        origin=origin(runs),
        command=study.book.command,
        settings=[
            (str(name).replace("_", " "), value) for name, value in study.book.settings.items() if value is not None
        ],
        left_out=study.book.left_out,
    )
    write_whole(page, text)
    written = [page, _findings(study.findings, output), _pairs(study.findings, output)]
    figures = [("forest", glance.title, in_columns(study.findings) or [glance]), *_claim_figures(claims)]
    figures += [(view.file, view.title, view.charts) for view in (*costs, *learning, *gradients)]
    for name, title, charts in figures:
        written.append(output / f"{name}.png")
        drawing.save(charts, title, written[-1])
    return written


def _subtitle(study: Study, runs: int) -> str:
    planned = len({run for entry in study.book.entries for run in entry.evaluation.values()})
    missing = f" of {planned:,} planned" if planned > runs else ""
    return (
        f"{len(study.book.claims)} claims, {len(study.findings)} comparisons, {runs:,} evaluation runs{missing}. "
        f"Verdicts: {words.tally(study.findings)}."
    )


def _claim_figures(claims: list[ClaimView]) -> Iterator[tuple[str, str, list[Chart]]]:
    for view in claims:
        for found in view.findings:
            if found.charts:
                yield found.file, f"{view.claim.name.replace('_', ' ')}: {found.title}", found.charts


def _findings(findings: list[Finding], output: Path) -> Path:
    import pandas as pd

    rows = []
    for finding in findings:
        seen = finding.decision
        rows.append(
            {
                "claim": finding.claim.name,
                "measure": finding.measure,
                "first": finding.first,
                "second": finding.second,
                "verdict": finding.verdict,
                "effect": seen and seen.effect.mean,
                "low": seen and seen.effect.low,
                "high": seen and seen.effect.high,
                "unit": finding.unit,
                "margin": finding.margin,
                "pairs": seen.pairs if seen else 0,
                "p": seen and seen.p,
                "p_adjusted": finding.p_adjusted,
                "superiority": finding.superiority and finding.superiority.mean,
                "settle": finding.settle,
                "notes": "; ".join(finding.notes),
            }
        )
    path = output / "verdicts.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def _pairs(findings: list[Finding], output: Path) -> Path:
    """Every pair of every finding."""
    import pandas as pd

    parts = [
        finding.pairs[["task", "value", "seed", "first", "second", "difference"]].assign(
            claim=finding.claim.name, measure=finding.measure, first_arm=finding.first, second_arm=finding.second
        )
        for finding in findings
        if finding.pairs is not None and len(finding.pairs)
    ]
    path = output / "pairs.csv"
    (pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()).to_csv(path, index=False)
    return path
