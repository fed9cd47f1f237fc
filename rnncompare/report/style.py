"""How plots look: one colour a model everywhere, text that is safe to draw, and names of metrics."""

from __future__ import annotations

import hashlib
import math
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

# Okabe and Ito's colours, safe for the colour-blind, for the plain cells; shades of each hue for their variants.
FAMILIES = {
    "lstm": ("o", "#0072B2", ("#56B4E9", "#003F66", "#7B6FD0", "#3A9A9A")),
    "gru": ("s", "#D55E00", ("#E69F00", "#7F2F00", "#F0907A", "#B5446E")),
    "rnn": ("^", "#009E73", ("#7FBF3F", "#00573F", "#6FD6B5", "#8A8A2B")),
}
OTHERS = ("D", "#CC79A7", ("#000000", "#8C5A2B", "#6B6B6B", "#A349A4"))
MEMBERS = {"cifg": "lstm", "mgu": "gru", "mut": "gru"}  # cells whose names do not hold their family's
MARKERS = "DvP*X<>hpd"
GREY = "#666666"

METRICS = {
    "mean_squared_error": "mean squared error",
    "cross_entropy": "cross-entropy (nats)",
    "bits_per_character": "bits per character",
    "nll_per_frame": "negative log-likelihood (nats per frame)",
}

SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.7,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.usetex": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "rnncompare",  # the same figure gives the same file
}


def line(model: str) -> dict[str, Any]:
    """Colour, line and marker of a model, by its name alone, so that they are the same in every report.

    Hand-written models have solid lines and filled markers, ``torch_`` ones dashed lines and open markers. A variant
    has a shade of its family's hue and a marker of its own.
    """
    name = model.removeprefix("torch_")
    root = next((family for part, family in MEMBERS.items() if part in name), name)
    family = next((family for family in FAMILIES if family in root), "")
    marker, colour, shades = FAMILIES.get(family, OTHERS)
    if name != family:
        digest = hashlib.sha256(name.encode()).digest()
        marker, colour = MARKERS[digest[0] % len(MARKERS)], shades[digest[1] % len(shades)]
    torch = name != model
    return {
        "color": colour,
        "linewidth": 1.8,
        "markersize": 6.5,
        "linestyle": (0, (4, 2)) if torch else "-",
        "marker": marker,
        "markeredgecolor": colour,
        "markerfacecolor": "white" if torch else colour,
    }


def metric_label(metric: str | None) -> str:
    """A metric in words, with its unit."""
    return METRICS.get(metric, metric.replace("_", " ")) if metric else "metric"


def direction(higher_is_better: object) -> str:
    """Which way of a metric is good."""
    return f"{'higher' if higher_is_better else 'lower'} is better"


def printable(text: object, longest: int = 80) -> str:
    """``text`` without control characters and not longer than ``longest``."""
    shown = "".join(character if character.isprintable() else "?" for character in str(text))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def plain(text: object, longest: int = 80) -> str:
    """``text`` as matplotlib draws it literally: printable, no mathematics, never hidden in a legend."""
    shown = printable(text, longest)
    return (" " + shown if shown.startswith("_") else shown).replace("$", r"\$")


def slug(text: str, number: int) -> str:
    """A file name for ``text``; ``number`` keeps apart names that differ only in what a file name cannot hold."""
    safe = re.sub(r"[^A-Za-z0-9.]+", "_", text).strip("_.")
    return safe if safe == re.sub(r"[, ]+", "_", text) and len(safe) <= 80 else f"{safe[:80]}-{number}"


def panels(rows: int, columns: int, height: float, share_y: bool = False) -> tuple[Figure, np.ndarray]:
    """A figure 8 inches wide with a grid of axes, the y axis of each row shared where ``share_y`` is true."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS):
        figure = Figure(figsize=(8, height), layout="constrained")
        return figure, figure.subplots(rows, columns, squeeze=False, sharey="row" if share_y else False)


def figure(height: float) -> tuple[Figure, Axes]:
    """A figure 8 inches wide with one pair of axes."""
    made, grid = panels(1, 1, height)
    return made, grid[0, 0]


def headline(figure: Figure, title: str, note: str) -> None:
    """The title and, under it, a smaller line on what is drawn, both from the left edge."""
    figure.suptitle(f"{plain(title)}\n", x=0.012, ha="left", va="top", fontsize=12, fontweight="bold")
    below = 1 - 0.29 / figure.get_figheight()
    figure.text(0.012, below, plain(note, 130), ha="left", va="top", fontsize=8.5, color=GREY)


def legend(figure: Figure, *axes: Axes) -> None:
    """One legend under the plot, each label once; the figure grows by its height."""
    named = {name: handle for each in axes for handle, name in zip(*each.get_legend_handles_labels(), strict=True)}
    widest = max(map(len, named), default=1)
    rows = math.ceil(len(named) / max(1, 100 // (widest + 8)))
    figure.set_figheight(figure.get_figheight() + 0.19 * rows)
    figure.legend(
        list(named.values()),
        list(named),
        loc="outside lower center",
        ncols=math.ceil(len(named) / max(rows, 1)),
        frameon=False,
        fontsize=9,
    )


def logarithmic(axes: Axes, values: Iterable[float]) -> bool:
    """Make the y axis logarithmic if the values span so much that they need it, with plain numbers as labels."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    finite = np.array([value for value in values if math.isfinite(value)])
    if not len(finite) or finite.min() <= 0 or finite.max() < 20 * finite.min():
        return False
    axes.set_yscale("log")
    wide = finite.max() > 1000 * finite.min()
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    return True


def counts(axes: Axes, values: Iterable[float]) -> None:
    """Label a logarithmic x axis with the counts that occur, as far as they have room."""
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


def reference_lines(axes: Axes, values: np.ndarray, ends: np.ndarray, references: Mapping[str, float]) -> None:
    """Fit the y axis to what is drawn, and draw labelled lines for references, or say at the edge that they lie beyond.

    A reference or an interval much further from the values than their own span would squeeze them, so it does not
    stretch the axis.

    Args:
        axes: with its scale set.
        values: all points drawn.
        ends: the ends of their intervals.
        references: values by their names.
    """
    transform = axes.yaxis.get_transform()
    with np.errstate(divide="ignore", invalid="ignore"):
        at = {name: float(transform.transform(np.array([value]))[0]) for name, value in references.items()}
        places, ends = transform.transform(values), transform.transform(ends)
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
            axes.axhline(value, color=GREY, linewidth=1.2, linestyle=":", zorder=1)
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
        fontsize=8.5,
        color=GREY,
        bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 0.5},
    )


def save(figure: Figure, *paths: Path) -> None:
    """Write a figure as PNG or SVG, by the paths' suffixes; the same figure gives the same bytes."""
    import matplotlib

    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box stands for it
        for path in paths:
            metadata = {"Date": None} if path.suffix == ".svg" else {}
            figure.savefig(path, dpi=200, metadata=metadata)
