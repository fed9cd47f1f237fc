"""Intervals, and Student's t over seeds for descriptions; verdicts use `decision`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """An estimate over ``n`` replicates and its confidence interval.

    ``low`` and ``high`` are NaN where there are too few replicates for an interval.
    """

    mean: float
    low: float
    high: float
    n: int


def finite_sample(values: Sequence[float] | np.ndarray, name: str = "values") -> np.ndarray:
    """``values`` as a float vector ``(n,)``.

    Raises:
        ValueError: they are not one-dimensional, or not all finite.
    """
    sample = np.asarray(values, dtype=float)
    if sample.ndim != 1:
        raise ValueError(f"{name} of shape {sample.shape}, not one number a replicate")
    if not np.isfinite(sample).all():
        raise ValueError(f"{name} that are not all finite")
    return sample


def check_confidence(confidence: float) -> None:
    """Raise `ValueError` unless ``confidence`` lies between 0 and 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}, not between 0 and 1")


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> Interval:
    """The mean of independent replicates with Student's t interval.

    Args:
        values: one finite number per replicate (a seed); the mean of none is NaN.
        confidence: the share of such intervals that hold the true mean, for normal values.

    Raises:
        ValueError: a value is not finite, or ``confidence`` is not between 0 and 1.
    """
    check_confidence(confidence)
    sample = finite_sample(values)
    if len(sample) < 2:
        return Interval(float(sample[0]) if len(sample) else math.nan, math.nan, math.nan, len(sample))
    from scipy.special import stdtrit

    mean = float(sample.mean())
    half = float(stdtrit(len(sample) - 1, (1 + confidence) / 2) * sample.std(ddof=1) / math.sqrt(len(sample)))
    return Interval(mean, mean - half, mean + half, len(sample))
