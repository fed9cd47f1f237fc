"""Times to a target where some runs never reached it: a censored run counts, as a bound, and is never dropped."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rnncompare.statistics.decision import FEWEST_FOR_EQUIVALENCE, Decision, OneSided, Rule, check_rule, verdict_of
from rnncompare.statistics.intervals import Interval, finite_sample


def _times(times: Sequence[float] | np.ndarray, reached: Sequence[bool] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positive times ``(n,)`` and the flags of those that are times, not bounds.

    Raises:
        ValueError: a time is not positive and finite, or the flags are not one boolean a time.
    """
    checked, flags = finite_sample(times, "times"), np.asarray(reached)
    if (checked <= 0).any():
        raise ValueError("times that are not all positive")
    if flags.shape != checked.shape or (flags.size and flags.dtype != np.bool_):
        raise ValueError(f"reached is to be one True or False for each of {len(checked)} times")
    return checked, flags.astype(bool)


def median_time(times: Sequence[float] | np.ndarray, reached: Sequence[bool] | np.ndarray) -> float:
    """The median time to a target by Kaplan and Meier (`scipy.stats.ecdf`).

    Args:
        times: the time each run reached its target, or ran without reaching it, ``(n,)``.
        reached: whether it did, ``(n,)``.

    Returns:
        The first time by which half are estimated to have reached it, infinity where the runs end before that, NaN
        without runs.

    Raises:
        ValueError: a time is not positive and finite, or the flags do not fit.
    """
    checked, flags = _times(times, reached)
    if not len(checked):
        return math.nan
    if not flags.any():
        return math.inf
    from scipy.stats import CensoredData, ecdf

    survival = ecdf(CensoredData(uncensored=checked[flags], right=checked[~flags])).sf
    half = survival.quantiles[survival.probabilities <= 0.5 + 1e-12]
    return float(half[0]) if len(half) else math.inf


def log_ratio_bounds(
    times_a: Sequence[float] | np.ndarray,
    reached_a: Sequence[bool] | np.ndarray,
    times_b: Sequence[float] | np.ndarray,
    reached_b: Sequence[bool] | np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """What is known of each pair's ``log(time of B / time of A)``, positive where A is the faster.

    Returns:
        ``(low, high)``, each ``(n,)``: equal where both runs reached the target; ``high`` is infinite where B did not,
        ``low`` minus infinity where A did not, both where neither did (which says nothing).

    Raises:
        ValueError: a time is not positive and finite, the flags do not fit, or the two are not of one length.
    """
    (a, a_flags), (b, b_flags) = _times(times_a, reached_a), _times(times_b, reached_b)
    if len(a) != len(b):
        raise ValueError(f"{len(a)} times of A and {len(b)} of B do not pair")
    ratio = np.log(b) - np.log(a)
    return np.where(a_flags, ratio, -math.inf), np.where(b_flags, ratio, math.inf)


def decide_censored(
    times_a: Sequence[float] | np.ndarray,
    reached_a: Sequence[bool] | np.ndarray,
    times_b: Sequence[float] | np.ndarray,
    reached_b: Sequence[bool] | np.ndarray,
    margin: float,
    rule: Rule = "beats",
) -> Decision:
    """Judges "A reaches the target sooner than B" by the median of the pairs' log ratios, censored runs included.

    The interval of the median is the sign test's: an order statistic of the lower bounds of `log_ratio_bounds` below,
    one of the upper bounds above. Every true log ratio lies between its bounds, so the interval holds the true median
    at least as often as it says, whatever made runs censored and whatever the distribution, with no symmetry assumed.
    A pair in which neither run reached the target could be anything and widens both sides. The price: fewer than
    6 pairs never show a difference (nor 5 an equivalence at the 90 % level), and a side may be infinite.

    Hodges and Lehmann's interval, over averages of two pairs, would be narrower without censoring, but one open pair
    of ten already makes it infinite.

    The estimate (``effect.mean``) is the median of the log ratios where that is known, else the value nearest to no
    difference that the bounds leave possible. ``exp`` of it is the ratio of times.

    Args:
        times_a: the time at which each run of A reached the target, or at which it ended without, ``(n,)``.
        reached_a: which of them reached it, ``(n,)``.
        times_b: the same of B, on the same seeds.
        reached_b: which of B reached it.
        margin: on the log scale, from 0 up: ``log(1.1)`` for 10 %.
        rule: what the claim says, as in `decide`.

    Raises:
        ValueError: a time is not positive and finite, the flags do not fit, the margin is negative or the rule unknown.
    """
    check_rule(margin, rule)
    low, high = log_ratio_bounds(times_a, reached_a, times_b, reached_b)
    n = len(low)
    if n < 2:
        unknown = Interval(float(np.clip(0.0, low[0], high[0])) if n else math.nan, math.nan, math.nan, n)
        return Decision("inconclusive", unknown, unknown, math.nan, n)
    from scipy.special import bdtr

    def p_of(certain: int) -> float:
        """The sign test's one-sided p-value when so many pairs lie on one side for certain: the rest may not."""
        return float(bdtr(n - certain, n, 0.5))

    sides = OneSided(
        above=p_of(int((low > margin).sum())),
        below=p_of(int((high < margin).sum())),
        above_minus=p_of(int((low > -margin).sum())),
        below_minus=p_of(int((high < -margin).sum())),
    )
    effect, narrow = _median_interval(low, high, 0.95), _median_interval(low, high, 0.90)
    spread = bool((low != low[0]).any() or (high != high[0]).any() or low[0] != high[0])
    verdict = verdict_of(effect, narrow, margin, rule, spread)
    direction = int(effect.low > margin) - int(effect.high < -margin)
    return Decision(
        verdict,
        effect,
        narrow,
        sides.of(verdict, rule, spread and n >= FEWEST_FOR_EQUIVALENCE),
        n,
        direction,
        sides.either_way,
    )


def _median_interval(low: np.ndarray, high: np.ndarray, confidence: float) -> Interval:
    """The interval of the median of values ``(n,)`` of which only bounds are known, infinite where n is too small.

    Order statistics at binomial quantiles (Conover 1999, section 3.2), the lower of ``low``, the upper of ``high``.
    """
    from scipy.special import bdtr

    n = len(low)
    lows, highs = np.sort(low), np.sort(high)
    tail = (1 - confidence) / 2
    outside = int((bdtr(np.arange(n), n, 0.5) <= tail).sum())  # order statistics to leave out at either end
    estimate = float(np.clip(0.0, np.median(lows), np.median(highs)))
    if outside == 0:
        return Interval(estimate, -math.inf, math.inf, n)
    return Interval(estimate, float(lows[outside - 1]), float(highs[n - outside]), n)
