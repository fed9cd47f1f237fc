"""Measures: each turns the evidence on a claim into a score for every run; a higher score speaks for its arm.

A measure is a function in a module of this folder, decorated with `measure`. Its first line is what a report says it
scores. It returns a table with one row for each run, or for each seed of an arm and condition:

- ``arm``, ``task``, ``value``, ``seed`` and ``score`` (finite);
- if the learning rate is chosen, also ``rate``, ``added``, ``validation`` and ``loss``, as
  `rnncompare.claims.evidence.graded` returns them, with ``cut`` and ``diverged``. ``validation`` chooses the rate; a
  measure that is itself taken on validation data puts its own score there;
- if scores have limits, ``floor`` (of the trivial predictor) and ``ceiling`` (of the optimum).

A task's score is the mean over its values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnncompare.base import package_files
from rnncompare.base.errors import require
from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measure:
    """A measure.

    Attributes:
        scores: turns evidence into the table of scores.
        unit: of a difference between two scores; empty for the task's own unit of quality.
        task_margin: whether the task's own margin applies; otherwise the claim gives one.
        at_end: whether it judges what training ends with, so that runs cut by their budget say nothing.
        over_rates: whether it scores all learning rates together, so that nothing is tuned.
        own_choice: whether its own score chooses the rate, in place of validation quality.
        to_target: whether it scores how soon a target is reached, so that ``cut`` means never.
        most: the largest difference of two scores that there can be, unless the task says.
    """

    scores: Callable[[Evidence], pd.DataFrame]
    unit: str
    task_margin: bool
    at_end: bool
    over_rates: bool
    own_choice: bool
    to_target: bool
    most: float

    @property
    def meaning(self) -> str:
        """What it scores, in a line."""
        return (self.scores.__doc__ or "").partition("\n")[0]


def measure(
    unit: str = "",
    *,
    task_margin: bool = False,
    at_end: bool = False,
    over_rates: bool = False,
    own_choice: bool = False,
    to_target: bool = False,
    most: float = math.inf,
) -> Callable[[Callable[[Evidence], pd.DataFrame]], Measure]:
    """Make a function from evidence to scores a `Measure` of its name."""
    return lambda scores: Measure(scores, unit, task_margin, at_end, over_rates, own_choice, to_target, most)


def names() -> list[str]:
    """The names of all measures."""
    return sorted(_all())


def load(name: str) -> Measure:
    """The measure called ``name``.

    Raises:
        SettingError: there is none.
    """
    every = _all()
    require(name in every, "measures", name, f"of {', '.join(sorted(every))}")
    return every[name]


def _all() -> dict[str, Measure]:
    modules = (package_files.module(__name__, name) for name in package_files.modules(__name__))
    return {name: own for module in modules for name, own in vars(module).items() if isinstance(own, Measure)}
