"""Initial learning rates: a grid of half decades, and when its range grows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal

from rnncompare.claims.scale import NEGLIGIBLE
from rnncompare.statistics import ArmGrid
from rnncompare.training.settings import RunSettings

LOWEST, HIGHEST = -9, 0  # in half decades: 0.0000316 to 1
Side = Literal["low", "high"]


def rate_at(half_decades: int) -> float:
    """The rate at a place of the grid of half decades, to three digits: 0.001 at -6, 0.00316 at -5, 0.01 at -4."""
    return float(f"{10 ** (half_decades / 2):.3g}")


def neighbour(rates: Sequence[float], side: Side) -> float | None:
    """The next rate beyond an end of ``rates``; None if the grid ends there."""
    end = round(2 * math.log10(min(rates) if side == "low" else max(rates)))
    beyond = end - 1 if side == "low" else end + 1
    return rate_at(beyond) if LOWEST <= beyond <= HIGHEST else None


def end_that_matters(grid: ArmGrid, margin: float) -> Side | None:
    """The end of the grid at which an arm's best rate lies, if rates beyond it could matter.

    If the end is better than its neighbour by less than what counts as an improvement in training (a quarter of the
    margin), as when all rates solve a task, the range does not grow.

    Args:
        grid: of the arm, its validation scores in the unit of the margin.
        margin: of the task.
    """
    return grid.open_end(NEGLIGIBLE * margin) or None  # type: ignore[return-value]


def with_rate(settings: RunSettings, rate: float, seed: int) -> RunSettings:
    """The run with this learning rate and seed."""
    return dataclasses.replace(settings, seed=seed, train=dataclasses.replace(settings.train, learning_rate=rate))
