"""The judge: paired differences and a margin in, one of four verdicts out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rnncompare.statistics.intervals import Interval, finite_sample
from rnncompare.statistics.studentised import StudentisedMean

Rule = Literal["beats", "equivalent"]
Verdict = Literal["supported", "refuted", "equivalent", "inconclusive"]

FEWEST_FOR_EQUIVALENCE = 5


@dataclass(frozen=True)
class Decision:
    """What paired differences say of a claim.

    Attributes:
        verdict: ``supported``, ``refuted``, ``equivalent`` or ``inconclusive``.
        effect: 95 % interval of the mean paired difference (of the median log ratio for times to target); a positive
            difference speaks for the claim.
        narrow: 90 % interval of the same, for the two one-sided tests of equivalence.
        p: for the rule ``beats``, two-sided p-value of the null "the difference is the margin": at most 0.05 exactly
            where the 95 % interval leaves the margin out, on either side. For the rule ``equivalent``, the larger of
            the two one-sided p-values of the null "the difference is at least the margin, either way": at most 0.05
            exactly where the 90 % interval lies within the margins. NaN for fewer than two pairs. It does not know of
            the fewest pairs for equivalence.
        pairs: how many pairs there were.
    """

    verdict: Verdict
    effect: Interval
    narrow: Interval
    p: float
    pairs: int


def check_rule(margin: float, rule: Rule) -> None:
    """Raise `ValueError` for a margin that is not finite or is negative, or for an unknown rule."""
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin is {margin}, not a finite number from 0 up")
    if rule not in ("beats", "equivalent"):
        raise ValueError(f"rule is {rule!r}, neither 'beats' nor 'equivalent'")


def verdict_of(effect: Interval, narrow: Interval, margin: float, rule: Rule) -> Verdict:
    """The verdict of a 95 % interval ``effect`` and a 90 % one ``narrow``; unknown (NaN) bounds settle nothing."""
    if narrow.n >= FEWEST_FOR_EQUIVALENCE and -margin < narrow.low and narrow.high < margin:
        return "equivalent"
    if rule == "beats":
        if effect.low > margin:
            return "supported"
        return "refuted" if effect.high < margin else "inconclusive"
    return "refuted" if effect.low > margin or effect.high < -margin else "inconclusive"


def combined_p(above: float, below: float, within: tuple[float, float], rule: Rule) -> float:
    """The p-value of the rule.

    Args:
        above: one-sided p-value that the difference is above the margin.
        below: that it is below the margin.
        within: that it is above minus the margin, and below the margin.
        rule: which of them the claim rests on.
    """
    return min(1.0, 2 * min(above, below)) if rule == "beats" else max(within)


def decide(differences: Sequence[float] | np.ndarray, margin: float, rule: Rule = "beats") -> Decision:
    """Judges a claim by paired differences over seeds, signed so that a positive one speaks for the claim.

    For ``beats`` ("A beats B by more than the margin"): *supported* where the 95 % interval of the mean difference lies
    above the margin; *refuted* where it lies below it (which does not say that B is better: only that A is not better
    by the margin); *equivalent* where the 90 % interval lies strictly within ± margin (two one-sided tests at 5 %),
    which is said first; otherwise *inconclusive*. For ``equivalent`` ("A and B differ by less than the margin"):
    *equivalent* likewise; *refuted* where the 95 % interval lies wholly beyond the margin on either side; otherwise
    *inconclusive*. With a margin of 0 nothing is ever equivalent. Neither is anything of fewer than 5 pairs, and fewer
    than 2 give no interval and nothing but *inconclusive*.

    The intervals are those of `StudentisedMean`, which says how differences without any spread are judged.

    Args:
        differences: one finite number a pair, ``(n,)``.
        margin: the smallest difference that matters, from 0 up, written before the runs were made.
        rule: what the claim says.

    Raises:
        ValueError: a difference is NaN or infinite, the margin is negative or not finite, or the rule unknown.
    """
    check_rule(margin, rule)
    sample = finite_sample(differences, "differences")
    if len(sample) < 2:
        unknown = Interval(float(sample[0]) if len(sample) else math.nan, math.nan, math.nan, len(sample))
        return Decision("inconclusive", unknown, unknown, math.nan, len(sample))
    seen = StudentisedMean(sample)
    effect, narrow = seen.interval(0.95), seen.interval(0.90)
    p = combined_p(seen.p_above(margin), seen.p_below(margin), (seen.p_above(-margin), seen.p_below(margin)), rule)
    return Decision(verdict_of(effect, narrow, margin, rule), effect, narrow, p, len(sample))
