"""Initial learning rates: a grid of half decades, and when its range grows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from rnncompare.claims.comparison import Side
from rnncompare.training.settings import RunSettings

LOWEST, HIGHEST = -9, 0  # in half decades: 0.0000316 to 1


def rate_at(half_decades: int) -> float:
    """The rate at a place of the grid of half decades, to three digits: 0.001 at -6, 0.00316 at -5, 0.01 at -4."""
    return float(f"{10 ** (half_decades / 2):.3g}")


def neighbour(rates: Sequence[float], side: Side) -> float | None:
    """The next rate beyond an end of ``rates``; None if the grid ends there."""
    end = round(2 * math.log10(min(rates) if side == "low" else max(rates)))
    beyond = end - 1 if side == "low" else end + 1
    return rate_at(beyond) if LOWEST <= beyond <= HIGHEST else None


def with_rate(settings: RunSettings, rate: float, seed: int) -> RunSettings:
    """The run with this learning rate and seed."""
    return dataclasses.replace(settings, seed=seed, train=dataclasses.replace(settings.train, learning_rate=rate))
