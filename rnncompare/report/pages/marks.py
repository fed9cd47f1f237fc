"""What a chart consists of: strokes, markers and labels in a space of `WIDTH` units, that any backend can draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 360.0
TEXT, SMALL = 11.0, 9.5  # sizes of text


@dataclass(frozen=True)
class Stroke:
    """A line through points; a closed one is filled instead."""

    points: Sequence[tuple[float, float]]
    role: str
    width: float = 1.0
    dashed: bool = False
    filled: bool = False
    opacity: float = 1.0


@dataclass(frozen=True)
class Dots:
    """Many faint points."""

    points: Sequence[tuple[float, float]]
    role: str


@dataclass(frozen=True)
class Marker:
    """One point, with a shape."""

    x: float
    y: float
    shape: str
    role: str


@dataclass(frozen=True)
class Label:
    """A line of text; ``anchor`` is start, middle or end, ``y`` the baseline."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: str = "ink"
    size: float = TEXT
    bold: bool = False


Mark = Stroke | Dots | Marker | Label


@dataclass(frozen=True)
class Chart:
    """A chart laid out.

    Attributes:
        title: over it.
        description: what it shows, for those who cannot see it.
        height: in the units of `WIDTH`.
        marks: in the order in which they are drawn.
    """

    title: str
    description: str
    height: float
    marks: list[Mark]
