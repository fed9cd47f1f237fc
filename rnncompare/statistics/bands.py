"""Differences over the course of training: their mean with a pointwise and a simultaneous band."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnncompare.statistics.intervals import check_confidence
from rnncompare.statistics.studentised import WIDEST, StudentisedMean, error_share, studentised_pivots

DRAWS = 10_000


@dataclass(frozen=True)
class Band:
    """The mean difference at each budget, ``(S,)`` each.

    Attributes:
        mean: over pairs.
        low: the pointwise lower limits: right for one budget that was named beforehand.
        high: the pointwise upper limits.
        simultaneous_low: the lower limits of a band that holds the whole curve with the stated confidence.
        simultaneous_high: its upper limits. "A is ahead from here on" is to be read off these.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    simultaneous_low: np.ndarray
    simultaneous_high: np.ndarray


def difference_band(differences: np.ndarray, confidence: float = 0.95) -> Band:
    """The mean difference over training with its bands.

    Pointwise limits are those of the judge (`StudentisedMean`). The simultaneous band is the max-t bootstrap's
    (Montiel Olea and Plagborg-Møller 2019): the quantile of the largest absolute t over budgets sets the width. It is
    the larger of two, as for a single mean: of curves multiplied by normal numbers and divided by a chi, so that a
    single budget has Student's t; and of whole curves drawn again, which follows skew, at most twice the former. Both
    have `error_share`'s correction for few pairs, and the band is nowhere narrower than the pointwise one.

    Args:
        differences: the difference of each pair at each budget, ``(n, S)``, n at least 2; ``CrossFit.pseudo_values``
            at each budget, where rates were tuned.
        confidence: of both bands.

    Raises:
        ValueError: the differences are not finite numbers of at least two pairs.
    """
    check_confidence(confidence)
    sample = np.asarray(differences, dtype=float)
    if sample.ndim != 2 or len(sample) < 2 or not sample.shape[1] or not np.isfinite(sample).all():
        raise ValueError(f"differences of shape {sample.shape}: finite numbers of at least 2 pairs are needed")
    n = len(sample)
    points = [StudentisedMean(column).interval(confidence) for column in sample.T]
    mean, low, high = (np.array([getattr(point, name) for point in points]) for name in ("mean", "low", "high"))
    centred = sample - sample.mean(0)
    error = sample.std(0, ddof=1) / math.sqrt(n)
    varies = error > 1e-12 * np.abs(sample).max(0)
    reach = np.zeros_like(error)
    if varies.any():
        level = 1 - (1 - confidence) * error_share(n)
        random = np.random.default_rng(n)
        sums = random.normal(size=(DRAWS, n)) @ centred[:, varies] / math.sqrt(n * (n - 1))
        chi = np.sqrt(random.chisquare(n - 1, size=(DRAWS, 1)) / (n - 1))
        multiplied = float(np.quantile(np.abs(sums / error[varies] / chi).max(1), level))
        resampled = float(np.quantile(np.abs(studentised_pivots(centred[:, varies])).max(1), level))
        reach[varies] = max(multiplied, min(resampled, WIDEST * multiplied)) * error[varies]
    return Band(mean, low, high, np.minimum(low, mean - reach), np.maximum(high, mean + reach))
