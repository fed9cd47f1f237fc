"""Figures of runs: quality on the test split against training-set size, and against what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnncompare.base.wording import direction, metric_label
from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import plain
from rnncompare.report.figures.lines import draw_bars
from rnncompare.report.figures.palette import model_looks
from rnncompare.statistics import mean_interval

LONGEST = 36  # characters of a line beside an axis


def series_of(runs: pd.DataFrame, drawn: pd.DataFrame, by: str) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """The ``drawn`` runs of each series with its label and its look.

    Looks depend on all ``runs`` of the task, so that they are the same in every panel. The label includes the number of
    runs that diverged or failed.
    """
    firsts = runs.sort_values(["model.hidden_size", by]).drop_duplicates(by)
    beside = {name: (model.removeprefix("torch_"), model) for model, name in firsts[["model.name", by]].to_numpy()}
    for name, look in model_looks(sorted(beside, key=lambda name: beside[name])).items():
        group = drawn[drawn[by] == name]
        if len(group):
            status = runs.loc[runs[by] == name, "status"]
            lost = [f"{(status == kind).sum()} {kind}" for kind in ("diverged", "failed") if (status == kind).any()]
            yield plain(", ".join([name, *lost])), look, group


def task_name(runs: pd.DataFrame) -> str:
    """The name of the task of all ``runs``, with its varying settings."""
    return str(runs["task"].iloc[0])


def metric_axis(split: str, runs: pd.DataFrame) -> str:
    """The label of an axis of quality: the metric, its unit, and which way is better."""
    known = runs.dropna(subset="quality.metric")
    if not len(known):
        return f"{split} quality"
    first = known.iloc[0]
    words = plain(f"{split} {metric_label(first['quality.metric'])}")
    if len(words) > LONGEST:
        words = words.replace(" (", "\n(")
    return f"{words}\n{direction(first['quality.higher_is_better'])}"


def seeds_note(runs: pd.DataFrame, by: str, several: str, one: str) -> str:
    """A note on how many seeds each point has."""
    counts = runs.groupby([by, "data.train_examples"])["seed"].nunique()
    if counts.max() == 1:
        return one
    return several.format(
        f"{counts.max()} seeds" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} seeds"
    )


SPREAD = 0.35  # share of the gap between neighbouring x values over which series are spread


def quality_by_examples(runs: pd.DataFrame) -> Figure | None:
    """The test metric of one task against training-set size: mean and 95 % interval over seeds, and the single runs."""
    return _quality_by(runs, "variant", "data.train_examples", "training examples", "training-set size")


def quality_by_parameters(runs: pd.DataFrame) -> Figure | None:
    """The test metric of one task against trainable parameters, at the largest training-set size."""
    largest = runs["data.train_examples"].max()
    runs = runs[runs["data.train_examples"] == largest]
    label = "trainable parameters of the whole network"
    return _quality_by(runs, "series", "model.parameters", label, "parameters", f"{largest:,.0f} training examples; ")


def _quality_by(runs: pd.DataFrame, by: str, x: str, label: str, against: str, note: str = "") -> Figure | None:
    """Quality of each series over a column ``x``; None if no run has all it needs."""
    scored = runs[runs["status"] == "completed"].dropna(
        subset=["quality.test", "data.train_examples", "model.parameters"]
    )
    if scored.empty:
        return None
    figure, axes = canvas.canvas(4.2, canvas.WIDE)
    _quality(axes, runs, scored, by, x)
    axes.set_xlabel(label)
    canvas.legend(figure, axes)
    several, one = "mean and 95 % interval over {}, dots are single runs", "one seed each: no interval"
    note += seeds_note(scored, "variant", several, one)
    canvas.headline(figure, f"{task_name(runs)}: test quality against {against}", note)
    return figure


def quality_by_cost(runs: pd.DataFrame, costs: Mapping[str, str]) -> Figure:
    """The test metric against cost, for the runs of one task in one condition; a point for each variant.

    Args:
        runs: completed, with ``variant``.
        costs: columns of costs with their labels, a panel each.
    """
    figure, (row,) = canvas.panels(1, len(costs), height=3.2, share_y=True)
    for axes, (column, name) in zip(row, costs.items(), strict=True):
        _quality(axes, runs, runs, "variant", column, at_median=True)
        axes.set_xlabel(plain(name))
        axes.locator_params(axis="x", nbins=5)
    for axes in row[1:]:
        axes.set_ylabel("")
    canvas.legend(figure, row[0])
    return figure


def _quality(axes: Axes, runs: pd.DataFrame, scored: pd.DataFrame, by: str, x: str, at_median: bool = False) -> None:
    """Means, intervals and single runs of each series, with baseline and optimum."""
    canvas.logarithmic(axes, scored["quality.test"])
    groups = list(series_of(runs, scored, by))
    if not at_median:
        canvas.counts(axes, scored[x])
    gap = 0.0 if at_median else SPREAD * min([*np.diff(np.log(np.unique(scored[x]))), 1.0])
    ends: list[float] = []
    for place, (label, look, group) in enumerate(groups):
        aside = np.exp(gap * ((place + 0.5) / len(groups) - 0.5))
        at = group[x] * 0 + group[x].median() if at_median else group[x]
        seen = {value: mean_interval(tests) for value, tests in group.groupby(at)["quality.test"]}
        rows = pd.DataFrame([(v * aside, s.mean, s.low, s.high) for v, s in seen.items()])
        rows.columns = pd.Index(["x", "mean", "low", "high"])
        canvas.points(axes, group[x] * aside, group["quality.test"], look["color"])
        draw_bars(axes, rows, look, label)
        ends += [*rows["low"], *rows["high"]]
    known = {"trivial baseline": runs["quality.baseline"].mean(), "optimum": runs["quality.optimum"].mean()}
    references = {name: float(value) for name, value in known.items() if np.isfinite(value)}
    canvas.fit_y(axes, scored["quality.test"].to_numpy(), np.array(ends, float), references)
    axes.set_ylabel(metric_axis("test", scored))
