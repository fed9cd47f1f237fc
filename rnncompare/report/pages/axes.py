"""Axes of charts: from values to places, with round numbers at ticks, and the marks that show them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.report.pages.marks import SMALL, WIDTH, Label, Mark, Stroke
from rnncompare.report.style import printable

LEFT = 50.0  # of a chart whose y axis has numbers


@dataclass(frozen=True)
class Axis:
    """A scale from values to places."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The place of a value, at the nearer end where it lies beyond."""
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, self._clipped(value)))
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def holds(self, value: float) -> bool:
        """Whether the value is within it."""
        return self.low <= value <= self.high

    def _clipped(self, value: float) -> float:
        return min(max(value, self.low), self.high)

    def ticks(self) -> list[float]:
        """Round values within it, about five."""
        if self.log:
            return _log_ticks(self.low, self.high)
        raw = (self.high - self.low) / 4
        power = 10.0 ** math.floor(math.log10(raw))
        step = next(power * multiple for multiple in (1, 2, 2.5, 5, 10) if power * multiple >= raw)
        first = math.ceil(self.low / step - 1e-9)
        return [step * number for number in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0)):
        ticks = [m * 10.0**decade for decade in decades for m in multiples if low <= m * 10.0**decade <= high]
        if len(ticks) >= 3:
            break
    if len(ticks) < 2:
        return [low, high]
    return ticks[:: math.ceil(len(ticks) / 6)]


def _number(value: float) -> str:
    """A number for an axis."""
    if value != value or math.isinf(value):
        return "?"
    if abs(value) >= 10_000:
        return f"{value / 1e6:.4g}M" if abs(value) >= 1e6 else f"{value / 1e3:.4g}k"
    if 1e-12 < abs(value) < 1e-3:
        return np.format_float_scientific(value, precision=2, trim="-", exp_digits=1)
    return f"{0.0 if abs(value) <= 1e-12 else value:.4g}"


def fitted(values: Sequence[float], start: float, end: float, log: bool) -> Axis:
    """An axis just as long as the values reach; about a single value, some more."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = (low / 1.5, high * 1.5) if log else (low - (abs(low) * 0.1 or 0.5), high + (abs(high) * 0.1 or 0.5))
    return Axis(low, high, start, end, log)


def fitted_upright(values: Sequence[float], ends: Sequence[float], bottom: float, top: float) -> Axis:
    """An upright axis that holds all values, and of the intervals' ends what does not squeeze them."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    span = high - low or abs(high) or 1.0
    seen = [*values, *(end for end in ends if low - span <= end <= high + span)] or [0.0, 1.0]
    log = min(seen) > 0 and max(seen) > 30 * min(seen)
    return fitted(seen, bottom - 6, top + 6, log)


def x_axis(axis: Axis, y: float, name: str, left: float = 6.0, present: Sequence[float] = ()) -> list[Mark]:
    """A rule at height ``y`` with the axis' name under it, and at ticks, or at ``present`` values, what has room."""
    ticks = list(present) if 2 <= len(present) <= 6 else axis.ticks()
    marks: list[Mark] = [Stroke([(left, y), (WIDTH - 6, y)], "rule")]
    last = -math.inf
    for tick in ticks:
        at, text = axis.at(tick), _number(tick)
        if at - last < 6.5 * len(text):
            continue
        last = at
        marks.append(Stroke([(at, y), (at, y + 4)], "rule"))
        marks.append(Label(at, y + 15, text, "middle", "muted", SMALL))
    return [*marks, Label((left + WIDTH - 6) / 2, y + 31, printable(name, _room(left)), "middle", "muted", SMALL)]


def y_axis(axis: Axis, name: str, top: float) -> list[Mark]:
    """Lines across the chart at ticks, their numbers on the left, and the axis' name above, where it has room."""
    marks: list[Mark] = []
    for tick in axis.ticks():
        marks.append(Stroke([(LEFT, axis.at(tick)), (WIDTH - 6, axis.at(tick))], "grid"))
        marks.append(Label(LEFT - 4, axis.at(tick) + 3.5, _number(tick), "end", "muted", SMALL))
    return [*marks, Label(4, top - 4, printable(name, _room(4)), role="muted", size=SMALL)]


def _room(left: float) -> int:
    """How many characters of small text have room from ``left`` to the right edge."""
    return int((WIDTH - 6 - left) / 5.0)
