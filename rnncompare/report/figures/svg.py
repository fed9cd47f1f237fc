"""Figures as files, and as SVG inside a page: text as text, colours that follow the page's theme."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from rnncompare.records import write_whole
from rnncompare.report.figures.canvas import DOTS, SETTINGS
from rnncompare.report.figures.palette import ROLES, colour

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
UNUSED = ("font-family", "font", "font-style", "font-variant", "font-stretch")  # the page sets the font
ElementTree.register_namespace("", SVG[1:-1])
ROLE_OF = {light: role for role, (light, _) in ROLES.items()}
NUMBER = re.compile(r"-?\d+\.\d+")


def save(figure: Figure, path: Path) -> str:
    """Write a figure as PNG at ``path`` and as SVG beside it; the same figure gives the same bytes.

    Returns:
        The SVG, for `inline`.
    """
    save_png(figure, path)
    drawn = text(figure)
    write_whole(path.with_suffix(".svg"), drawn + "\n")
    return drawn


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG alone."""
    with _laid_out(figure):
        own = figure.get_dpi()
        figure.set_dpi(200)
        write_whole(path, FigureCanvasAgg(figure).print_png)
        figure.set_dpi(own)


def text(figure: Figure) -> str:
    """A figure as SVG, for `inline`; no file is written."""
    buffer = io.BytesIO()
    with _laid_out(figure):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    root = _compact(ElementTree.fromstring(buffer.getvalue()))
    return ElementTree.tostring(root, encoding="unicode")


@contextlib.contextmanager
def _laid_out(figure: Figure) -> Iterator[None]:
    """Settings for a canvas to print in: it draws once, where `Figure.savefig` draws twice."""
    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # a box stands for it
        if (layout := figure.get_layout_engine()) is not None:
            layout.execute(figure)
            figure.set_layout_engine("none")  # once is enough
        yield


def inline(svg: str, name: str, description: str) -> str:
    """A figure as an ``<svg>`` element of a page that defines `palette.css_variables`.

    Args:
        svg: as `save` returns it.
        name: unique in the page, of letters, digits and hyphens; the element's ids begin with it.
        description: what it shows, for those who cannot see it.
    """
    root = ElementTree.fromstring(svg)
    root.remove(root[0])  # the white background; a page has its own
    ids = [element.get("id", "") for element in root.iter() if "id" in element.attrib]
    short = {own: f"{name}-{number}" for number, own in enumerate(ids)}
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        for key, value in list(element.attrib.items()):
            if key in ("id", "href", "clip-path"):
                own = value.removeprefix("url(").removesuffix(")").removeprefix("#")
                element.set(key, value.replace(own, short.get(own, own)))
            elif value in ROLE_OF:
                element.set(key, f"var(--{ROLE_OF[value]})")
    for own in ("width", "height", "font-family", "version"):
        del root.attrib[own]
    root.set("role", "img")
    root.set("aria-label", description)
    return ElementTree.tostring(root, encoding="unicode")


def _compact(root: ElementTree.Element) -> ElementTree.Element:
    """Matplotlib's SVG without what browsers do not need: a third of its size, and no style attributes."""
    for element in root.findall(f"{SVG}metadata"):
        root.remove(element)
    root.set("stroke-linejoin", "round")
    root.set("font-family", "DejaVu Sans, Verdana, sans-serif")
    for element in root.iter():
        _shorten(element)
    _prune(root)
    _join_grid(root)
    links = [value for element in root.iter() for key, value in element.items() if key in ("href", "clip-path")]
    used = {link.removeprefix("url(").removesuffix(")").removeprefix("#") for link in links}
    for element in root.iter():
        if element.get("id") not in used:
            element.attrib.pop("id", None)
    return root


def _shorten(element: ElementTree.Element) -> None:
    """Turn style declarations, which a page's security policy refuses, into attributes; round numbers to a tenth."""
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = map(str.strip, declaration.partition(":"))
        if key and key not in UNUSED:
            element.set(key, value.removesuffix("px") if key == "font-size" else value)
    if XLINK + "href" in element.attrib:
        element.set("href", element.attrib.pop(XLINK + "href"))
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    for key in ("d", "x", "y", "width", "height", "transform", "stroke-dasharray", "stroke-width"):
        if key in element.attrib:
            value = NUMBER.sub(lambda found: f"{float(found.group()):.1f}".removesuffix(".0"), element.get(key, ""))
            element.set(key, re.sub(r"\s*([A-Za-z])\s*", r"\1", value).strip() if key == "d" else value)
    if not (element.text or "").strip():
        element.text = None
    element.tail = None


def _prune(parent: ElementTree.Element) -> None:
    """Replace groups without attributes by their children, drop the style sheet, and join dots into one path."""
    children = []
    for child in list(parent):
        if (child.get("id") or "").startswith(DOTS):
            children.append(_dots(child))
            continue
        _prune(child)
        if child.tag == f"{SVG}style" or (child.tag in (f"{SVG}g", f"{SVG}defs") and not len(child)):
            continue
        plain = child.tag == f"{SVG}g" and set(child.attrib) <= {"id"}
        children += list(child) if plain else [child]
    for child in list(parent):
        parent.remove(child)
    parent.extend(children)


def _join_grid(root: ElementTree.Element) -> None:
    """Join all lines of a grid into one path; only labels lie between them."""
    first: dict[tuple[tuple[str, str], ...], ElementTree.Element] = {}
    for element in list(root):
        if element.tag == f"{SVG}path" and element.get("stroke") == colour("grid"):
            look = tuple(sorted((key, value) for key, value in element.items() if key not in ("d", "id")))
            if look in first:
                first[look].set("d", first[look].get("d", "") + element.get("d", ""))
                root.remove(element)
            first.setdefault(look, element)


def _dots(group: ElementTree.Element) -> ElementTree.Element:
    """Many points as one path of zero-length lines with round ends: a tenth of the bytes."""
    uses = list(group.iter(f"{SVG}use"))
    places = "".join(f"M{use.get('x')} {use.get('y')}h0" for use in uses)
    look = uses[0].attrib if uses else {}
    path = {"class": DOTS, "d": places, "stroke": look.get("fill", colour("muted")), "stroke-width": "3.4"}
    path |= {"stroke-linecap": "round", "stroke-opacity": look.get("fill-opacity", "0.5")}
    return ElementTree.Element(f"{SVG}path", path)
