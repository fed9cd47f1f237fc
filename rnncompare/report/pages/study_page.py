"""The page of a study, and its figures and tables as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup
from tqdm import tqdm

from rnncompare.claims.judge import Finding
from rnncompare.records import write_whole
from rnncompare.report.figures import svg
from rnncompare.report.figures.canvas import printable
from rnncompare.report.pages import overview, phrases
from rnncompare.report.pages.claim_views import views
from rnncompare.report.pages.finding_figures import Drawn
from rnncompare.report.pages.origin import origin
from rnncompare.report.pages.render import render
from rnncompare.report.pages.run_details import run_data
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

SLOW = 2  # seconds from which progress is shown


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
    claims = views(study)
    forest = overview.glance(study.findings)
    costs, learning = list(overview.costs(study, runs)), list(overview.learning(study, runs))
    gradients = list(overview.gradient_flow(study))
    contents = [("verdicts", "Verdicts"), ("glance", "At a glance"), ("claims", "Claim by claim")]
    parts = (("cost", "Cost against quality", costs), ("learning", "Learning curves", learning))
    contents += [(anchor, name) for anchor, name, part in (*parts, ("gradients", "Gradient flow", gradients)) if part]
    figures = [chart for view in claims for found in view.findings for chart in found.charts]
    figures += [forest, *(chart for view in (*costs, *learning, *gradients) for chart in view.charts)]
    drawn = draw(figures, output)
    groups = overview.run_groups(study, runs)
    page = output / "report.html"
    text = render(
        "study.html.j2",
        title="GRU or LSTM? What the measurements say",
        subtitle=_subtitle(study, len(runs)),
        skipped=study.skipped,
        contents=[*contents, ("runs", "Runs"), ("origin", "Where the numbers come from")],
        claims=claims,
        forest=forest,
        costs=costs,
        learning=learning,
        gradients=gradients,
        run_groups=groups,
        run_count=sum(len(group.runs) for group in groups),
        run_data=run_data(groups, [evidence.curves for evidence in study.evidence.values()], results, output),
        origin=origin(runs),
        command=study.book.command,
        settings=[
            (str(name).replace("_", " "), value) for name, value in study.book.settings.items() if value is not None
        ],
        left_out=study.book.left_out,
    )
    write_whole(page, text)
    return [page, _findings(study.findings, output), _pairs(study.findings, output), *drawn]


def draw(figures: Sequence[Drawn], output: Path) -> list[Path]:
    """Save figures as PNG and SVG, and give each its element of the page; the PNG files."""
    paths = []
    for chart in tqdm(figures, unit="figure", delay=SLOW, disable=None, leave=False, dynamic_ncols=True):
        paths.append(output / f"{chart.file}.png")
        words = printable(f"{chart.title}: {chart.description}", 400)
        chart.svg = Markup(svg.inline(svg.save(chart.figure, paths[-1]), chart.file, words))
    return paths


def _subtitle(study: Study, runs: int) -> str:
    planned = len({run for entry in study.book.entries for run in entry.evaluation.values()})
    missing = f" of {planned:,} planned" if planned > runs else ""
    return (
        f"{len(study.book.claims)} claims, {len(study.findings)} comparisons, {runs:,} evaluation runs{missing}. "
        f"Verdicts: {phrases.tally(study.findings)}."
    )


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
