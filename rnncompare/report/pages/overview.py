"""What all claims show together: verdicts at a glance, cost against quality, learning curves, gradient flow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnncompare.claims.judge import Finding
from rnncompare.report.figures import canvas, effects, lines, scores
from rnncompare.report.figures.canvas import slug
from rnncompare.report.figures.series import metric_axis
from rnncompare.report.pages import phrases
from rnncompare.report.pages.claim_views import group_anchor
from rnncompare.report.pages.finding_figures import Drawn, axis_name, axis_of, title_of
from rnncompare.report.pages.run_details import RunGroup
from rnncompare.statistics import mean_interval
from rnncompare.studies.manifest import Book
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

FULLEST = 12  # models in one figure
COSTS = {
    "model.parameters": "trainable parameters",
    "speed.step_ms_median": "time of an update in training (ms)",
    "memory.peak_mb": "peak memory (MB)",
}


@dataclass
class TaskView:
    """The figures of one task."""

    title: str
    condition: str
    charts: list[Drawn]


def glance(findings: Sequence[Finding], measured: bool = False) -> Drawn:
    """All findings, each effect divided by its margin, so that they share an axis; or only those with an effect."""
    import pandas as pd

    rows = []
    for finding in findings:
        claim = finding.claim
        by = f" ({finding.measure})" if len(claim.measures) > 1 else ""
        label = f"{claim.name}{by}: {phrases.comparison(finding)}".replace("_", " ")
        seen = None if finding.decision is None else finding.decision.effect
        ends = [math.nan] * 3
        if seen is not None and finding.margin:
            ends = [end / finding.margin for end in (seen.mean, seen.low, seen.high)]
        absent = "no figure" if seen is None else "its margin is 0: see the table"
        rows.append((label, *ends, finding.verdict, absent))
    table = pd.DataFrame(rows, columns=["label", "mean", "low", "high", "verdict", "absent"])
    if measured:
        table = table[table["mean"].notna()]
    description = (
        f"{phrases.counted(len(table), 'comparison')}, each with its effect and 95 % interval divided by its margin; "
        "to the right of the shaded band the claim is borne out; the verdict stands at the right of each row; the "
        "table has the numbers"
    )
    unit = "effect, in margins (±1: no difference that matters)"
    figure = effects.intervals(table, unit, 1.0, 6.0, canvas.WIDE)
    return Drawn("All claims at a glance", description, figure, "forest")


def variants(book: Book) -> dict[int, str]:
    """A name for each entry of the book: the settings of its model."""
    names: dict[int, str] = {}
    for claim in book.claims:
        for arm, positions in book.arms.get(claim.name, {}).items():
            words = [word.partition("=") for word in claim.arms.get(arm, ())]
            name = ", ".join(
                v if k == "model" else f"{k.rpartition('.')[2].replace('_', ' ')} {v}" for k, _, v in words
            )
            for position in positions:
                names.setdefault(position, name or arm)
    return names


def all_runs(study: Study) -> pd.DataFrame:
    """Each evaluation run once, with ``variant``, the name of its model."""
    names = variants(study.book)
    booked = {
        run: names.get(position, "")
        for position, entry in enumerate(study.book.entries)
        for run in entry.evaluation.values()
    }
    runs = _once(evidence.runs for evidence in study.evidence.values())
    return runs.assign(variant=runs["run_id"].map(booked)) if len(runs) else runs


def _once(parts: Iterator[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several tables of runs, each run once."""
    import pandas as pd

    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True).drop_duplicates("run_id") if filled else pd.DataFrame()


def run_groups(study: Study, runs: pd.DataFrame) -> list[RunGroup]:
    """The runs of each entry of the book, and its trials, each run in one group only."""
    names = variants(study.book)
    trials = _once(evidence.tuning for evidence in study.evidence.values())
    seen: set[str] = set()
    groups = []
    for position, entry in enumerate(study.book.entries):
        title = f"{names.get(position, '')}, {title_of(study, entry.task)} {entry.value}".strip()
        rate = "" if entry.learning_rate is None else f" train.learning_rate={entry.learning_rate:g}"
        settings = " ".join(entry.overrides)
        parts = (
            ("", title, settings + rate, runs, entry.evaluation.values()),
            ("-tuning", f"{title}: trials", settings, trials, entry.tuning),
        )
        for suffix, name, words, table, booked in parts:
            mine = table[table["run_id"].isin(set(booked))] if len(table) else table
            if len(mine):
                fresh = mine[~mine["run_id"].isin(seen)]
                groups.append(RunGroup(f"{group_anchor(position)}{suffix}", name, words, fresh))
            seen |= set(booked)
    return groups


def costs(study: Study, runs: pd.DataFrame) -> Iterator[TaskView]:
    """Quality against what it costs, for each task in its fullest condition."""
    for number, (task, value, group) in enumerate(_fullest(runs)):
        scored = group[group["status"] == "completed"].dropna(subset="quality.test")
        description = "mean test quality with 95 % interval of each model; dots are single runs"
        charts = [
            Drawn(
                name[0].upper() + name[1:],
                description,
                scores.quality_by_cost(scored, column, name),
                f"cost-{slug(task, number)}-{column.rpartition('.')[2]}",
            )
            for column, name in COSTS.items()
            if scored[column].notna().any()
        ]
        if charts:
            yield TaskView(title_of(study, task), _condition(study, task, value), charts)


def _condition(study: Study, task: str, value: str) -> str:
    """A value with what it is a value of."""
    return f"{axis_name(axis_of(study, task))} {value}".strip()


def _fullest(runs: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """For each task the runs of its condition with the most, the last of several; of so many models as can be shown."""
    if not len(runs):
        return
    for task, of_task in runs.groupby("task", sort=False):
        counts = of_task["value"].map(str).value_counts(sort=False)
        value = str(counts[counts == counts.max()].index[-1])
        group = of_task[of_task["value"].map(str) == value]
        yield str(task), value, group[group["variant"].isin(sorted(group["variant"].unique())[:FULLEST])]


def learning(study: Study, runs: pd.DataFrame) -> Iterator[TaskView]:
    """Learning curves of each task in its fullest condition: mean, and band from lowest to highest."""
    import pandas as pd

    parts = [evidence.curves for evidence in study.evidence.values() if len(evidence.curves)]
    if not parts:
        return
    fullest = list(_fullest(runs))
    wanted = {run for _, _, group in fullest for run in group["run_id"]}
    curves = pd.concat([part[part["run_id"].isin(wanted)] for part in parts]).drop_duplicates(["run_id", "update"])
    by_run = dict(list(curves.dropna(subset="validation_metric").groupby("run_id")))
    description = (
        "mean validation metric over updates, with the band from the lowest to the highest run; after its end a run "
        "keeps its last value"
    )
    for number, (task, value, group) in enumerate(fullest):
        drawn = group[group["run_id"].isin(list(by_run))]
        means = [
            lines.mean_curve([by_run[run] for run in mine["run_id"]]).assign(name=variant)
            for variant, mine in drawn.groupby("variant")
        ]
        if means:
            figure = lines.curves_with_band(pd.concat(means), "updates", metric_axis("validation", drawn))
            chart = Drawn("Learning curves", description, figure, f"learning-{slug(task, number)}")
            yield TaskView(title_of(study, task), _condition(study, task, value), [chart])


def gradient_flow(study: Study) -> Iterator[TaskView]:
    """The log norm of d h_T / d s_t over the lag, before and after training, from the probes that measured it."""
    for name, evidence in study.evidence.items():
        probes = evidence.probes
        if len(probes) and (probes["probe"] == "gradient_flow").any():
            probes = probes[probes["probe"] == "gradient_flow"]
            charts = [_flow(probes, stage, f"gradient-{slug(name)}-{stage}") for stage in ("untrained", "trained")]
            yield TaskView(name.replace("_", " "), "", [made for made in charts if made])


def _flow(probes: pd.DataFrame, stage: str, file: str) -> Drawn | None:
    import pandas as pd

    prefix = f"values.{stage}.log_norm."
    columns = {int(column.removeprefix(prefix)): column for column in probes if column.startswith(prefix)}
    rows = [
        {"name": str(arm), "x": lag, "mean": seen.mean, "low": seen.low, "high": seen.high}
        for arm, mine in list(probes.groupby("arm"))[:FULLEST]
        for lag in sorted(columns)
        for seen in [mean_interval(mine[columns[lag]].dropna())]
    ]
    table = pd.DataFrame(rows)
    if not len(table) or not table["mean"].notna().any():
        return None
    figure = lines.curves_with_band(table, "lag (steps)", "ln |d h_T / d s_t|")
    description = f"mean logarithm of the norm of the gradient through time over the lag, {stage}, with 95 % intervals"
    return Drawn(f"{stage.capitalize()} networks", description, figure, file)
