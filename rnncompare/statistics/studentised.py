"""The interval behind a verdict, and bands over the course of training: Student's t and the studentised bootstrap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rnncompare.statistics.intervals import Interval, check_confidence

RESAMPLES = 5000
WIDEST = 2.0
"""The bootstrap may widen Student's t by at most this factor, so that one outlier among few pairs cannot blow it up."""


def error_share(n: int) -> float:
    """The share of the allowed error that ``n`` pairs use: half of it at 5, 0.8 at 10, 0.97 at 30.

    Chosen by simulation (docs/statistics.md) so that intervals miss the mean of exponential differences (skewness 2) at
    most 5 % of the time at n = 5 and n = 10, where so few values do not show their skew.
    """
    return n**2 / (n**2 + 25)


@lru_cache(maxsize=16)
def resampling_weights(n: int) -> np.ndarray:
    """How often each of ``n`` sorted values is drawn, divided by n, ``(RESAMPLES, n)``: seeded, the same in each call.

    The second half mirrors the first, so that swapping A and B mirrors the interval exactly.
    """
    half = np.random.default_rng(n).multinomial(n, np.full(n, 1 / n), size=RESAMPLES // 2) / n
    weights = np.concatenate([half, half[:, ::-1]])
    weights.flags.writeable = False
    return weights


def studentised_pivots(centred: np.ndarray) -> np.ndarray:
    """The bootstrap's t statistics of columns ``(n, S)`` of mean 0, all from the same resamples: ``(RESAMPLES, S)``.

    They are huge if a resample has no spread.
    """
    scaled = centred / np.abs(centred).max(0)
    weights = resampling_weights(len(scaled))
    means, squares = weights @ scaled, weights @ scaled**2
    variances = squares - means**2
    spread = variances > 1e-12 * squares
    errors = np.sqrt(np.where(spread, variances, 1.0) / (len(scaled) - 1))
    return np.where(spread, means / errors, np.sign(means) * 1e300)


@dataclass(frozen=True)
class StudentisedMean:
    """The mean of paired differences ``(n,)``, n >= 2, with what the data say about its uncertainty.

    Student's t alone finds a difference too often in skewed samples (12 % instead of 5 % at n = 5 for exponential
    differences), the bootstrap's percentile and BCa intervals in nearly all small ones. The studentised bootstrap
    (Efron and Tibshirani 1993, section 12.5; scipy has none) follows the skew. The limit on each side is the farther
    of the two, never beyond `WIDEST` times Student's, at a level corrected by `error_share`.

    Identical differences say nothing about their spread. Their interval is that of the sign test: the point itself if
    ``2 * 0.5**n`` is within the allowed error (from 6 pairs at 95 %, from 5 at 90 %), unknown (NaN) with fewer. Of
    ``stepped`` scores, which are alike by chance, it is unknown with any number: the next pair may be a step away.

    Attributes:
        differences: of pairs, ``(n,)``.
        stepped: whether they are multiples of a step, such as shares of a few rates.
    """

    differences: np.ndarray
    stepped: bool = False

    @cached_property
    def mean(self) -> float:
        """The mean difference, without rounding if all are the same."""
        return float(np.median(self.differences) if self.identical else self.differences.mean())

    @cached_property
    def identical(self) -> bool:
        """Whether the differences are the same apart from rounding."""
        return bool(np.ptp(self.differences) <= 1e-12 * np.abs(self.differences).max())

    @property
    def spread(self) -> bool:
        """Whether the differences are not all the same."""
        return not self.identical

    @cached_property
    def standard_error(self) -> float:
        """The estimated standard error of the mean."""
        return float(self.differences.std(ddof=1) / math.sqrt(len(self.differences)))

    @cached_property
    def pivots(self) -> np.ndarray:
        """The bootstrap's t statistics in ascending order, ``(RESAMPLES,)``."""
        return np.sort(studentised_pivots((np.sort(self.differences) - self.mean)[:, None])[:, 0])

    def interval(self, confidence: float) -> Interval:
        """The interval of the mean at ``confidence``."""
        n = len(self.differences)
        if self.identical:
            limit = self.mean if not self.stepped and 2 * 0.5**n <= 1 - confidence else math.nan
            return Interval(self.mean, limit, limit, n)
        from scipy.special import stdtrit

        tail = (1 - confidence) / 2 * error_share(n)
        student = float(stdtrit(n - 1, 1 - tail))
        outer = int((RESAMPLES + 1) * tail)  # the outer-most of the pivots at either end
        above, below = (self.pivots[-outer], -self.pivots[outer - 1]) if outer else (math.inf, math.inf)
        low = self.mean - self.standard_error * max(student, min(float(above), WIDEST * student))
        high = self.mean + self.standard_error * max(student, min(float(below), WIDEST * student))
        return Interval(self.mean, low, high, n)

    def p_above(self, value: float) -> float:
        """One-sided p-value that the mean is above ``value``: half the error at which the interval excludes it."""
        return self._p(self.mean - value, 1)

    def p_below(self, value: float) -> float:
        """One-sided p-value that the mean is below ``value``."""
        return self._p(value - self.mean, -1)

    def _p(self, distance: float, side: int) -> float:
        n = len(self.differences)
        if self.identical:
            return 0.5**n if distance > 0 and not self.stepped else 1.0
        from scipy.special import stdtr

        t = distance / self.standard_error
        student, widest = float(stdtr(n - 1, -t)), float(stdtr(n - 1, -t / WIDEST))
        bootstrap = (int((side * self.pivots >= t).sum()) + 1) / (RESAMPLES + 1)
        return min(1.0, max(student, min(bootstrap, widest)) / error_share(n))


DRAWS = 10_000


@dataclass(frozen=True)
class Band:
    """The mean difference at each budget, ``(S,)`` each.

    Attributes:
        mean: over pairs.
        low: the pointwise lower limits, valid for one budget named beforehand.
        high: the pointwise upper limits.
        simultaneous_low: the lower limits of a band that contains the whole curve with the stated confidence.
        simultaneous_high: its upper limits. Read "A is ahead from here on" off these.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    simultaneous_low: np.ndarray
    simultaneous_high: np.ndarray


def difference_band(differences: np.ndarray, confidence: float = 0.95) -> Band:
    """The mean difference over training with its bands.

    Pointwise limits are those of the judge (`StudentisedMean`). The simultaneous band is the max-t bootstrap's
    (Montiel Olea and Plagborg-Møller 2019): the quantile of the largest absolute t over budgets sets the width. As for
    a single mean, the larger of two quantiles counts. One comes from curves multiplied by normal numbers and divided by
    a chi, which gives a single budget Student's t; the other from resampled whole curves, which follows skew and counts
    up to twice the first. Both are corrected for few pairs by `error_share`, and the band is nowhere narrower than the
    pointwise one.

    Args:
        differences: the difference of each pair at each budget, ``(n, S)``, n at least 2; ``CrossFit.pseudo_values``
            at each budget if rates were tuned.
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
