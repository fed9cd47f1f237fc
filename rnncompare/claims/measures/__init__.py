"""Measures: each turns evidence into a score for every arm and seed, a higher score speaking for the arm.

A module here is a measure. It has a ``UNIT`` (what a difference of two scores is counted in) and ``scores(evidence)``,
a table with at most one row for each arm, condition and seed, and the columns

- ``arm``, ``seed``, and the condition: ``task`` and ``value`` (None where the score spans all values);
- ``score``: finite, or NaN for a run that has none;
- ``reached`` (may be left out): False where the score is only a bound, the truth being lower;
- ``informative`` (may be left out): False for conditions that cannot tell the arms apart, whatever they did.
"""

from __future__ import annotations

from types import ModuleType

from rnncompare.base import discovery
from rnncompare.base.errors import require


def names() -> list[str]:
    """The measures that there are."""
    return discovery.modules(__name__)


def load(name: str) -> ModuleType:
    """The measure called ``name``.

    Raises:
        SettingError: there is none.
    """
    require(name in names(), "measures", name, f"of {', '.join(names())}")
    return discovery.module(__name__, name)
