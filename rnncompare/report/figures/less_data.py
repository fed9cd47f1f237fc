"""Does a GRU train faster on less data? Updates to a stated quality, and the quality at the end, over data size."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import MUTED, plain
from rnncompare.report.figures.lines import draw_bars
from rnncompare.report.figures.palette import model_looks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS = 4
HEIGHT = 1.75  # inches of a panel


@dataclass(frozen=True)
class Panel:
    """One task of the figure.

    Attributes:
        title: of the task.
        goal: the stated quality, in words.
        metric: the label of the axis of test quality.
        rows: ``name`` (the model), ``x`` (training examples), ``updates`` (median over seeds; NaN where half of them
            never got there), and ``mean``, ``low`` and ``high`` of test quality.
    """

    title: str
    goal: str
    metric: str
    rows: pd.DataFrame


def sooner_and_better(panels: Sequence[Panel]) -> Figure:
    """For each task how soon each model gets to a stated quality, and below it how well it ends, over data size."""
    columns = min(COLUMNS, len(panels))
    blocks = math.ceil(len(panels) / columns)
    figure, grid = canvas.panels(2 * blocks, columns, height=2 * blocks * HEIGHT + 0.6)
    looks = model_looks(sorted({name for panel in panels for name in panel.rows["name"]}))
    for number, panel in enumerate(panels):
        block, column = divmod(number, columns)
        soon, end = grid[2 * block, column], grid[2 * block + 1, column]
        soon.set_title(f"{plain(panel.title, 27)}\n", fontsize=8, fontweight="bold", loc="left")
        soon.text(0, 1.03, plain(panel.goal, 34), transform=soon.transAxes, fontsize=7.5, color=MUTED, va="bottom")
        _updates(soon, panel.rows, looks)
        _quality(end, panel, looks)
        if column == 0:
            soon.set_ylabel("updates to get there\nlower is better")
        end.set_xlabel("training examples")
    for axes in grid.ravel()[[k for k in range(grid.size) if _unused(k, columns, len(panels))]]:
        axes.set_visible(False)
    canvas.legend(figure, grid[0, 0], grid[1, 0])
    return figure


def _unused(place: int, columns: int, panels: int) -> bool:
    row, column = divmod(place, columns)
    return row // 2 * columns + column >= panels


def _updates(axes: Axes, rows: pd.DataFrame, looks: Mapping[str, dict[str, Any]]) -> None:
    """Medians; a model of which half of the runs never got there stands at the top of the axis, hollow."""
    known = rows["updates"].dropna()
    top = 1.6 * known.max() if len(known) else 1.0
    for name, own in rows.groupby("name", sort=False):
        own = own.sort_values("x")
        axes.plot(own["x"], own["updates"], label=plain(name), **looks[str(name)])
        lost = own[own["updates"].isna()]
        hollow = looks[str(name)] | {"markerfacecolor": "none", "linestyle": ""}
        axes.plot(lost["x"], np.full(len(lost), top), **hollow)
    if rows["updates"].isna().any():
        axes.axhline(top, color=MUTED, linewidth=0.7, linestyle=(0, (2, 2)), zorder=0)
        axes.text(
            0.02,
            top * 1.03,
            "never, of half",
            transform=axes.get_yaxis_transform(),
            fontsize=7,
            color=MUTED,
            va="bottom",
        )
    axes.set_ylim(0, 1.2 * top)
    canvas.counts(axes, rows["x"])


def _quality(axes: Axes, panel: Panel, looks: Mapping[str, dict[str, Any]]) -> None:
    for name, own in panel.rows.groupby("name", sort=False):
        draw_bars(axes, own.sort_values("x"), looks[str(name)], str(name))
    axes.set_ylabel(panel.metric, fontsize=7.5)
    canvas.counts(axes, panel.rows["x"])
