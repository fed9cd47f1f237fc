"""Learning curves: of all runs of a task, and of a single run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.records import CURVE_COLUMNS
from rnncompare.report import style
from rnncompare.report.figures.series import legend_name, metric_axis, seeds_note, series_of, task_name
from rnncompare.report.style import GREY, plain

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def learning_curves(runs: pd.DataFrame, curves: pd.DataFrame) -> Figure | None:
    """The validation metric of one task against updates and seconds, a row of panels for each training-set size."""
    curves = curves.dropna(subset=["validation_metric"])
    drawn = runs[(runs["status"] == "completed") & runs["run_id"].isin(curves["run_id"])]
    drawn = drawn.dropna(subset=["data.train_examples"])
    if drawn.empty:
        return None
    sizes = sorted(drawn["data.train_examples"].unique())
    figure, grid = style.panels(len(sizes), 2, height=1.6 + 2.1 * len(sizes), share_y=True)
    for size, row in zip(sizes, grid, strict=True):
        of_size = drawn[drawn["data.train_examples"] == size]
        style.logarithmic(row[0], curves.loc[curves["run_id"].isin(of_size["run_id"]), "validation_metric"])
        for axes, x in zip(row, ("update", "seconds"), strict=True):
            for name, look, group in series_of(runs, of_size, "variant"):
                mine = [curve for _, curve in curves[curves["run_id"].isin(group["run_id"])].groupby("run_id")]
                _mean_curve(axes, mine, x, look, legend_name(name, runs, "variant"))
        row[0].set_title(f"{size:,.0f} training examples", loc="left")
    grid[-1][0].set_xlabel("updates")
    grid[-1][1].set_xlabel("training time (s)")
    figure.supylabel(metric_axis("validation", drawn), fontsize=10, multialignment="center")
    note = seeds_note(drawn, "variant", "mean, and band from the lowest to the highest of {}", "one seed each: no band")
    style.legend(figure, *grid.flat)
    style.headline(figure, f"{task_name(runs)}: learning curves", f"{note}; after its end a run keeps its last value")
    return figure


def _mean_curve(axes: Axes, curves: list[pd.DataFrame], x: str, look: dict[str, Any], name: str) -> None:
    start, end = max(curve[x].iloc[0] for curve in curves), max(curve[x].iloc[-1] for curve in curves)
    points = np.unique(np.concatenate([curve[x] for curve in curves]))
    points = points[(points >= start) & (points <= end)]
    values = np.stack([np.interp(points, curve[x], curve["validation_metric"]) for curve in curves])
    axes.plot(points, values.mean(0), label=name, markevery=max(1, len(points) // 6), **(look | {"markersize": 5}))
    if len(curves) > 1:
        axes.fill_between(points, values.min(0), values.max(0), color=look["color"], alpha=0.15, linewidth=0)


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
        model: its name, which has a colour.
        title: what the run was, in a few words.
        path: the file, its suffix ``.png`` or ``.svg``.
        metric: the metric's name, as ``quality.metric`` of the record.
    """
    import pandas as pd

    table = pd.DataFrame(curve, columns=list(CURVE_COLUMNS)).astype("float64")
    figure, ((losses, quality),) = style.panels(1, 2, height=3.6)
    own = style.line(model)["color"]
    for column, colour, line in (("train_loss", GREY, "--"), ("validation_loss", own, "-")):
        losses.plot(table["update"], table[column], line, color=colour, label=column.replace("_", " "))
    quality.plot(table["update"], table["validation_metric"], color=own)
    losses.legend()
    for axes, values in (
        (losses, table[["train_loss", "validation_loss"]].stack()),
        (quality, table["validation_metric"]),
    ):
        style.logarithmic(axes, values)
        axes.set_xlabel("updates")
    losses.set_ylabel("loss")
    quality.set_ylabel(plain(f"validation {style.metric_label(metric)}"))
    style.headline(figure, title, "one run, one seed")
    style.save(figure, Path(path))
