"""Lines over an axis, from plain tables: a mean with its band or intervals for each name, and single runs as dots.

The tables have the columns ``name``, ``x``, ``mean``, ``low`` and ``high``, the dots ``name``, ``x`` and ``y``; unknown
intervals are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import HALF_BAND, INK, MUTED, plain
from rnncompare.report.figures.palette import colour, model_looks

LOG_FROM = 3.0  # ratio from which an axis is logarithmic; below it a linear axis has rounder numbers
FEW = 6  # markers on a line of many points


def mean_curve(curves: Sequence[pd.DataFrame], x: str = "update", most: int = 60) -> pd.DataFrame:
    """The mean validation metric of several runs over ``x``, with the lowest and the highest.

    After its end a run keeps its last value.

    Args:
        curves: of the runs, as `rnncompare.records.load_curves` returns them.
        x: ``update`` or ``seconds``.
        most: about how many points the result has at most.
    """
    start, end = max(curve[x].iloc[0] for curve in curves), max(curve[x].iloc[-1] for curve in curves)
    places = np.unique(np.concatenate([curve[x] for curve in curves]))
    places = places[(places >= start) & (places <= end)]
    step = math.ceil(len(places) / most)
    places = np.union1d(places[::step], places[-1:])
    values = np.stack([np.interp(places, curve[x], curve["validation_metric"]) for curve in curves])
    low, high = (values.min(0), values.max(0)) if len(curves) > 1 else (np.nan, np.nan)
    return pd.DataFrame({"x": places, "mean": values.mean(0), "low": low, "high": high})


def draw_band(axes: Axes, rows: pd.DataFrame, look: dict[str, Any], label: str, opacity: float = HALF_BAND) -> None:
    """A line of means with a band between ``low`` and ``high``, and a few markers."""
    axes.plot(rows["x"], rows["mean"], label=plain(label), markevery=max(1, len(rows) // FEW), **look)
    known = rows.dropna(subset=["low", "high"])
    if len(known):
        axes.fill_between(known["x"], known["low"], known["high"], color=look["color"], alpha=opacity, linewidth=0)


def draw_bars(axes: Axes, rows: pd.DataFrame, look: dict[str, Any], label: str) -> None:
    """A line of means with an interval at each; on a logarithmic axis, intervals are kept above 0."""
    mean, lower, upper = (rows[column].to_numpy(float) for column in ("mean", "low", "high"))
    below, above = np.nan_to_num(mean - lower), np.nan_to_num(upper - mean)
    if axes.get_yscale() == "log":
        below = np.minimum(below, 0.999 * mean)
    error = [np.maximum(below, 0), np.maximum(above, 0)] if np.any(below) or np.any(above) else None
    axes.errorbar(rows["x"], mean, yerr=error, elinewidth=1.2, label=plain(label), **look)


def curves_with_band(
    rows: pd.DataFrame, x: str, y: str, dots: pd.DataFrame | None = None, banded: bool = True, log_x: bool = False
) -> Figure:
    """A line for each name over ``x``, with bands or with intervals at its points.

    Args:
        rows: as above.
        x: the label of the x axis.
        y: the label of the y axis.
        dots: single runs.
        banded: bands between ``low`` and ``high``, for lines of many points, instead of intervals.
        log_x: whether the x axis may be logarithmic, which it is if the values span enough.
    """
    figure, axes = canvas.canvas(3.0)
    draw_lines(axes, rows, dots, banded, log_x)
    axes.set_xlabel(plain(x))
    axes.set_ylabel(y)
    canvas.legend(figure, axes)
    return figure


def draw_lines(
    axes: Axes, rows: pd.DataFrame, dots: pd.DataFrame | None = None, banded: bool = False, log_x: bool = True
) -> None:
    """The lines of `curves_with_band` on given axes, with suitable scales."""
    looks = model_looks(dict.fromkeys(rows["name"]))
    shown = rows["mean"] if dots is None else np.concatenate([rows["mean"], dots["y"]])
    canvas.logarithmic(axes, shown)
    if dots is not None:
        for name, group in dots.groupby("name", sort=False):
            canvas.points(axes, group["x"], group["y"], looks[name]["color"])
    for name, group in rows.groupby("name", sort=False):
        known = group.dropna(subset=["x", "mean"]).sort_values("x")
        if banded:
            draw_band(axes, known, looks[name], str(name), min(HALF_BAND, 0.5 / len(looks)))
        else:
            draw_bars(axes, known, looks[name], str(name))
    present = rows["x"].dropna()
    if log_x and len(present) and present.min() > 0 and present.max() >= LOG_FROM * present.min():
        if present.nunique() <= 8:
            canvas.counts(axes, present)
        else:
            canvas.log_axis(axes, "x", present.max() / present.min())
    canvas.fit_y(axes, np.asarray(shown, float), rows[["low", "high"]].to_numpy(float).ravel(), {})


def difference_over_training(rows: pd.DataFrame, unit: str, margin: float | None = None, x: str = "updates") -> Figure:
    """The difference of two models over the course of training, with zero and the margin.

    Args:
        rows: ``x``, ``mean``, ``low`` and ``high`` (valid at one place named beforehand), and ``band_low`` and
            ``band_high`` (valid over all places).
        unit: of the difference.
        margin: shaded on both sides of zero.
        x: the label of the x axis.
    """
    figure, axes = canvas.canvas(3.0)
    if margin:
        axes.axhspan(-margin, margin, color=colour("margin"), linewidth=0, zorder=0)
    axes.axhline(0, color=MUTED, linewidth=1, zorder=1)
    axes.fill_between(rows["x"], rows["band_low"], rows["band_high"], color=INK, alpha=HALF_BAND, linewidth=0)
    axes.plot(rows["x"], rows["mean"], color=INK, linewidth=1.6)
    for end in ("low", "high"):
        axes.plot(rows["x"], rows[end], color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
    if len(rows) and rows["x"].min() > 0 and rows["x"].max() >= LOG_FROM * rows["x"].min():
        canvas.log_axis(axes, "x", rows["x"].max() / rows["x"].min())
    axes.set_xlabel(plain(x))
    axes.set_ylabel(plain(f"difference ({unit})"))
    return figure


def rate_response(rows: pd.DataFrame, y: str, chosen: dict[str, float] | None = None) -> Figure:
    """The score of each model over the learning rate, with a ring around the rate that tuning chose.

    Args:
        rows: ``name``, ``x`` (learning rate), ``mean``, ``low``, ``high``.
        y: the label of the score, with its direction.
        chosen: the learning rate by name.
    """
    figure, axes = canvas.canvas(3.0)
    draw_lines(axes, rows)
    canvas.log_axis(axes, "x", 1e4)
    for name, rate in (chosen or {}).items():
        own = rows[(rows["name"] == name) & np.isclose(rows["x"], rate)]
        axes.plot(own["x"], own["mean"], "o", markersize=11, markerfacecolor="none", markeredgecolor=INK, zorder=3)
    axes.set_xlabel("learning rate (ringed: the one chosen)" if chosen else "learning rate")
    axes.set_ylabel(y)
    canvas.legend(figure, axes)
    return figure


def pairs(rows: pd.DataFrame, first: str, second: str) -> Figure:
    """Each pair of runs as a point: the score of one model against the other's, with the diagonal of equal scores.

    Args:
        rows: with the columns ``first`` and ``second``.
        first: the label of the x axis.
        second: the label of the y axis.
    """
    figure, axes = canvas.canvas(3.4)
    finite = rows[["first", "second"]].to_numpy(float)
    finite = finite[np.isfinite(finite).all(1)]
    if len(finite):
        ends = [finite.min(), finite.max()]
        axes.plot(ends, ends, linestyle=(0, (4, 3)), color=MUTED, linewidth=1)
        canvas.points(axes, finite[:, 0], finite[:, 1], colour("other"))
    axes.set_xlabel(plain(first))
    axes.set_ylabel(plain(second))
    return figure
