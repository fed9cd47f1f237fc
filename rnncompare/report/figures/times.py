"""Times: of one update, and to the target quality."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import MUTED
from rnncompare.report.figures.palette import colour
from rnncompare.report.figures.series import series_of, task_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas.api.typing import SeriesGroupBy

NEVER, NEVER_TEXT = 0.76, 0.9  # as shares of the axis: above the first, runs that never reached the target


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
    """Medians where more than half of the runs reached the target, and how many did not."""
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
