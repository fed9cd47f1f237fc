"""Figures of runs: learning curves, the time of an update, and the time to the target quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas.api.typing import SeriesGroupBy

from rnncompare.base.wording import loss_label, metric_label
from rnncompare.records import CURVE_COLUMNS
from rnncompare.report.figures import canvas, svg
from rnncompare.report.figures.canvas import MUTED, plain
from rnncompare.report.figures.lines import draw_band, mean_curve
from rnncompare.report.figures.palette import colour, model_look
from rnncompare.report.figures.run_scores import metric_axis, seeds_note, series_of, task_name


def learning_curves(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """The validation metric of one task over updates and over seconds, a row of panels for each training-set size.

    Args:
        runs: of the task, labelled.
        curves: as `rnncompare.records.load_curves` returns them.
    """
    curves = curves[curves["run_id"].isin(runs["run_id"])].dropna(subset=["validation_metric"])
    drawn = runs[runs["run_id"].isin(curves["run_id"])].dropna(subset=["data.train_examples"])
    if drawn.empty:
        return None
    by_run = dict(list(curves.groupby("run_id")))
    sizes = sorted(drawn["data.train_examples"].unique())
    figure, grid = canvas.panels(len(sizes), 2, height=1.4 + 2.2 * len(sizes), share_y=True)
    for size, row in zip(sizes, grid, strict=True):
        of_size = drawn[drawn["data.train_examples"] == size]
        canvas.logarithmic(row[0], curves[curves["run_id"].isin(of_size["run_id"])]["validation_metric"])
        for axes, x in zip(row, ("update", "seconds"), strict=True):
            for label, look, group in series_of(runs, of_size, "variant"):
                draw_band(axes, mean_curve([by_run[run] for run in group["run_id"]], x), look, label)
        row[0].set_title(f"{size:,.0f} training examples", loc="left", fontsize=9)
    grid[-1][0].set_xlabel("updates")
    grid[-1][1].set_xlabel("training time (s)")
    figure.supylabel(metric_axis("validation", drawn), fontsize=8.5, multialignment="center")
    note = seeds_note(drawn, "variant", "mean, and band from the lowest to the highest of {}", "one seed each: no band")
    canvas.legend(figure, *grid.flat)
    canvas.headline(figure, f"{task_name(runs)}: learning curves", f"{note}; after its end a run keeps its last value")
    return figure


def learning_curve(
    curve: Iterable[Mapping[str, Any]] | pd.DataFrame,
    model: str,
    title: str,
    path: str | Path,
    metric: str | None = None,
) -> None:
    """Draw the learning curve of a single run: losses on the left, the validation metric on the right.

    Args:
        curve: rows with the keys `rnncompare.records.CURVE_COLUMNS`.
        model: its name, which sets the colour.
        title: a description of the run in a few words.
        path: the PNG file.
        metric: the metric's name, as ``quality.metric`` of the record.
    """
    table = pd.DataFrame(curve, columns=list(CURVE_COLUMNS)).astype("float64")
    figure, ((losses, quality),) = canvas.panels(1, 2, height=3.4)
    own = model_look(model)["color"]
    for column, shade, line in (("train_loss", MUTED, "--"), ("validation_loss", own, "-")):
        losses.plot(table["update"], table[column], line, color=shade, label=column.replace("_", " "))
    quality.plot(table["update"], table["validation_metric"], color=own)
    losses.legend()
    for axes, values in (
        (losses, table[["train_loss", "validation_loss"]].stack()),
        (quality, table["validation_metric"]),
    ):
        canvas.logarithmic(axes, values)
        axes.set_xlabel("updates")
    losses.set_ylabel(loss_label(metric))
    quality.set_ylabel(plain(f"validation {metric_label(metric)}"))
    canvas.headline(figure, title, "one run, one seed")
    svg.save_png(figure, Path(path))


NEVER, NEVER_TEXT = 0.76, 0.9  # shares of the axis: runs that never reached the target are above the first


def step_time(runs: pd.DataFrame) -> Figure | None:
    """The time of one update of each model on one task, from all its runs."""
    timed = runs[runs["speed.step_ms_median"].notna()]
    if timed.empty:
        return None
    groups = list(series_of(runs, timed, "variant"))[::-1]
    figure, axes = canvas.canvas(1.3 + 0.36 * len(groups), canvas.WIDE)
    for place, (_, look, group) in enumerate(groups):
        middle = group["speed.step_ms_median"].median()
        low, high = group["speed.step_ms_p10"].median(), group["speed.step_ms_p90"].median()
        axes.hlines(place, low, high, color=look["color"], linewidth=5, alpha=0.3)
        canvas.points(axes, group["speed.step_ms_median"], np.full(len(group), place), look["color"])
        axes.plot(middle, place, **(look | {"linestyle": "", "markersize": 8}))
        axes.annotate(
            f"{middle:.3g} ms", (np.nanmax([high, middle]), place), (8, 0), textcoords="offset points", va="center"
        )
    axes.set_yticks(range(len(groups)), [label for label, _, _ in groups])
    axes.set_ylim(-0.6, len(groups) - 0.4)
    axes.set_xlim(0, 1.15 * np.nanmax(timed[["speed.step_ms_median", "speed.step_ms_p90"]].to_numpy()))
    axes.set_xlabel("time of one training update (ms; lower is better)")
    shared = (timed["speed.exclusive"] == False).sum()  # noqa: E712 (null is not false)
    note = f"; {shared} of {len(timed)} runs shared the machine: indicative only" if shared else ""
    canvas.headline(
        figure, f"{task_name(runs)}: time of an update", f"median of all runs, bar from 10th to 90th percentile{note}"
    )
    return figure


def time_to_target(runs: pd.DataFrame) -> Figure | None:
    """Updates and seconds to the target quality at each training-set size; None if no run of the task reached it."""
    runs = runs[runs["data.train_examples"].notna()]
    if not runs["speed.updates_to_target"].notna().any():
        return None
    figure, (row,) = canvas.panels(1, 2, height=4.6)
    sizes = sorted(runs["data.train_examples"].unique())
    groups = list(series_of(runs, runs, "variant"))
    for axes, x, words in zip(row, ("updates", "seconds"), ("updates", "training time (s)"), strict=True):
        column = f"speed.{x}_to_target"
        log = canvas.logarithmic(axes, runs[column])
        for place, (label, look, group) in enumerate(groups):
            at = group["data.train_examples"].map(sizes.index) + 0.8 * ((place + 0.5) / len(groups) - 0.5)
            canvas.points(axes, at, group[column], look["color"])
            _medians(axes, group[column].groupby(at), look, label)
        bottom, top = (runs[column].min() / 1.5 if log else 0.0), runs[column].max()
        axes.set_ylim(bottom, bottom * (top / bottom) ** (1 / NEVER) if log else top / NEVER)
        axes.fill_between((0, 1), NEVER + 0.04, 1, color=colour("panel"), linewidth=0, transform=axes.transAxes)
        axes.text(0.01, NEVER_TEXT, "never", transform=axes.transAxes, va="center", color=MUTED, fontsize=8)
        axes.set_xlim(-0.85, len(sizes) - 0.45)
        axes.set_xticks(range(len(sizes)), [f"{size:,.0f}" for size in sizes])
        axes.grid(visible=False, axis="x")
        axes.set_xlabel("training examples")
        axes.set_ylabel(f"{words} to the target\nlower is better")
    note = (
        "median over seeds, dots are single runs; in the grey band: how many runs never reached the target, of how many"
    )
    canvas.legend(figure, row[0])
    canvas.headline(figure, f"{task_name(runs)}: time to the target quality", note)
    return figure


def _medians(axes: Axes, by_place: SeriesGroupBy, look: dict[str, Any], label: str) -> None:
    """Medians if more than half of the runs reached the target, and how many did not."""
    medians = {at: times.fillna(np.inf).median() for at, times in by_place}
    reached = [median if np.isfinite(median) else np.nan for median in medians.values()]
    axes.plot(list(medians), reached, label=label, **look)
    for at, times in by_place:
        if times.isna().any():
            axes.text(
                at,
                NEVER_TEXT,
                f"{times.isna().sum()} of {len(times)}",
                transform=axes.get_xaxis_transform(),
                color=look["color"],
                rotation=90,
                ha="center",
                va="center",
                fontsize=8,
            )
