"""Measures: each turns evidence into a score for every run, a higher score speaking for its arm.

A module here is a measure. It has

- ``UNIT``: what a difference of two scores is counted in; empty for the task's own unit of quality;
- ``TASK_MARGIN``: whether the task's own margin holds, not one of the claim;
- ``AT_END``: whether it judges what training ends with, so that runs cut by their budget tell nothing;
- ``scores(evidence)``: a table with one row for each run, or for each seed of an arm and condition, and the columns
  ``arm``, ``task``, ``value``, ``seed`` and ``score`` (finite). Where the learning rate is to be chosen, also ``rate``
  with ``validation`` and ``loss``, as `rnncompare.claims.graded` gives them, ``added``, and ``cut`` and ``diverged``.
  Where scores have an end, ``floor`` (of the trivial predictor) and ``ceiling`` (of the optimum). A task's score is the
  mean over its values.
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
