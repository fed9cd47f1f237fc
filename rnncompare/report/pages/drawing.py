"""Charts as SVG, inside the page or in a file of their own, and as PNG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from rnncompare.records import write_whole
from rnncompare.report import style
from rnncompare.report.pages.marks import SMALL, TEXT, WIDTH, Chart, Dots, Label, Mark, Marker, Stroke
from rnncompare.report.pages.theme import ROLES, verdict_look
from rnncompare.report.style import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS, GAP, TITLE = 2, 16.0, 22.0
SIZE = 4.2  # half the width of a marker
DOT = 4.0  # the width of a faint point
# corners of the markers, in units of half their width, down being positive
SHAPES = {
    "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
    "triangle": [(0, -1.1), (1.1, 0.9), (-1.1, 0.9)],
    "diamond": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
    "down": [(0, 1.1), (1.1, -0.9), (-1.1, -0.9)],
    "cross": [
        (x * 0.4, y * 0.4)
        for x, y in (
            (0, 1),
            (2, 3),
            (3, 2),
            (1, 0),
            (3, -2),
            (2, -3),
            (0, -1),
            (-2, -3),
            (-3, -2),
            (-1, 0),
            (-3, 2),
            (-2, 3),
        )
    ],
    "circle": [(math.cos(k * math.pi / 12), math.sin(k * math.pi / 12)) for k in range(24)],
}
SHAPES["ring"] = SHAPES["circle"]


def inline(chart: Chart) -> Markup:
    """The chart as an element of a page whose style sheet holds `svg_style`."""
    marks = "".join(map(_svg, chart.marks))
    words = escape(printable(f"{chart.title}: {chart.description}", 400))
    return Markup(f'<svg viewBox="0 0 {WIDTH:g} {chart.height:.0f}" role="img" aria-label="{words}">{marks}</svg>')


def symbol(verdict: str) -> Markup:
    """The marker of a verdict, to stand in a line of text before its words."""
    role, shape, _ = verdict_look(verdict)
    mark = _svg(Marker(5, 5, shape, role))
    return Markup(f'<svg viewBox="0 0 10 10" aria-hidden="true">{mark}</svg>')


def svg_style() -> str:
    """The rules that the marks' classes need; the roles are custom properties."""
    rules = [f".s-{role}{{stroke:var(--{role});fill:none}}.f-{role}{{fill:var(--{role})}}" for role in ROLES]
    text = f"svg text{{font:{TEXT:g}px var(--font)}}svg .small{{font-size:{SMALL:g}px}}"
    text += "svg .large{font-size:14px}svg .bold{font-weight:600}"
    return f"{text}svg .d{{stroke-linecap:round;opacity:.6}}{''.join(rules)}"


def save(charts: Sequence[Chart], title: str, path: Path) -> None:
    """Write charts, side by side under a title, as a PNG file at ``path`` and an SVG beside it; the same in both."""
    width, height, places = _places(charts)
    _save_svg(charts, title, path.with_suffix(".svg"), width, height, places)
    _save_png(charts, title, path, width, height, places)


def _places(charts: Sequence[Chart]) -> tuple[float, float, list[tuple[float, float]]]:
    """The size of a figure, and the corner of each chart in it: each goes where its column is shortest."""
    columns = min(COLUMNS, len(charts))
    heights = [30.0] * columns
    places = []
    for chart in charts:
        column = heights.index(min(heights))
        places.append((GAP + column * (WIDTH + GAP), heights[column] + TITLE))
        heights[column] += TITLE + chart.height + GAP
    return GAP + columns * (WIDTH + GAP), max(heights), places


def _save_svg(
    charts: Sequence[Chart], title: str, path: Path, width: float, height: float, places: list[tuple[float, float]]
) -> None:
    colours = "".join(f"--{role}:{light};" for role, (light, _) in ROLES.items())
    rules = f"svg{{{colours}--font:'DejaVu Sans',sans-serif;background:#fff}}{svg_style()}"
    parts = [_svg(Label(GAP, 22, title, size=14, bold=True))]
    for chart, (x, y) in zip(charts, places, strict=True):
        heading = _svg(Label(0, -8, chart.title, bold=True))
        parts.append(f'<g transform="translate({x:g} {y:g})">{heading}{"".join(map(_svg, chart.marks))}</g>')
    words = escape(printable("; ".join([title, *(f"{chart.title}: {chart.description}" for chart in charts)]), 4000))
    title = printable(title)
    write_whole(
        path,
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{words}"><style>{rules}</style>{"".join(parts)}</svg>\n',
    )


def _svg(mark: Mark) -> str:
    match mark:
        case Stroke(points, role, width, dashed, filled, opacity):
            d = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            if filled:
                return f'<path class="f-{role}" d="{d}Z"{f" opacity={_quoted(opacity)}" * (opacity < 1)}/>'
            dashes = ' stroke-dasharray="4 3"' * dashed
            return f'<path class="s-{role}" d="{d}"{f" stroke-width={_quoted(width)}" * (width != 1)}{dashes}/>'
        case Dots(points, role):  # a line of no length with round ends is a dot, in the fewest bytes
            d = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
            return f'<path class="d s-{role}" stroke-width="{DOT:g}" d="{d}"/>'
        case Marker(x, y, shape, role):
            kind = f's-{role}" stroke-width="1.5' if shape == "ring" else f"f-{role}"
            if shape in ("circle", "ring"):
                return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{SIZE:g}"/>'
            corners = " ".join(f"{x + SIZE * a:.1f},{y + SIZE * b:.1f}" for a, b in SHAPES[shape])
            return f'<polygon class="{kind}" points="{corners}"/>'
        case Label(x, y, text, anchor, role, size, bold):
            kind = f"f-{role}{' small' * (size < TEXT)}{' large' * (size > TEXT)}{' bold' * bold}"
            place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            return f'<text class="{kind}" {place}>{escape(printable(text))}</text>'


def _quoted(value: float) -> str:
    return f'"{value:g}"'


def _save_png(
    charts: Sequence[Chart], title: str, path: Path, width: float, height: float, places: list[tuple[float, float]]
) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style.SETTINGS):
        figure = Figure(figsize=(width / 96, height / 96))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        _draw(axes, Label(GAP, 22, title, size=14, bold=True), 0, 0, 0)
        for chart, (x, y) in zip(charts, places, strict=True):
            for order, mark in enumerate((Label(0, -8, chart.title, bold=True), *chart.marks)):
                _draw(axes, mark, x, y, order)
    style.save(figure, path)


def _draw(axes: Axes, mark: Mark, left: float, top: float, order: int) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Polygon

    point = 72 / 96  # of a unit
    colour = ROLES[mark.role][0]
    match mark:
        case Stroke(points, _, width, dashed, filled, opacity):
            moved = [(left + x, top + y) for x, y in points]
            if filled:
                axes.add_patch(Polygon(moved, facecolor=colour, linewidth=0, alpha=opacity, zorder=order))
            else:
                dashes = "--" if dashed else "-"
                thick = width * point
                axes.add_line(Line2D(*zip(*moved, strict=True), color=colour, lw=thick, ls=dashes, zorder=order))
        case Dots(points):
            moved = [(left + x, top + y) for x, y in points]
            size = DOT * point
            axes.plot(*zip(*moved, strict=True), "o", color=colour, ms=size, mew=0, alpha=0.6, zorder=order)
        case Marker(x, y, shape):
            corners = [(left + x + SIZE * a, top + y + SIZE * b) for a, b in SHAPES[shape]]
            face = "none" if shape == "ring" else colour
            edge = 1.1 * (shape == "ring")
            axes.add_patch(Polygon(corners, facecolor=face, edgecolor=colour, linewidth=edge, zorder=order))
        case Label(x, y, text, anchor, _, size, bold):
            axes.text(
                left + x,
                top + y,
                style.plain(text, len(text) + 1),
                ha={"start": "left", "middle": "center", "end": "right"}[anchor],
                va="baseline",
                color=colour,
                fontsize=size * point,
                fontweight="bold" if bold else "normal",
                zorder=order,
            )
