"""What the runs of all claims show together, task by task: cost against quality, learning curves, gradient flow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.report import style
from rnncompare.report.pages import chart
from rnncompare.report.pages.chart import Line
from rnncompare.report.pages.conditions import condition, title_of
from rnncompare.report.pages.marks import Chart
from rnncompare.report.pages.theme import looks
from rnncompare.statistics import mean_interval
from rnncompare.studies.manifest import Book
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

FULLEST = 12  # models in one chart
COSTS = {
    "model.parameters": "trainable parameters",
    "speed.step_ms_median": "time of an update in training (ms)",
    "memory.peak_mb": "peak memory (MB)",
}


@dataclass
class TaskView:
    """The charts of one task."""

    title: str
    condition: str
    charts: list[Chart]
    file: str


def _variants(book: Book) -> dict[int, str]:
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
    import pandas as pd

    names = _variants(study.book)
    booked = {
        run: names.get(position, "")
        for position, entry in enumerate(study.book.entries)
        for run in entry.evaluation.values()
    }
    parts = [evidence.runs for evidence in study.evidence.values() if len(evidence.runs)]
    if not parts:
        return pd.DataFrame()
    runs = pd.concat(parts, ignore_index=True).drop_duplicates("run_id")
    return runs.assign(variant=runs["run_id"].map(booked))


def costs(study: Study, runs: pd.DataFrame) -> list[TaskView]:
    """Quality against what it costs, for each task in its fullest condition."""
    fullest = list(_fullest(runs))
    known = _looks(fullest)
    found = []
    for number, (task, value, group) in enumerate(fullest):
        scored = group[group["status"] == "completed"].dropna(subset="quality.test")
        charts = [_cost(scored, column, name, known) for column, name in COSTS.items() if scored[column].notna().any()]
        if charts:
            file = f"cost-{style.slug(task, number)}"
            found.append(TaskView(title_of(study, task), condition(study, task, value), charts, file))
    return found


def _looks(fullest: Sequence[tuple[str, str, pd.DataFrame]]) -> dict[str, tuple[str, str]]:
    """The look of each variant, the same for all tasks."""
    return looks(sorted(group["variant"].unique()) for _, _, group in fullest)


def _cost(scored: pd.DataFrame, column: str, name: str, known: dict[str, tuple[str, str]]) -> Chart:
    lines = []
    for variant in sorted(scored["variant"].unique())[:FULLEST]:
        mine = scored[scored["variant"] == variant]
        seen = mean_interval(mine["quality.test"])
        dots = list(zip(mine[column], mine["quality.test"], strict=True))
        place = [float(mine[column].median())]
        lines.append(Line(variant, *known[variant], place, [seen.mean], [seen.low], [seen.high], dots))
    return chart.curves(
        name[0].upper() + name[1:],
        "mean test quality with 95 % interval of each model; dots are single runs",
        lines,
        name,
        _metric(scored),
    )


def _metric(runs: pd.DataFrame) -> str:
    known = runs.dropna(subset="quality.metric")
    if not len(known):
        return "quality"
    first = known.iloc[0]
    better = style.direction(first["quality.higher_is_better"]).removesuffix(" is better")
    return f"{style.metric_label(first['quality.metric'])} ({better} is better)"


def _fullest(runs: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """For each task its condition with the most runs, the last of several."""
    if not len(runs):
        return
    for task, of_task in runs.groupby("task", sort=False):
        counts = of_task["value"].map(str).value_counts(sort=False)
        value = str(counts[counts == counts.max()].index[-1])
        yield str(task), value, of_task[of_task["value"].map(str) == value]


def learning(study: Study, runs: pd.DataFrame) -> list[TaskView]:
    """Learning curves of each task in its fullest condition: mean, and band from lowest to highest."""
    import pandas as pd

    parts = [evidence.curves for evidence in study.evidence.values() if len(evidence.curves)]
    if not parts or not len(runs):
        return []
    fullest = list(_fullest(runs))
    known = _looks(fullest)
    wanted = {run for _, _, group in fullest for run in group["run_id"]}
    curves = pd.concat([part[part["run_id"].isin(wanted)] for part in parts]).drop_duplicates(["run_id", "update"])
    curves = dict(list(curves.dropna(subset="validation_metric").groupby("run_id")))
    found = []
    for number, (task, value, group) in enumerate(fullest):
        drawn = group[group["run_id"].isin(list(curves))]
        if not len(drawn):
            continue
        lines = [
            _mean_curve(variant, known[variant], [curves[run] for run in mine["run_id"]])
            for variant, mine in list(drawn.groupby("variant"))[:FULLEST]
        ]
        made = chart.curves(
            "Learning curves",
            "mean validation metric over updates, with the band from the lowest to the highest run; "
            "after its end a run keeps its last value",
            lines,
            "updates",
            f"validation {_metric(drawn)}",
            log_x=False,
        )
        file = f"learning-{style.slug(task, number)}"
        found.append(TaskView(title_of(study, task), condition(study, task, value), [made], file))
    return found


def _mean_curve(name: str, look: tuple[str, str], curves: list[pd.DataFrame]) -> Line:
    start = max(float(curve["update"].iloc[0]) for curve in curves)
    points = np.unique(np.concatenate([curve["update"] for curve in curves]))
    points = points[points >= start]
    points = points[:: math.ceil(len(points) / 60)]
    values = np.stack([np.interp(points, curve["update"], curve["validation_metric"]) for curve in curves])
    low, high = (values.min(0), values.max(0)) if len(curves) > 1 else ((), ())
    return Line(name, *look, points.tolist(), values.mean(0).tolist(), list(low), list(high), banded=True)


def gradient_flow(study: Study) -> list[TaskView]:
    """The log norm of d h_T / d s_t over the lag, before and after training, from the probes that measured it."""
    found = []
    for name, evidence in study.evidence.items():
        probes = evidence.probes
        if not len(probes) or not (probes["probe"] == "gradient_flow").any():
            continue
        probes = probes[probes["probe"] == "gradient_flow"]
        charts = [_flow(probes, stage) for stage in ("untrained", "trained")]
        found.append(
            TaskView(name.replace("_", " "), "", [made for made in charts if made], f"gradient-{style.slug(name, 0)}")
        )
    return found


def _flow(probes: pd.DataFrame, stage: str) -> Chart | None:
    prefix = f"values.{stage}.log_norm."
    columns = {int(column.removeprefix(prefix)): column for column in probes if column.startswith(prefix)}
    lags = [lag for lag in sorted(columns) if probes[columns[lag]].notna().any()]
    if not lags:
        return None
    lines = []
    for arm, (role, shape) in looks([sorted(probes["arm"].map(str).unique())[:FULLEST]]).items():
        mine = probes[probes["arm"] == arm]
        seen = [mean_interval(mine[columns[lag]].dropna()) for lag in lags]
        ends = [s.low for s in seen], [s.high for s in seen]
        lines.append(Line(arm, role, shape, [float(lag) for lag in lags], [s.mean for s in seen], *ends, banded=True))
    description = f"mean logarithm of the norm of the gradient through time over the lag, {stage}, with 95 % intervals"
    return chart.curves(
        f"{stage.capitalize()} networks", description, lines, "lag (steps)", "ln |d h_T / d s_t|", log_x=False
    )
