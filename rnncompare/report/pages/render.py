"""A page written: figures drawn into it, templates filled in, and everything read from files escaped."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from rnncompare.base.wording import printable
from rnncompare.records import write_whole
from rnncompare.report.figures import svg
from rnncompare.report.figures.canvas import NARROW
from rnncompare.report.figures.palette import css_variables, verdict_look
from rnncompare.report.pages import phrases
from rnncompare.report.pages.origin import origin
from rnncompare.report.pages.run_lists import RunGroup, run_data

LONGEST = 4000  # characters of one text


def write_page(
    template: str,
    plotter: Plotter,
    runs: pd.DataFrame,
    groups: Sequence[RunGroup],
    curves: Sequence[pd.DataFrame],
    results: Path,
    *,
    contents: Sequence[tuple[str, str]],
    settings: Mapping[str, Any] = MappingProxyType({}),
    **context: Any,
) -> Path:
    """Write ``report.html``: the sections of a template, then every run and where the numbers come from.

    Args:
        template: its name.
        plotter: has drawn the page's figures; the page goes to its folder.
        runs: all of them, a row each.
        groups: the same runs as the page lists them.
        curves: learning curves with ``run_id``.
        results: folder of the records.
        contents: anchor and title of each section of the template.
        settings: of the study; those that are None are left out.
        context: what else the template needs.
    """
    text = render(
        template,
        contents=[*contents, ("runs", "Runs"), ("origin", "Where the numbers come from")],
        run_groups=groups,
        run_count=sum(len(group.runs) for group in groups),
        run_data=_packed(run_data(groups, curves, results, plotter.folder)),
        origin=origin(runs),
        folded_figures=_packed(plotter.folded) if plotter.folded else "",
        settings=[(name.replace("_", " "), value) for name, value in settings.items() if value is not None],
        **{"command": "", "left_out": {}} | context,
    )
    page = plotter.folder / "report.html"
    write_whole(page, text)
    return page


def _packed(content: Mapping[str, Any]) -> Markup:
    """Figures and runs as the page's script unpacks them, a fraction of their size: JSON, compressed, as text."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return Markup(base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode())


def render(template: str, **context: Any) -> str:
    """The page that ``template`` makes of ``context``."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rnncompare.report.pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
    style, script = _style(environment), _source(environment, "runs.js")
    return environment.get_template(template).render(
        context,
        style=Markup(style),
        style_hash=_hash(style),
        script=Markup(script),
        script_hash=_hash(script),
        words=phrases,
        verdict_look=verdict_look,
    )


def _source(environment: jinja2.Environment, name: str) -> str:
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def _style(environment: jinja2.Environment) -> str:
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{css_variables(dark=True)}}}}}"
    return f":root{{{css_variables(dark=False)}}}{dark}{_source(environment, 'style.css')}"


def _hash(text: str) -> str:
    """The hash by which the page's security policy recognises its style and script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shown(value: object) -> object:
    """The value of an expression in a template, without control characters and of limited length."""
    return value if isinstance(value, Markup) else printable(value, LONGEST)


@dataclass(frozen=True)
class Drawn:
    """A figure of the page: its title, what it shows, its element, and whether it has several panels side by side."""

    title: str
    description: str
    svg: Markup
    wide: bool = False


@dataclass
class Plotter:
    """Draws the figures of a page.

    Attributes:
        folder: an existing folder for the figures that are saved.
        written: the PNG files saved; each has an SVG beside it.
        folded: the figures of folded parts by name; the page holds them packed.
        drawn: how many figures there are.
    """

    folder: Path
    written: list[Path] = field(default_factory=list)
    folded: dict[str, str] = field(default_factory=dict)
    drawn: int = 0

    def draw(
        self, figure: Figure, title: str, description: str, name: str, *, folded: bool = False, saved: bool = True
    ) -> Drawn:
        """The element of a figure, or that of a folded part's, empty until the page's script fills it.

        Args:
            figure: to draw.
            title: above it.
            description: what it shows, for the line below it and for those who cannot see it.
            name: of the files.
            folded: whether it belongs to a folded part.
            saved: whether to save it as PNG and SVG too.
        """
        if saved:
            self.written.append(self.folder / f"{name}.png")
            text = svg.save(figure, self.written[-1])
        else:
            text = svg.text(figure)
        words = printable(f"{title}: {description}", 400)
        self.drawn += 1
        name = f"f{self.drawn}"
        element = svg.inline(text, name, words)
        if folded:
            self.folded[name] = element
            opening = element[: element.index(">")]
            element = f'{opening} data-figure="{name}"></svg>'
        return Drawn(title, description, Markup(element), figure.get_figwidth() > NARROW)
