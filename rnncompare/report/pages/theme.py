"""The page's colours, light and dark, by the role they play; everything drawn names a role, never a colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

# role: (on a light page, on a dark page). Text roles have a contrast of 4.5 with the backgrounds, drawn ones of 3.
TEXT = {
    "ink": ("#1b1f24", "#e6e9ed"),
    "muted": ("#57606a", "#a3acb8"),
    "link": ("#0a58ca", "#7db4ff"),
    "good": ("#116329", "#6bd08a"),
    "bad": ("#a40e26", "#ff9492"),
    "same": ("#5a32a3", "#c9a9ff"),
    "open": ("#7a4a00", "#e8b64c"),
}
BACKGROUNDS = {"page": ("#ffffff", "#14171b"), "panel": ("#f5f7f9", "#1d2228"), "margin": ("#e4e8ee", "#2f3742")}
RULES = {"grid": ("#e3e7eb", "#2c333b"), "rule": ("#c9d0d7", "#3d4650")}
SERIES = {
    "lstm": ("#0072b2", "#56b4e9"),
    "gru": ("#c24f00", "#f5913e"),
    "rnn": ("#007a59", "#35c79b"),
    "violet": ("#9b4a86", "#dd9cc8"),
    "olive": ("#74700f", "#c9c24a"),
    "brown": ("#7f4f24", "#d3a678"),
    "slate": ("#4a5a78", "#9fb2d6"),
}
ROLES = {**TEXT, **BACKGROUNDS, **RULES, **SERIES}
FAMILIES = {"lstm": ("lstm", "violet", "slate"), "gru": ("gru", "olive", "brown"), "rnn": ("rnn",)}
OTHERS = ("violet", "olive", "brown", "slate")  # for names of no family
MARKERS = ("circle", "square", "triangle", "diamond", "down", "cross")

# Each verdict has a colour, a marker of its own, and words.
VERDICTS = {
    "supported": ("good", "circle", "Supported"),
    "refuted": ("bad", "cross", "Refuted"),
    "equivalent": ("same", "square", "No difference that matters"),
    "inconclusive": ("open", "diamond", "Cannot tell yet"),
    "uninformative": ("muted", "down", "The test could not tell"),
    "not measured": ("muted", "ring", "Not measured"),
    "reported": ("muted", "triangle", "Reported, no verdict"),
}


def verdict_look(verdict: str) -> tuple[str, str, str]:
    """The role, the marker and the words of a verdict."""
    return VERDICTS.get(verdict, ("muted", "ring", verdict))


def looks(charts: Iterable[Iterable[str]]) -> dict[str, tuple[str, str]]:
    """A colour role and a marker for each name, the same in every chart.

    Names of one chart have different ones as far as they go, and their family's colour where that is free. Those that
    occur in the most charts choose first.

    Args:
        charts: the names in each.
    """
    together = [list(dict.fromkeys(names)) for names in charts]
    taken: dict[str, tuple[str, str]] = {}
    for name, _ in Counter(name for names in together for name in names).most_common():
        beside = [taken[other] for other in taken if any(name in names and other in names for names in together)]
        roles, markers = [role for role, _ in beside], [marker for _, marker in beside]
        family = next((family for family in FAMILIES if family in name.lower()), None)
        role = min([*FAMILIES.get(family or "", ()), *OTHERS, *SERIES], key=roles.count)
        marker = min(MARKERS, key=lambda marker: (beside.count((role, marker)), markers.count(marker)))
        taken[name] = (role, marker)
    return taken


def css_variables(dark: bool) -> str:
    """The roles as custom properties of CSS."""
    return "".join(f"--{role}:{colours[dark]};" for role, colours in ROLES.items())
