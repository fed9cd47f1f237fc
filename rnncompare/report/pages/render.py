"""Templates filled in: everything that was read from files is printable and escaped."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jinja2
from markupsafe import Markup

from rnncompare.base.wording import printable
from rnncompare.report.figures.palette import css_variables, verdict_look
from rnncompare.report.pages import phrases

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
    """What the page's security policy knows its style and its script by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shown(value: object) -> object:
    """What an expression of a template gives, without control characters and not endless."""
    return value if isinstance(value, Markup) else printable(value, LONGEST)
