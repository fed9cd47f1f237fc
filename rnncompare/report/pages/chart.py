"""Small charts: intervals one under the other, lines over x, points against points, laid out as marks."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np

from rnncompare.report.pages.axes import LEFT, Axis, fitted, fitted_upright, x_axis, y_axis
from rnncompare.report.pages.marks import SMALL, WIDTH, Chart, Dots, Label, Mark, Marker, Stroke
from rnncompare.report.style import printable

RIGHT, TOP = 12.0, 10.0
NAME = 14.0  # of a y axis, above it
ROW, LINE = 38.0, 12.0  # of a chart of intervals: a row, and what a second line of its label adds


@dataclass(frozen=True)
class Bar:
    """A row of `intervals`: an estimate with the ends of its interval, NaN where unknown, infinite where open.

    ``absent`` is what stands there in place of an estimate that is not known.
    """

    label: str
    mean: float
    low: float
    high: float
    role: str
    shape: str
    note: str = ""
    absent: str = "no figure"


@dataclass
class Line:
    """A series of `curves`: means over x with intervals, and single runs."""

    name: str
    role: str
    shape: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    dots: Sequence[tuple[float, float]] = field(default_factory=list)
    banded: bool = False


def intervals(
    title: str, description: str, bars: Sequence[Bar], margin: float | None, unit: str, furthest: float = math.inf
) -> Chart:
    """Estimates with their intervals, one under the other, about zero and within ± margin shaded.

    What reaches beyond the axis, which goes no farther than ``furthest``, ends in an arrow.
    """
    axis = _interval_axis(bars, margin, furthest)
    labels = [_label_lines(bar) for bar in bars]
    *tops, end = accumulate((ROW + LINE * (len(lines) - 1) for lines in labels), initial=TOP)
    bottom = end + 4
    marks: list[Mark] = []
    if margin and axis.holds(0):
        left, right = axis.at(-margin), axis.at(margin)
        marks.append(Stroke([(left, TOP), (right, TOP), (right, bottom), (left, bottom)], "margin", filled=True))
    marks += x_axis(axis, bottom, unit)
    if axis.holds(0):
        marks.append(Stroke([(axis.at(0), TOP), (axis.at(0), bottom)], "muted"))
    for bar, lines, top in zip(bars, labels, tops, strict=True):
        marks += _bar(bar, lines, axis, top)
    return Chart(title, description, bottom + 36, marks)


def _interval_axis(bars: Sequence[Bar], margin: float | None, furthest: float) -> Axis:
    means = [bar.mean for bar in bars if math.isfinite(bar.mean)]
    ends = [end for bar in bars for end in (bar.low, bar.high) if math.isfinite(end)]
    reach = 1.3 * (margin or 0.0)
    if ends or means:
        widest = np.quantile(np.abs([*ends, *means]), 0.9)
        reach = max(reach, 1.15 * float(widest))
    reach = min(reach, furthest) or 1.0
    return Axis(-reach, reach, 14.0, WIDTH - 14.0)


def _label_lines(bar: Bar) -> list[str]:
    """The label of a row, in one line or two, which leave room for its note."""
    room = max(12, 62 - len(bar.note))
    return textwrap.wrap(printable(bar.label, 200), room, max_lines=2, placeholder="…") or [""]


def _bar(bar: Bar, label: Sequence[str], axis: Axis, top: float) -> list[Mark]:
    y = top + 25 + LINE * (len(label) - 1)
    marks: list[Mark] = [Label(4, top + 13 + LINE * i, text, size=SMALL) for i, text in enumerate(label)]
    if bar.note:
        marks.append(Label(WIDTH - 4, top + 13, bar.note, "end", bar.role, SMALL, bold=True))
    if not math.isfinite(bar.mean):
        return [*marks, Label(axis.at(0) + 6, y + 3, bar.absent, role="muted", size=SMALL)]
    low, high = bar.low, bar.high
    if low == low and high == high:
        left, right = axis.at(low), axis.at(high)
        marks.append(Stroke([(left, y), (right, y)], bar.role, 2.0))
        marks += [_arrow(axis.start, y, -1, bar.role)] * (low < axis.low)
        marks += [_arrow(axis.end, y, 1, bar.role)] * (high > axis.high)
    if axis.holds(bar.mean):
        marks.append(Marker(axis.at(bar.mean), y, bar.shape, bar.role))
    else:
        side = 1 if bar.mean > axis.high else -1
        at = axis.end if side > 0 else axis.start
        marks += [Marker(at - 10 * side, y, bar.shape, bar.role), _arrow(at, y, side, bar.role)]
    return marks


def _arrow(x: float, y: float, side: int, role: str) -> Stroke:
    return Stroke([(x + 7 * side, y), (x - side, y - 4), (x - side, y + 4)], role, filled=True)


def curves(title: str, description: str, lines: Sequence[Line], x: str, y: str, log_x: bool = True) -> Chart:
    """Lines with intervals over x, with a legend above."""
    top = TOP + 15.0 * len(lines) + 4 + NAME
    bottom = top + 170
    xs = _finite(value for line in lines for value in [*line.x, *(dot[0] for dot in line.dots)])
    ys = _finite(v for line in lines for v in [*line.y, *(dot[1] for dot in line.dots)])
    ends = _finite(v for line in lines for v in [*line.low, *line.high])
    wide = min(xs, default=0) > 0 and max(xs) >= 3 * min(xs)  # over less a linear axis has the rounder numbers
    across = fitted(xs, LEFT + 8, WIDTH - RIGHT - 8, log_x and wide)
    up = fitted_upright(ys, ends, bottom, top)
    marks = [*x_axis(across, bottom, x, LEFT, list(dict.fromkeys(sorted(xs)))), *y_axis(up, y, top)]
    marks += [_dots(line.dots, line.role, across, up) for line in lines if line.dots]
    for line in lines:
        marks += _line(line, across, up, min(0.18, 0.5 / len(lines)))
    marks += _legend(lines)
    return Chart(title, description, bottom + 36, marks)


def scatter(title: str, description: str, points: Sequence[tuple[float, float]], role: str, x: str, y: str) -> Chart:
    """Points of one quantity against the same of another, with the diagonal on which they are equal."""
    values = _finite(value for point in points for value in point)
    top = TOP + NAME
    bottom = top + 225.0
    across, up = fitted(values, LEFT + 8, WIDTH - RIGHT - 8, False), fitted(values, bottom - 8, top + 8, False)
    ends = [(across.start, up.start), (across.end, up.end)]
    marks = [*x_axis(across, bottom, x, LEFT), *y_axis(up, y, top), Stroke(ends, "muted", dashed=True)]
    return Chart(title, description, bottom + 36, [*marks, _dots(points, role, across, up)])


def _dots(points: Sequence[tuple[float, float]], role: str, across: Axis, up: Axis) -> Dots:
    return Dots([(across.at(x), up.at(y)) for x, y in points if math.isfinite(x + y)], role)


def _finite(values: Iterable[float]) -> list[float]:
    return [float(value) for value in values if value is not None and math.isfinite(value)]


def _line(line: Line, across: Axis, up: Axis, opacity: float) -> list[Mark]:
    """The line over its band of that opacity, or with its intervals; few markers on a band, of many points."""
    marks: list[Mark] = []
    known = [i for i in range(len(line.x)) if math.isfinite(line.x[i]) and math.isfinite(line.y[i])]
    places = [(across.at(line.x[i]), up.at(line.y[i])) for i in known]
    whole = [i for i in known if len(line.low) and line.low[i] == line.low[i] and line.high[i] == line.high[i]]
    if line.banded and len(whole) > 1:
        edge = [(across.at(line.x[i]), up.at(line.low[i])) for i in whole]
        edge += [(across.at(line.x[i]), up.at(line.high[i])) for i in reversed(whole)]
        marks.append(Stroke(edge, line.role, filled=True, opacity=opacity))
    elif not line.banded:
        for i in whole:
            x = across.at(line.x[i])
            marks.append(Stroke([(x, up.at(line.low[i])), (x, up.at(line.high[i]))], line.role, 1.3))
    if len(places) > 1:
        marks.append(Stroke(places, line.role, 1.8))
    marked = places[:: math.ceil(len(places) / 6)] if line.banded and places else places
    return marks + [Marker(x, y, line.shape, line.role) for x, y in marked]


def _legend(lines: Sequence[Line]) -> list[Mark]:
    marks: list[Mark] = []
    for place, line in enumerate(lines):
        y = TOP + 15.0 * place
        marks.append(Marker(LEFT + 6, y + 4, line.shape, line.role))
        marks.append(Label(LEFT + 16, y + 8, printable(line.name, 48), size=SMALL))
    return marks
