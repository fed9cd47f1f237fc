"""Does a GRU train faster on less data? Updates to a stated quality, and the quality at the end, over data size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import MUTED, plain
from rnncompare.report.figures.lines import draw_bars
from rnncompare.report.figures.palette import colour, model_looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
WIDTH, HEIGHT = 2.5, 1.75  # inches of a panel


@dataclass(frozen=True)
class Panel:
    """One task of the figure.

    Attributes:
        title: of the task.
        goal: the stated quality, in words.
        metric: the label of the axis of test quality.
        rows: ``name`` (the model), ``x`` (training examples), ``soonest``, ``updates`` and ``latest`` (quartiles over
            seeds; infinite where that share of them never got there), and ``mean``, ``low`` and ``high`` of test
            quality.
    """

    title: str
    goal: str
    metric: str
    rows: pd.DataFrame


def sooner_and_better(panels: Sequence[Panel]) -> Figure:
    """For each task how soon each model gets to a stated quality, and below it how well it ends, over data size."""
    columns = min(COLUMNS, len(panels))
    blocks = math.ceil(len(panels) / columns)
    figure, grid = canvas.panels(2 * blocks, columns, height=2 * blocks * HEIGHT + 0.6, width=columns * WIDTH)
    looks = model_looks(sorted({name for panel in panels for name in panel.rows["name"]}))
    for axes in grid.ravel():
        axes.set_visible(False)
    for number, panel in enumerate(panels):
        block, column = divmod(number, columns)
        soon, end = grid[2 * block, column], grid[2 * block + 1, column]
        task, _, which = panel.title.removesuffix(")").partition(" (")  # too long for one line over a panel
        goal = f"{which}, {panel.goal}" if which else panel.goal
        soon.set_title(f"{plain(task, 30)}\n", fontsize=8, fontweight="bold", loc="left")
        soon.text(0, 1.03, plain(goal, 46), transform=soon.transAxes, fontsize=6.5, color=MUTED, va="bottom")
        _updates(soon, panel.rows, looks)
        _quality(end, panel, looks)
        if column == 0:
            soon.set_ylabel("updates to get there\nlower is better", fontsize=7.5)
        end.set_xlabel("training examples", fontsize=7.5)
        for axes in (soon, end):
            axes.set_visible(True)
            axes.tick_params(labelsize=7.5)
    canvas.legend(figure, *grid.ravel())
    return figure


def _updates(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, dict[str, Any]]) -> None:
    """Medians and quartiles; what never got there stands at the top of the axis, hollow."""
    reached = rows[["soonest", "updates", "latest"]].to_numpy(float)
    known = reached[np.isfinite(reached)]
    low, high = (known.min(), known.max()) if len(known) else (1.0, 1.0)
    never = 1.8 * high
    canvas.log_axis(axes, "y", high / low)
    for name, own in rows.groupby("name", sort=False):
        look = looks[str(name)]
        quartiles = own.sort_values("x")[["x", "soonest", "updates", "latest"]].replace(math.inf, never)
        quartiles.columns = pd.Index(["x", "low", "mean", "high"])
        draw_bars(axes, quartiles, look, str(name))
        lost = quartiles[quartiles["mean"] == never]
        axes.plot(lost["x"], lost["mean"], **look | {"markerfacecolor": colour("page"), "linestyle": ""}, zorder=3)
    if not np.isfinite(reached).all():
        axes.axhline(never, color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
        at: dict[str, Any] = {
            "xycoords": ("axes fraction", "data"),
            "textcoords": "offset points",
            "ha": "right",
            "va": "bottom",
        }
        axes.annotate("never", (1, never), (0, 2), **at, fontsize=7, color=MUTED)
    axes.set_ylim(0.7 * low, 1.5 * never)
    canvas.counts(axes, rows["x"])


def _quality(axes: Axes, panel: Panel, looks: Mapping[str, dict[str, Any]]) -> None:
    for name, own in panel.rows.groupby("name", sort=False):
        draw_bars(axes, own.sort_values("x"), looks[str(name)], str(name))
    axes.set_ylabel(panel.metric, fontsize=7.5)
    canvas.counts(axes, panel.rows["x"])
