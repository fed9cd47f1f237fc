"""Effects and verdicts: estimates with their intervals, one below the other; verdicts by task and by margin.

Verdicts differ in colour and in a sign that is legible in grey.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rnncompare.report.figures import canvas
from rnncompare.report.figures.canvas import INK, MUTED, plain
from rnncompare.report.figures.palette import TASK_VERDICTS, VERDICTS, colour, verdict_look

ROW = 0.34  # inches
LABEL = 70  # characters
CELL = 0.3  # inches
LONGEST = 50  # characters of a line of a label


def intervals(
    rows: pd.DataFrame,
    unit: str,
    margin: float | None = None,
    furthest: float = math.inf,
    width: float = canvas.NARROW,
) -> Figure:
    """Estimates with their intervals around zero; the band within ± margin is shaded.

    Intervals that reach beyond the axis end in an arrow.

    Args:
        rows: ``label``, ``mean``, ``low`` and ``high`` (NaN if unknown, infinite if open); optionally ``verdict``,
            which gives colour, marker and words, ``note``, words instead of the verdict's, ``faint``, for rows that do
            not count, and ``absent``, the words for an unknown estimate.
        unit: of the effect.
        margin: of the claim.
        furthest: the axis goes no farther than this.
        width: inches.
    """
    figure, axes = canvas.canvas(0.55 + ROW * len(rows), width)
    reach = _reach(rows, margin, furthest)
    if margin:
        axes.axvspan(-margin, margin, color=colour("margin"), linewidth=0, zorder=0)
    axes.axvline(0, color=MUTED, linewidth=1, zorder=1)
    for place, row in enumerate(reversed(rows.to_dict("records"))):
        known = {key: value for key, value in row.items() if value is not None and value == value}
        _row(axes, place, known, reach)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.5, len(rows) - 0.35)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(plain(unit))
    return figure


def _reach(rows: pd.DataFrame, margin: float | None, furthest: float) -> float:
    """Half the length of an axis that contains nine tenths of all ends, and the margin."""
    ends = rows[["mean", "low", "high"]].to_numpy(float)
    ends = np.abs(ends[np.isfinite(ends)])
    reach = max(1.3 * (margin or 0.0), 1.15 * float(np.quantile(ends, 0.9)) if len(ends) else 0.0)
    return min(reach, furthest) or 1.0


def _row(axes: Axes, place: int, row: Mapping[Any, Any], reach: float) -> None:
    role, marker, _, words = verdict_look(row["verdict"]) if row.get("verdict") else ("ink", "o", "", "")
    shade = colour("muted" if row.get("faint") else role)
    above: dict[str, Any] = {
        "xycoords": ("axes fraction", "data"),
        "va": "bottom",
        "textcoords": "offset points",
        "fontsize": 7.5,
    }
    note = str(row.get("note") or words)
    label = plain(row["label"], LABEL + 30 - len(note))
    axes.annotate(label, (0, place), (2, 3.5), ha="left", color=INK, **above)
    axes.annotate(plain(note), (1, place), (-2, 3.5), ha="right", color=shade, fontweight="bold", **above)
    mean, low, high = (float(row.get(name, math.nan)) for name in ("mean", "low", "high"))
    y = place - 0.12
    if not math.isfinite(mean):
        words = plain(row.get("absent") or "no figure")
        axes.annotate(words, (0, y), (4, 0), textcoords="offset points", va="center", color=MUTED, fontsize=7.5)
        return
    if low == low and high == high:
        shown = np.clip([low, high], -reach, reach)
        axes.plot(shown, [y, y], color=shade, linewidth=row.get("thick") or 1.8, solid_capstyle="butt")
    for side, beyond in ((-1, min(mean, low) < -reach), (1, max(mean, high) > reach)):
        if beyond:
            axes.plot(side * reach * 0.99, y, marker="<" if side < 0 else ">", color=shade, markersize=6)
    inside = 0.965 * reach if abs(mean) > reach else reach
    axes.plot(np.clip(mean, -inside, inside), y, marker=row.get("marker") or marker, color=shade, markersize=6)


def forest_by_task(
    tasks: pd.DataFrame, general: Mapping[str, float], unit: str, margin: float | None = None, verdict: str = ""
) -> Figure:
    """The effect on each task, and below them the effect in general and the interval for a new task.

    Args:
        tasks: rows as `intervals` takes them.
        general: ``mean``, ``low`` and ``high`` of the effect in general; ``new_low`` and ``new_high``, the interval
            for a new task.
        unit: of the effect.
        margin: of the claim.
        verdict: in general.
    """
    whole = {"label": "in general", "verdict": verdict, "marker": "D", "thick": 2.6}
    new = {"label": "a new task", "low": general["new_low"], "high": general["new_high"], "thick": 5.0, "marker": "|"}
    below = [
        {**whole, **{name: general[name] for name in ("mean", "low", "high")}},
        {**new, "mean": general["mean"], "note": "prediction interval", "faint": True},
    ]
    figure = intervals(pd.concat([tasks, pd.DataFrame(below)], ignore_index=True), unit, margin)
    figure.axes[0].axhline(1.62, color=MUTED, linewidth=0.8)
    return figure


def verdict_map(rows: pd.DataFrame) -> Figure:
    """Tasks by claims, each cell the verdict of a task on a claim; empty if the claim is not about the task.

    Args:
        rows: ``task``, ``claim`` and ``verdict``, in the order to draw them.
    """
    claims, tasks = list(dict.fromkeys(rows["claim"])), list(dict.fromkeys(rows["task"]))
    labels = [textwrap.fill(plain(claim, 2 * LABEL), LONGEST) for claim in claims]
    beside = 0.07 * min(LONGEST, max(map(len, claims)))  # inches that the labels take
    below = 0.06 * min(30, max(map(len, tasks)))
    width = min(max(CELL * len(tasks) + beside + below, canvas.NARROW), 2 * canvas.WIDE)
    figure, axes = canvas.canvas(0.8 + below + CELL * len(claims), width)
    for verdict, cells in _in_order(rows):
        places = [tasks.index(task) for task in cells["task"]], [claims.index(claim) for claim in cells["claim"]]
        _signs(axes, *places, verdict, 15)
    axes.set_xticks(
        range(len(tasks)), [plain(task, 30) for task in tasks], rotation=40, ha="right", rotation_mode="anchor"
    )
    axes.set_yticks(range(len(claims)), labels, fontsize=7.5)
    axes.set_xlim(-0.6, len(tasks) - 0.4)
    axes.set_ylim(len(claims) - 0.4, -0.6)
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines[:].set_visible(False)
    canvas.legend(figure, axes)
    return figure


def _in_order(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The rows of each verdict, the verdicts in the order of the palette."""
    order = [*VERDICTS, *TASK_VERDICTS]
    groups = [(str(verdict), group) for verdict, group in rows.groupby("verdict")]
    return sorted(groups, key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))


def _signs(axes: Axes, x: list[int], y: list[int], verdict: str, size: float) -> None:
    """A square in the verdict's colour with its marker in the page's."""
    role, marker, _, words = verdict_look(verdict)
    axes.plot(x, y, "s", color=colour(role), markersize=size, markeredgewidth=0)
    axes.plot(x, y, marker, linestyle="", color=colour("page"), markersize=0.42 * size, markeredgewidth=0)
    axes.plot([], [], marker, linestyle="", color=colour(role), markersize=6, label=words)


def verdict_by_margin(rows: pd.DataFrame, unit: str) -> Figure:
    """What the verdict would be at margins other than the one written down.

    Args:
        rows: ``label`` (the comparison), ``low`` and ``high`` (a range of margins, in ``unit``), ``verdict`` (within
            it) and ``declared`` (the margin written down).
        unit: of the margin.
    """
    labels = list(dict.fromkeys(rows["label"]))
    figure, axes = canvas.canvas(0.9 + 0.4 * len(labels))
    ends = rows[["low", "high", "declared"]].to_numpy(float)
    far = ends[ends < math.inf].max()
    for verdict, parts in _in_order(rows):
        role, marker, _, words = verdict_look(verdict)
        axes.plot([], [], "s", color=colour(role), label=words)
        for label, low, high in parts[["label", "low", "high"]].itertuples(index=False):
            place, high = labels.index(label), min(high, far)
            axes.barh(place, high - low, left=low, height=0.5, color=colour(role), linewidth=0, zorder=2)
            if high - low > 0.05 * far:
                axes.plot((low + high) / 2, place, marker, color=colour("page"), markersize=6, zorder=3)
    for label, declared in rows[["label", "declared"]].drop_duplicates().itertuples(index=False):
        place = labels.index(label)
        axes.plot([declared, declared], [place - 0.4, place + 0.4], color=INK, linewidth=2, zorder=4)
    axes.plot([], [], color=INK, linewidth=2, label="the margin written down")
    axes.set_yticks(range(len(labels)), [plain(label, 40) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0, far)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(plain(f"margin ({unit})"))
    canvas.legend(figure, axes)
    return figure
