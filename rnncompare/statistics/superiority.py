"""How often A beats B: the probability of superiority over pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncompare.statistics.intervals import Interval, check_confidence, finite_sample


def probability_of_superiority(
    a: Sequence[float] | np.ndarray,
    b: Sequence[float] | np.ndarray,
    higher_is_better: bool = True,
    confidence: float = 0.95,
) -> Interval:
    """The share of pairs in which A does better than B, ties counting half, with Clopper and Pearson's (1934) interval.

    The interval is exact where there are no ties (holding at least its confidence at every n, also where A wins all
    pairs) and wider than need be with them. A bootstrap would call five wins of five certain.

    Args:
        a: the results of A, one a pair, ``(n,)``.
        b: the results of B on the same seeds, ``(n,)``.
        higher_is_better: whether a larger result is the better one.
        confidence: of the interval.

    Returns:
        The share as ``mean``: 0.5 where neither is better, NaN with bounds 0 and 1 without pairs.

    Raises:
        ValueError: the two are not of one length, or not all finite.
    """
    check_confidence(confidence)
    first, second = finite_sample(a, "results of A"), finite_sample(b, "results of B")
    if len(first) != len(second):
        raise ValueError(f"{len(first)} results of A and {len(second)} of B do not pair")
    n = len(first)
    if n == 0:
        return Interval(float("nan"), 0.0, 1.0, 0)
    from scipy.special import betaincinv

    signs = np.sign(first - second) * (1 if higher_is_better else -1)
    wins = float((signs > 0).sum() + (signs == 0).sum() / 2)
    tail = (1 - confidence) / 2
    low = float(betaincinv(wins, n - wins + 1, tail)) if wins > 0 else 0.0
    high = float(betaincinv(wins + 1, n - wins, 1 - tail)) if wins < n else 1.0
    return Interval(wins / n, low, high, n)
