"""What all figures share: size and settings, titles and legends, scales and ticks, text that is safe to draw."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator
from matplotlib.transforms import Transform
from numpy.typing import ArrayLike

from rnncompare.base.wording import printable
from rnncompare.report.figures.palette import colour

INK, MUTED, RULE = colour("ink"), colour("muted"), colour("rule")
SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "text.color": INK,
    "axes.titlesize": 9,
    "axes.labelcolor": INK,
    "axes.edgecolor": RULE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.facecolor": "none",
    "grid.color": colour("grid"),
    "grid.linewidth": 0.7,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.usetex": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "rnncompare",  # the same figure gives the same file
}
WIDE, NARROW = 8.0, 5.2  # inches
DOTS = "dots"  # the id of lines that are many points
HALF_BAND = 0.16  # opacity of a band


def panels(
    rows: int, columns: int, height: float, width: float = WIDE, share_y: bool = False
) -> tuple[Figure, np.ndarray]:
    """A figure with a grid of axes, with a y axis shared by each row if ``share_y``; sizes in inches."""
    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, squeeze=False, sharey="row" if share_y else False)


def canvas(height: float, width: float = NARROW) -> tuple[Figure, Axes]:
    """A figure with one pair of axes."""
    made, grid = panels(1, 1, height, width)
    return made, grid[0, 0]


def plain(text: object, longest: int = 80) -> str:
    """``text`` so that matplotlib draws it literally: printable, no mathematics, never hidden from a legend."""
    shown = printable(text, longest)
    return (" " + shown if shown.startswith("_") else shown).replace("$", r"\$")


def slug(text: str, number: int | None = None) -> str:
    """A file name and anchor for ``text``; ``number`` distinguishes texts that differ only in unsafe characters."""
    safe = re.sub(r"[^A-Za-z0-9.]+", "_", text).strip("_.")
    whole = number is None or (safe == re.sub(r"[, ]+", "_", text) and len(safe) <= 80)
    return safe[:80] if whole else f"{safe[:80]}-{number}"


def headline(figure: Figure, title: str, note: str) -> None:
    """The title and, below it, a smaller line on what is drawn, both at the left edge."""
    figure.suptitle(f"{plain(title)}\n", x=0.012, ha="left", va="top", fontsize=11, fontweight="bold", color=INK)
    below = 1 - 0.27 / figure.get_figheight()
    figure.text(0.012, below, plain(note, 130), ha="left", va="top", fontsize=8, color=MUTED)


def legend(figure: Figure, *axes: Axes) -> None:
    """One legend below the figure, each label once; the figure grows by its height."""
    named = {name: handle for each in axes for handle, name in zip(*each.get_legend_handles_labels(), strict=True)}
    if not named:
        return
    widest = max(map(len, named))
    room = 13.0 * figure.get_figwidth()  # characters
    columns = max(1, min(len(named), int(room // (widest + 7))))
    rows = math.ceil(len(named) / columns)
    figure.set_figheight(figure.get_figheight() + 0.17 * rows)
    figure.legend(
        list(named.values()),
        list(named),
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        fontsize=8,
        labelcolor=INK,
    )


def points(axes: Axes, x: ArrayLike, y: ArrayLike, color: str) -> None:
    """Single runs: small, faint points behind the means."""
    axes.plot(x, y, "o", color=color, markersize=3.4, markeredgewidth=0, alpha=0.45, gid=DOTS, zorder=1.5)


def logarithmic(axes: Axes, values: Iterable[float], always: bool = False) -> bool:
    """Make the y axis logarithmic if the values span enough to need it, with plain numbers as labels."""
    finite = np.array([value for value in values if math.isfinite(value)])
    if not len(finite) or finite.min() <= 0 or (finite.max() < 20 * finite.min() and not always):
        return False
    log_axis(axes, "y", finite.max() / finite.min())
    return True


def log_axis(axes: Axes, which: str, ratio: float) -> None:
    """A logarithmic axis with plain numbers at its ticks, as many as a span of this ``ratio`` needs."""
    getattr(axes, f"set_{which}scale")("log")
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0,) if ratio > 1000 else (1.0, 2.0, 5.0), numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def counts(axes: Axes, values: Iterable[float]) -> None:
    """A logarithmic x axis labelled with the counts that occur, as far as there is room."""
    axes.set_xscale("log")
    present = sorted(set(values))
    span = np.log(present[-1] / present[0])
    shown = present[:1]
    for value in present[1:]:
        if np.log(value / shown[-1]) > 0.1 * span:
            shown.append(value)
    axes.set_xticks(shown, [f"{value:,.0f}" for value in shown])
    axes.minorticks_off()
    margin = max(0.08 * span, 0.25)
    axes.set_xlim(present[0] * np.exp(-margin), present[-1] * np.exp(margin))


def fit_y(axes: Axes, values: np.ndarray, ends: np.ndarray, references: Mapping[str, float]) -> None:
    """Fit the y axis to what is drawn; draw labelled lines for references, or note that they lie outside the axis.

    A reference or interval much farther from the values than their own span does not stretch the axis, because that
    would squeeze the values.

    Args:
        axes: with its scale set.
        values: all points drawn.
        ends: the ends of their intervals.
        references: values by name.
    """
    transform = axes.yaxis.get_transform()
    with np.errstate(divide="ignore", invalid="ignore"):
        at = {name: float(transform.transform(np.array([value]))[0]) for name, value in references.items()}
        places, ends = transform.transform(values), transform.transform(ends)
    places = places[np.isfinite(places)]
    if not len(places):
        return
    low, high = places.min(), places.max()
    span = max(high - low, 0.02 * abs(high), 1e-9)
    near = {name for name in at if low - span <= at[name] <= high + span}
    seen = [*np.clip(ends[np.isfinite(ends)], low - 0.6 * span, high + 0.6 * span), *(at[name] for name in near)]
    low, high = min([low, *seen]), max([high, *seen])
    pad = 0.09 * max(high - low, span)
    axes.set_ylim(*transform.inverted().transform(np.array([low - pad, high + pad])))
    for name, value in references.items():
        above = bool(at[name] > (low + high) / 2)
        words = f"{name} {value:.3g}"
        if name in near:
            axes.axhline(value, color=MUTED, linewidth=1.2, linestyle=":", zorder=1)
            _at_right(axes, words, value, axes.get_yaxis_transform(), upwards=above)
        else:
            edge = "above" if above else "below"
            _at_right(axes, f"{words} ({edge} the axis)", float(above), axes.transAxes, upwards=not above)


def _at_right(axes: Axes, words: str, y: float, where: Transform, upwards: bool) -> None:
    axes.annotate(
        words,
        (0.995, y),
        (0, 2 if upwards else -2),
        xycoords=where,
        textcoords="offset points",
        ha="right",
        va="bottom" if upwards else "top",
        fontsize=7.5,
        color=MUTED,
        bbox={"facecolor": colour("page"), "alpha": 0.7, "linewidth": 0, "pad": 0.5},
    )
