"""The palette: which role has which colour, light and dark, and how models and verdicts look everywhere.

Figures are drawn in the light colours. Each belongs to one role only, so `rnncompare.report.figures.svg` can tell the
role from the colour and give a figure in a page the colours of its theme.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

# role: (on a light page, on a dark page). Text has a contrast of 4.5 with the backgrounds, drawn marks one of 3.
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
# Okabe and Ito's colours, safe for the colour-blind, for the plain cells; other shades for their variants.
SERIES = {
    "lstm": ("#0072b2", "#56b4e9"),
    "lstm-2": ("#6a5acd", "#b0a4ff"),
    "lstm-3": ("#003f66", "#a9c7dc"),
    "lstm-4": ("#2a8c9e", "#6fd3e0"),
    "gru": ("#d55e00", "#f5913e"),
    "gru-2": ("#b5446e", "#f08fb4"),
    "gru-3": ("#7f2f00", "#dba98a"),
    "gru-4": ("#a67c00", "#ecc94b"),
    "rnn": ("#009e73", "#35c79b"),
    "rnn-2": ("#4b7f1e", "#a5d66b"),
    "rnn-3": ("#00573f", "#8fc7b4"),
    "other": ("#c2629b", "#e3a6cb"),
    "other-2": ("#6b6b6b", "#b9b9b9"),
    "other-3": ("#8c5a2b", "#cf9f72"),
}
ROLES = {**TEXT, **BACKGROUNDS, **RULES, **SERIES}

MEMBERS = {"cifg": "lstm", "mgu": "gru", "mut": "gru"}  # cells whose names do not contain their family's
KNOWN = {  # variants that claims compare with the plain cells, chosen to be easy to tell apart
    "lstm forget bias 1": ("lstm-2", "v"),
    "lstm initialisation keras": ("lstm-3", "D"),
    "lstm coupled": ("lstm-4", "P"),
    "gru initialisation keras": ("gru-2", "D"),
    "gru reset before": ("gru-3", "P"),
}
MARKERS = {"lstm": "o", "gru": "s", "rnn": "^", "other": "D"}
SIZE = re.compile(r"(hidden size|parameters) [\d.,]+|[\d.,]+ units")
VARIANT_MARKERS = "DvP*X<>hpd"

# verdict: its colour; its own marker and text sign, legible in grey; and its words.
VERDICTS = {
    "supported": ("good", "o", "●", "Supported"),
    "refuted": ("bad", "X", "✖", "Refuted"),
    "equivalent": ("same", "s", "■", "No difference that matters"),
    "inconclusive": ("open", "D", "◆", "Cannot tell yet"),
    "uninformative": ("muted", "v", "▼", "The test could not tell"),
    "unconverged": ("open", "^", "▲", "Training was cut short"),
    "depends on the task": ("link", "P", "✚", "Depends on the task"),
    "not measured": ("muted", ".", "·", "Not measured"),
    "reported": ("muted", "p", "○", "Reported, no verdict"),
}
# of two models on a task, whatever the claim; the last two look like the verdicts on claims
TASK_VERDICTS = {
    "better": ("link", ">", "»", "First better"),
    "worse": ("bad", "<", "«", "Second better"),
    "no difference that matters": VERDICTS["equivalent"],
    "cannot tell": VERDICTS["inconclusive"],
}


def colour(role: str) -> str:
    """The colour that a role is drawn in."""
    return ROLES[role][0]


def verdict_look(verdict: str) -> tuple[str, str, str, str]:
    """The role, the marker, the sign and the words of a verdict, on a claim or on a task."""
    return VERDICTS.get(verdict) or TASK_VERDICTS.get(verdict, ("muted", ".", "·", verdict))


def model_look(name: str) -> dict[str, Any]:
    """Colour, line and marker of a model, from its name alone, so that they are the same in every figure.

    Hand-written models have solid lines and filled markers, ``torch_`` ones dashed lines and open markers. A variant,
    such as ``lstm_coupled`` or ``lstm, forget bias 1``, has a different shade and marker from its family's plain cell;
    width makes no difference.
    """
    own = _unsized(name.removeprefix("torch_"))
    root = next((family for part, family in MEMBERS.items() if part in own.lower()), own.lower())
    family = next((family for family in MARKERS if family in root), "other")
    role, marker = family, MARKERS[family]
    if own != family:
        digest = hashlib.sha256(own.encode("utf-8", "surrogatepass")).digest()
        shades = [shade for shade in SERIES if shade.startswith(f"{family}-")]
        role = shades[digest[1] % len(shades)]
        marker = VARIANT_MARKERS[digest[0] % len(VARIANT_MARKERS)]
        role, marker = KNOWN.get(own.removesuffix(".0"), (role, marker))
    torch = name.startswith("torch_")
    return {
        "color": colour(role),
        "linewidth": 1.6,
        "markersize": 5.5,
        "linestyle": (0, (4, 2)) if torch else "-",
        "marker": marker,
        "markeredgecolor": colour(role),
        "markerfacecolor": colour("page") if torch else colour(role),
    }


def _unsized(name: str) -> str:
    """The name of a model without its width in any form, such as ``lstm, forget bias 1, 64 units``."""
    parts = [part for part in name.split(", ") if not SIZE.fullmatch(part)]
    return " ".join(parts).replace("_", " ").strip()


def model_looks(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The look of each model in one figure; if two would look alike, the later one gets a free marker."""
    looks: dict[str, dict[str, Any]] = {}
    for name in names:
        look = model_look(name)
        taken = {other["marker"] for other in looks.values() if other["color"] == look["color"]}
        if look["marker"] in taken:
            look["marker"] = next((m for m in VARIANT_MARKERS + "os^" if m not in taken), look["marker"])
        looks[name] = look
    return looks


def css_variables(dark: bool) -> str:
    """The roles as custom properties of CSS."""
    return "".join(f"--{role}:{colours[dark]};" for role, colours in ROLES.items())
