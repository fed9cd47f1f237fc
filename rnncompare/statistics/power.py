"""How many pairs a study needs, what its pairs can show, and how its verdict depends on the margin."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from rnncompare.statistics.decision import FEWEST_FOR_EQUIVALENCE, Rule, Verdict, check_rule, verdict_of
from rnncompare.statistics.intervals import Interval, finite_sample
from rnncompare.statistics.studentised import StudentisedMean, error_share

MOST_PAIRS = 1_000_000


def _fewest(power_of: Callable[[int], float], power: float, start: int) -> int | None:
    """The fewest pairs, from ``start``, with which ``power_of`` (rising) reaches ``power``; None above `MOST_PAIRS`."""
    if not 0 < power < 1:
        raise ValueError(f"power is {power}, not between 0 and 1")
    high = start
    while power_of(high) < power:
        if high >= MOST_PAIRS:
            return None
        high = min(2 * high, MOST_PAIRS)
    low = max(start - 1, high // 2)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_of(middle) >= power else (middle, high)
    return high


def pairs_for_difference(distance: float, power: float = 0.9) -> int | None:
    """Pairs with which the 95 % interval of `decide` excludes a value ``distance`` from the true mean.

    Student's power for normal differences at the level at which `decide` works, plus one pair, which makes up for the
    bootstrap's wider interval (by simulation, for 4 to 50 pairs). Skewed differences may need a few more.

    Args:
        distance: between the true mean difference and the margin, in standard deviations of the paired difference.
        power: the chance of that.

    Returns:
        The number of pairs; None if a million are not enough.
    """
    if not distance:
        return None
    fewest = _fewest(lambda n: _power_of_difference(distance, n), power, start=2)
    return None if fewest is None else fewest + 1


def pairs_for_equivalence(margin: float, shift: float = 0.0, power: float = 0.9) -> int | None:
    """Pairs with which two one-sided tests at 5 % show that a difference lies within ± ``margin``.

    The usual normal approximation: 44 pairs for half a standard deviation and 90 % power. `decide` may need a few more,
    because it estimates the standard deviation and guards against skew.

    Args:
        margin: in standard deviations of the paired difference.
        shift: the true mean difference, in the same unit.
        power: the chance of showing it.

    Returns:
        The number of pairs, at least 5; None if the shift is not within the margin or a million are not enough.
    """
    if not abs(shift) < margin:
        return None
    return _fewest(lambda n: _power_of_equivalence(margin, shift, n), power, start=FEWEST_FOR_EQUIVALENCE)


def _power_of_difference(distance: float, n: int) -> float:
    """Student's power, at the level at which `decide` works."""
    from scipy.special import nctdtr, stdtrit

    critical = float(stdtrit(n - 1, 1 - 0.025 * error_share(n)))
    chance = 1 - float(nctdtr(n - 1, math.sqrt(n) * abs(distance), critical))
    return 1.0 if math.isnan(chance) else chance  # scipy's noncentral t overflows far out, where power is 1


def _power_of_equivalence(margin: float, shift: float, n: int) -> float:
    """The normal approximation to the power of two one-sided tests at 5 %."""
    from scipy.special import ndtr, ndtri

    root, z = math.sqrt(n), float(ndtri(0.95))
    return float(ndtr((margin - shift) * root - z) + ndtr((margin + shift) * root - z) - 1)


def pairs_to_settle(
    differences: Sequence[float] | np.ndarray, margin: float, rule: Rule = "beats", power: float = 0.9
) -> int | None:
    """How many pairs in total would settle a claim if its true mean and spread are those of the pairs seen.

    The smaller of the number that would exclude the margin and the number that would show equivalence. It is as rough
    as the mean and spread it starts from: with five pairs, an order of magnitude.

    Args:
        differences: the paired differences seen, ``(n,)``, as `decide` takes them.
        margin: as `decide` takes it.
        rule: as `decide` takes it.
        power: the chance of settling it with that many.

    Returns:
        The number of pairs; None if fewer than two pairs or no spread leave it unknown, or a million are not enough.
    """
    check_rule(margin, rule)
    sample = finite_sample(differences, "differences")
    if len(sample) < 2 or StudentisedMean(sample).identical:
        return None
    spread = float(sample.std(ddof=1))
    shift = float(sample.mean()) / spread
    beyond = margin / spread
    equivalence = pairs_for_equivalence(beyond, shift, power)
    outside = abs(shift) - beyond if rule == "equivalent" else shift - beyond
    difference = pairs_for_difference(outside, power) if rule == "beats" or outside > 0 else None
    return min((n for n in (equivalence, difference) if n is not None), default=None)


def power_at_margin(spread: float, margin: float, pairs: int) -> float:
    """The chance to tell a true difference from one that is a margin away.

    That is the chance to support a claim where the truth is twice the margin, or to refute it where there is no
    difference.

    Args:
        spread: standard deviation of the paired differences (for a tuned arm: of the pseudo-values), above 0.
        margin: in the same unit, above 0.
        pairs: of the study, at least 2.

    Raises:
        ValueError: the spread or margin is not above 0, or the pairs are fewer than 2.
    """
    if not (spread > 0 and margin > 0 and pairs >= 2):
        raise ValueError(f"spread {spread}, margin {margin} and pairs {pairs}: above 0, and at least 2, are needed")
    return _power_of_difference(margin / spread, max(2, pairs - 1))


def verdicts_by_margin(
    effect: Interval, narrow: Interval, rule: Rule, spread: bool = True
) -> list[tuple[float, Verdict]]:
    """The verdict as a function of the margin: ``(margin from which it holds, verdict)``, from 0 up.

    Args:
        effect: the 95 % interval.
        narrow: the 90 % one.
        rule: what the claim says.
        spread: as `verdict_of` takes it.
    """
    limits = {abs(limit) for limit in (effect.low, effect.high, narrow.low, narrow.high) if math.isfinite(limit)}
    edges = sorted(limits | {0.0})
    middles = [*((a + b) / 2 for a, b in itertools.pairwise(edges)), edges[-1] + 1]
    steps: list[tuple[float, Verdict]] = []
    for edge, middle in zip(edges, middles, strict=True):
        verdict = verdict_of(effect, narrow, middle, rule, spread)
        if not steps or steps[-1][1] != verdict:
            steps.append((edge, verdict))
    return steps
