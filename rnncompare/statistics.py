"""Means and intervals over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A mean over ``n`` replicates and its confidence interval, NaN where fewer than two leave it unknown."""

    mean: float
    low: float
    high: float
    n: int


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean of independent replicates with Student's t interval.

    Args:
        values: one finite number a replicate (a seed); none at all give a NaN mean.
        confidence: the share of such intervals that hold the true mean, for normal values.

    Raises:
        ValueError: a value is not finite, or ``confidence`` is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, not between 0 and 1")
    sample = np.asarray(values, dtype=float)
    if not np.isfinite(sample).all():
        raise ValueError("the mean of values that are not all finite")
    if len(sample) < 2:
        return Interval(float(sample[0]) if len(sample) else math.nan, math.nan, math.nan, len(sample))
    from scipy.stats import t

    mean = float(sample.mean())
    half = float(t.ppf((1 + confidence) / 2, len(sample) - 1) * sample.std(ddof=1) / math.sqrt(len(sample)))
    return Interval(mean, mean - half, mean + half, len(sample))
