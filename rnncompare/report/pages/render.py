"""Templates filled in: everything that was read from files is printable and escaped."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup

from rnncompare.report.pages import drawing
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.drawing import inline
from rnncompare.report.pages.theme import css_variables, verdict_look
from rnncompare.report.style import printable

LONGEST = 4000  # characters of one text


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
    style = _style(environment)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template(template).render(
        context,
        style=Markup(style),
        style_hash=f"sha256-{digest}",
        words=words,
        inline=inline,
        verdict_look=verdict_look,
        symbol=drawing.symbol,
    )


def _style(environment: jinja2.Environment) -> str:
    assert environment.loader is not None
    rules, _, _ = environment.loader.get_source(environment, "style.css")
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{css_variables(dark=True)}}}}}"
    return f":root{{{css_variables(dark=False)}}}{dark}{rules}{drawing.svg_style()}"


def _shown(value: object) -> object:
    """What an expression of a template gives, without control characters and not endless."""
    return value if isinstance(value, Markup) else printable(value, LONGEST)
