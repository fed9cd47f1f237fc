"""All claims together: verdicts at a glance; each task with quality over size, cost, and learning curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from rnncompare.base.wording import counted, metric_label
from rnncompare.report.figures import canvas, effects, lines, run_scores
from rnncompare.report.figures import less_data as less
from rnncompare.report.figures.canvas import slug
from rnncompare.report.figures.run_scores import metric_axis
from rnncompare.report.pages.phrases import TaskName
from rnncompare.report.pages.render import Drawn, Plotter
from rnncompare.statistics import Interval, mean_interval

FULLEST = 12  # models in one figure
QUARTILES = [0.25, 0.5, 0.75]
COSTS = {
    "model.parameters": "trainable parameters",
    "speed.step_ms_median": "time of an update (ms)",
    "memory.peak_mb": "peak memory (MB)",
}


@dataclass(frozen=True)
class Glimpse:
    """A comparison as a row of the figure of all comparisons; ``effect`` and ``margin`` have the same unit."""

    label: str
    verdict: str
    effect: Interval | None
    margin: float | None


@dataclass
class Charts:
    """Figures under one heading: those of a task, or of a claim's measurements."""

    anchor: str
    title: str
    condition: str
    charts: list[Drawn]


def glance(rows: Sequence[Glimpse], plotter: Plotter) -> Drawn:
    """All comparisons, each effect divided by its margin, so that they share an axis."""
    table = []
    for row in rows:
        ends = [math.nan] * 3
        if row.effect is not None and row.margin:
            ends = [end / row.margin for end in (row.effect.mean, row.effect.low, row.effect.high)]
        absent = "no figure" if row.effect is None else "its margin is 0: see the table"
        table.append((row.label.replace("_", " "), *ends, row.verdict, absent))
    description = (
        f"{counted(len(rows), 'comparison')}, each with its effect and 95 % interval divided by its margin; "
        "within the shaded band the difference does not matter, right of it the first model is better; the verdict on "
        "the claim stands at the right of each row"
    )
    figure = effects.intervals(
        pd.DataFrame(table, columns=["label", "mean", "low", "high", "verdict", "absent"]),
        "effect, in margins (±1: no difference that matters)",
        1.0,
        6.0,
        canvas.WIDE,
    )
    return plotter.draw(figure, "All claims at a glance", description, "forest")


def by_task(
    names: Mapping[str, TaskName], runs: pd.DataFrame, curves: Sequence[pd.DataFrame], plotter: Plotter
) -> Iterator[Charts]:
    """For each task: quality over its axis, and for its fullest condition learning curves and cost against quality.

    Args:
        names: of the tasks.
        runs: each once, with ``task``, ``value`` and ``variant``, the name of the model.
        curves: of the runs, with ``run_id``.
        plotter: draws them.
    """
    if not len(runs):
        return
    for number, (task, of_task) in enumerate(runs.groupby("task", sort=False)):
        name = names.get(str(task), TaskName(str(task), ""))
        file = slug(str(task), number)
        kept = of_task[of_task["variant"].isin(sorted(of_task["variant"].unique())[:FULLEST])]
        counts = kept["value"].map(str).value_counts(sort=False)
        value = str(counts[counts == counts.max()].index[-1])
        fullest = kept[kept["value"].map(str) == value]
        charts = [
            *_over_axis(name, kept, f"size-{file}", plotter),
            *_learning(fullest, curves, f"learning-{file}", plotter),
            *_costs(fullest, f"cost-{file}", plotter),
        ]
        if charts:
            yield Charts(f"task-{file}", name.title, name.condition(value), charts)


def less_data(
    names: Mapping[str, TaskName],
    targets: Mapping[str, float],
    soonest: pd.DataFrame,
    best: pd.DataFrame,
    plotter: Plotter,
) -> Drawn | None:
    """How soon each model gets to a stated quality, and how well it ends, over data size; None for one size only.

    Args:
        names: of the tasks.
        targets: the stated quality of each task, in its metric, where it has one.
        soonest: runs as in `by_task`, at the rates that get there soonest.
        best: the same at the rates that end best.
        plotter: draws it.
    """
    panels = []
    for task, mine in best.groupby("task", sort=False) if len(best) else ():
        name, target = names.get(str(task), TaskName(str(task), "")), targets.get(str(task))
        if name.axis != "training examples" or target is None:
            continue
        sooner = [
            (variant, at, *own["speed.updates_to_target"].astype(float).fillna(math.inf).quantile(QUARTILES, "higher"))
            for variant, at, own in _along(name.axis, soonest[soonest["task"] == task])
        ]
        updates = pd.DataFrame(sooner, columns=["name", "x", "soonest", "updates", "latest"])
        table = updates.merge(_test_quality(name.axis, mine), on=["name", "x"], how="left")
        several = table.groupby("name")["x"].transform("nunique") > 1
        if several.any():
            metric = metric_label(mine["quality.metric"].dropna().iloc[0])
            goal = f"to {metric.partition(' (')[0]} {target:g}"
            panels.append(less.Panel(name.title, goal, metric_axis("test", mine), table[several]))
    if not panels:
        return None
    description = (
        "above, the updates to a stated quality at the rate that gets there soonest (median and quartiles over seeds; "
        "hollow: half of the seeds or more never got there); below, the test quality at the rate that ends best, "
        "trained to the end, with its 95 % interval over seeds"
    )
    return plotter.draw(less.sooner_and_better(panels), "Sooner, or better, on less data?", description, "less-data")


def place(axis: str, value: object, runs: pd.DataFrame) -> float:
    """A condition's place on its task's axis; for named sizes, the number of training examples.

    Args:
        axis: in words.
        value: of the condition.
        runs: of the condition.
    """
    try:
        return float(str(value))
    except ValueError:
        return float(runs["data.train_examples"].median()) if axis == "training examples" and len(runs) else math.nan


def _along(axis: str, runs: pd.DataFrame) -> Iterator[tuple[str, float, pd.DataFrame]]:
    """The runs of each model at each value of a task's axis, with the model's name and the value's `place`."""
    for (variant, value), mine in runs.groupby(["variant", runs["value"].map(str)], sort=False):
        yield variant, place(axis, value, mine), mine


def _scored(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with a quality on test data."""
    return runs[runs["status"] == "completed"].dropna(subset="quality.test")


def _test_quality(axis: str, runs: pd.DataFrame) -> pd.DataFrame:
    """The mean test quality of each model over the axis, with its 95 % interval, as `lines` draws them."""
    seen = [(variant, at, mean_interval(mine["quality.test"])) for variant, at, mine in _along(axis, _scored(runs))]
    rows = [(variant, at, found.mean, found.low, found.high) for variant, at, found in seen]
    return pd.DataFrame(rows, columns=["name", "x", "mean", "low", "high"])


def _over_axis(name: TaskName, runs: pd.DataFrame, file: str, plotter: Plotter) -> Iterator[Drawn]:
    """Quality on test data over the task's axis."""
    scored, table = _scored(runs), _test_quality(name.axis, runs).dropna(subset="x")
    if table["x"].nunique() < 2:
        return
    dots = [
        pd.DataFrame({"name": variant, "x": at, "y": mine["quality.test"]})
        for variant, at, mine in _along(name.axis, scored)
    ]
    figure = lines.curves_with_band(
        table, name.axis, metric_axis("test", scored), pd.concat(dots).dropna(), banded=False, log_x=True
    )
    description = f"mean test quality with 95 % interval over {name.axis}; dots are single runs"
    yield plotter.draw(figure, f"Quality over {name.axis}", description, file, folded=True)


def _costs(runs: pd.DataFrame, file: str, plotter: Plotter) -> Iterator[Drawn]:
    """Quality against cost."""
    scored = _scored(runs)
    known = {column: name for column, name in COSTS.items() if scored[column].notna().any()}
    if known:
        description = "mean test quality with 95 % interval of each model over what it costs; dots are single runs"
        yield plotter.draw(
            run_scores.quality_by_cost(scored, known), "Cost against quality", description, file, folded=True
        )


def _learning(runs: pd.DataFrame, curves: Sequence[pd.DataFrame], file: str, plotter: Plotter) -> Iterator[Drawn]:
    """Learning curves: mean, and band from the lowest to the highest run."""
    parts = [part[part["run_id"].isin(runs["run_id"])] for part in curves if len(part)]
    if not sum(map(len, parts)):
        return
    known = pd.concat(parts).drop_duplicates(["run_id", "update"]).dropna(subset="validation_metric")
    by_run = dict(list(known.groupby("run_id")))
    drawn = runs[runs["run_id"].isin(list(by_run))]
    means = [
        lines.mean_curve([by_run[run] for run in mine["run_id"]]).assign(name=variant)
        for variant, mine in drawn.groupby("variant")
    ]
    if means:
        figure = lines.curves_with_band(pd.concat(means), "updates", metric_axis("validation", drawn))
        description = (
            "mean validation metric over updates, with the band from the lowest to the highest run; after its end a "
            "run keeps its last value"
        )
        yield plotter.draw(figure, "Learning curves", description, file, folded=True)


def gradient_flow(probes: Mapping[str, pd.DataFrame], plotter: Plotter) -> Iterator[Charts]:
    """The log norm of d h_T / d s_t over the lag, before and after training, if it was measured.

    Args:
        probes: of each claim, with ``arm``.
        plotter: draws them.
    """
    for name, table in probes.items():
        if len(table) and (table["probe"] == "gradient_flow").any():
            mine = table[table["probe"] == "gradient_flow"]
            parts = [
                _flow(mine, stage, f"gradient-{slug(name)}-{stage}", plotter) for stage in ("untrained", "trained")
            ]
            charts = [chart for chart in parts if chart]
            yield Charts(f"gradient-{slug(name)}", name.replace("_", " "), "", charts)


def _flow(probes: pd.DataFrame, stage: str, file: str, plotter: Plotter) -> Drawn | None:
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
    return plotter.draw(figure, f"{stage.capitalize()} networks", description, file, folded=True)
