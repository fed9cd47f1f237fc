"""What tuning is worth: quality after so many trials, and how much the learning rate matters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.statistics.intervals import finite_sample


def expected_best(validation: Sequence[float] | np.ndarray, test: Sequence[float] | np.ndarray) -> np.ndarray:
    """The expected test score of the trial that validates best among k, for each k.

    The mean over all sets of k of the trials made, without drawing one twice, so without the bias of the plug-in
    estimate of Dodge et al. 2019, *Show your work* (Tang et al. 2020, *Showing your work doesn't always work*).
    Trials tied on validation share their place.

    Args:
        validation: the score of each trial, larger is better, ``(N,)``.
        test: its test score, ``(N,)``.

    Returns:
        ``(N,)``, for k = 1 (the mean of all) to N (the best on validation).

    Raises:
        ValueError: the two are not finite and of one length, or there are none.
    """
    chosen_by, judged_by = finite_sample(validation, "validation scores"), finite_sample(test, "test scores")
    count = len(chosen_by)
    if count != len(judged_by) or not count:
        raise ValueError(f"{count} validation scores and {len(judged_by)} test scores: one of each a trial is needed")
    order = np.argsort(chosen_by, kind="stable")
    _, place, sizes = np.unique(chosen_by[order], return_inverse=True, return_counts=True)
    means = np.bincount(place, weights=judged_by[order]) / sizes
    ranks = np.arange(1, count + 1)
    k = ranks[:, None]
    from scipy.special import gammaln

    with np.errstate(invalid="ignore"):  # the j-th smallest is the best of k: C(j - 1, k - 1) / C(N, k)
        logs = gammaln(ranks) - gammaln(np.maximum(ranks - k, 0) + 1) - gammaln(k)
    chances = np.where(ranks >= k, np.exp(logs + gammaln(k + 1) + gammaln(count - k + 1) - gammaln(count + 1)), 0.0)
    return chances @ means[place]


@dataclass(frozen=True)
class RateResponse:
    """How the score of one arm depends on its learning rate: its sensitivity.

    Attributes:
        mean: mean score of each rate over seeds, ``(R,)``.
        best: index of the best rate.
        octaves: the width of the range of rates around the best one whose mean score is within the tolerance of the
            best, in factors of two, interpolated between rates: the wider, the easier to train.
        open_ends: whether that range reaches the first or last rate, so that it may be wider.
        shortfall: the best mean score minus the mean over all rates: what not tuning costs.
        by_seed: the mean score over all rates of each seed, ``(n,)``. The differences of two arms are paired
            differences of quality without tuning, for `decide`.
    """

    mean: np.ndarray
    best: int
    octaves: float
    open_ends: bool
    shortfall: float
    by_seed: np.ndarray


def rate_response(rates: Sequence[float] | np.ndarray, scores: np.ndarray, tolerance: float) -> RateResponse:
    """The sensitivity of an arm to its learning rate.

    Args:
        rates: rising, positive, ``(R,)``.
        scores: larger is better, ``(R, n)``.
        tolerance: how far below the best still counts as good: the task's margin.

    Raises:
        ValueError: the rates do not rise from above 0, the scores do not fit, or the tolerance is not above 0.
    """
    steps, values = finite_sample(rates, "rates"), np.asarray(scores, dtype=float)
    if not len(steps) or steps[0] <= 0 or (np.diff(steps) <= 0).any() or not tolerance > 0:
        raise ValueError(f"rates {steps.tolist()} and tolerance {tolerance}: rising and positive ones are needed")
    if values.ndim != 2 or len(values) != len(steps) or not values.size or not np.isfinite(values).all():
        raise ValueError(
            f"scores of shape {values.shape}: finite ones, a row for each of {len(steps)} rates, are needed"
        )
    mean = values.mean(1)
    best = int(mean.argmax())
    x, height = np.log2(steps), mean - (mean[best] - tolerance)

    def end(direction: int) -> tuple[float, bool]:
        """Where the curve falls below the tolerance on one side, and whether it does."""
        at = best
        while 0 <= at + direction < len(x):
            if height[at + direction] < 0:
                part = height[at] / (height[at] - height[at + direction])
                return float(x[at] + part * (x[at + direction] - x[at])), True
            at += direction
        return float(x[at]), False

    (low, falls_low), (high, falls_high) = end(-1), end(1)
    shortfall = float(mean[best] - mean.mean())
    return RateResponse(mean, best, high - low, not (falls_low and falls_high), shortfall, values.mean(0))
