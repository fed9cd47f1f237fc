"""Intervals over seeds for description: Student's t and the bootstrap. Verdicts use `decision`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

BCA_FROM = 20
"""Values from which the bootstrap is bias-corrected and accelerated; fewer estimate the acceleration too badly."""


@dataclass(frozen=True)
class Interval:
    """An estimate over ``n`` replicates and its confidence interval.

    ``low`` and ``high`` are NaN where too few replicates leave the interval unknown, and infinite where censored
    values leave a side of it open.
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
        values: one finite number a replicate (a seed); none at all give a NaN mean.
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


def bootstrap_interval(
    values: Sequence[float] | np.ndarray,
    statistic: Literal["mean", "interquartile mean"] = "mean",
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The mean, or the mean of the middle half, of replicates (or of paired differences) with a bootstrap interval.

    BCa (Efron 1987) from 20 values, percentile below, where BCa's acceleration is mostly noise; both by
    `scipy.stats.bootstrap` with 9999 resamples. Below some 15 values either is too narrow (at n = 5, 95 % intervals
    hold about 80 %: docs/statistics.md), so no verdict rests on it. The interquartile mean (Agarwal et al. 2021)
    drops a quarter of the values, rounded down, at each end.

    Raises:
        ValueError: a value is not finite, ``confidence`` is not between 0 and 1, or the statistic is neither.
    """
    check_confidence(confidence)
    if statistic not in ("mean", "interquartile mean"):
        raise ValueError(f"statistic is {statistic!r}, neither 'mean' nor 'interquartile mean'")
    sample = finite_sample(values)
    n = len(sample)
    trim = n // 4 if statistic == "interquartile mean" else 0

    def centre(resamples: np.ndarray, axis: int = -1) -> np.ndarray:
        ordered = np.sort(np.moveaxis(resamples, axis, -1), axis=-1)
        middle = ordered[..., trim : ordered.shape[-1] - trim]
        return middle.mean(axis=-1)

    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    estimate = float(centre(sample))
    if n < 2:
        return Interval(estimate, math.nan, math.nan, n)
    from scipy.stats import bootstrap

    def limits(method: str) -> tuple[float, float]:
        result = bootstrap(
            (sample,), centre, confidence_level=confidence, method=method, rng=np.random.default_rng(seed), batch=1000
        )
        return float(result.confidence_interval.low), float(result.confidence_interval.high)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of degenerate data and answers NaN, which is met below
        low, high = limits("BCa" if n >= BCA_FROM else "percentile")
        if math.isnan(low) or math.isnan(high):
            low, high = limits("percentile")
    return Interval(estimate, low, high, n)
