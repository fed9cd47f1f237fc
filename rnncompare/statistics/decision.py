"""From an estimate and a margin to a verdict, with the p-value of the decision that was made."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from rnncompare.statistics.intervals import Interval, finite_sample
from rnncompare.statistics.studentised import StudentisedMean

Rule = Literal["beats", "equivalent"]
Verdict = Literal["supported", "refuted", "equivalent", "inconclusive"]

FEWEST_FOR_EQUIVALENCE = 5


class Estimate(Protocol):
    """An estimated difference: what a decision, random effects and the test set's error need to know about it."""

    @property
    def mean(self) -> float:
        """The estimate."""

    @property
    def spread(self) -> bool:
        """Whether the replicates differ at all; if not, nothing is known about their spread."""

    @property
    def standard_error(self) -> float:
        """The standard error of the estimate."""

    def interval(self, confidence: float) -> Interval:
        """The two-sided interval, with half of the error in each tail."""

    def p_above(self, value: float) -> float:
        """One-sided p-value that the difference is above ``value``."""

    def p_below(self, value: float) -> float:
        """One-sided p-value that it is below ``value``."""


@dataclass(frozen=True)
class WiderOf:
    """Two estimates of the same difference; on each side the more careful one counts."""

    one: Estimate
    other: Estimate

    @property
    def mean(self) -> float:
        """The estimate, of the first."""
        return self.one.mean

    @property
    def spread(self) -> bool:
        """Whether either has a spread."""
        return self.one.spread or self.other.spread

    @property
    def standard_error(self) -> float:
        """The larger standard error."""
        return max(self.one.standard_error, self.other.standard_error)

    def interval(self, confidence: float) -> Interval:
        """From the lower of the two lower limits to the upper of the two upper ones."""
        one, other = self.one.interval(confidence), self.other.interval(confidence)
        low, high = np.fmin(one.low, other.low), np.fmax(one.high, other.high)
        return Interval(self.mean, float(low), float(high), one.n)

    def p_above(self, value: float) -> float:
        """The larger of the two p-values."""
        return max(self.one.p_above(value), self.other.p_above(value))

    def p_below(self, value: float) -> float:
        """The larger of the two p-values."""
        return max(self.one.p_below(value), self.other.p_below(value))


@dataclass(frozen=True)
class WithTestError:
    """An estimate from one fixed test set, with the sampling error of that set added.

    All seeds share the test examples, so the luck of the examples does not average out over seeds. It is independent of
    the luck of the seeds, so the squares of the two half-widths add on each side (Zou and Donner 2008, as for any two
    independent estimates).

    Attributes:
        seeds: the estimate over seeds.
        test_error: standard error of the paired difference over test examples, from 0 up.
    """

    seeds: Estimate
    test_error: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.test_error) and self.test_error >= 0):
            raise ValueError(f"test_error is {self.test_error}, not a finite number from 0 up")

    @property
    def mean(self) -> float:
        """The estimate over seeds."""
        return self.seeds.mean

    @property
    def spread(self) -> bool:
        """Whether the seeds differ at all."""
        return self.seeds.spread

    @property
    def standard_error(self) -> float:
        """Of seeds and test examples together."""
        return math.hypot(self.seeds.standard_error, self.test_error)

    def interval(self, confidence: float) -> Interval:
        """The interval at ``confidence``."""
        from scipy.special import ndtri

        seeds = self.seeds.interval(confidence)
        test = float(ndtri((1 + confidence) / 2)) * self.test_error
        below, above = math.hypot(self.mean - seeds.low, test), math.hypot(seeds.high - self.mean, test)
        return Interval(self.mean, self.mean - below, self.mean + above, seeds.n)

    def p_above(self, value: float) -> float:
        """One-sided p-value: the error at which the lower limit meets ``value``."""
        return self._p(lambda interval: interval.low > value)

    def p_below(self, value: float) -> float:
        """One-sided p-value: the error at which the upper limit meets ``value``."""
        return self._p(lambda interval: interval.high < value)

    def _p(self, excluded: Callable[[Interval], bool]) -> float:
        """The smallest one-sided error at which the interval excludes the value; 1 if none below a half does."""
        low, high = math.log(1e-12), math.log(0.4999)
        if not excluded(self.interval(1 - 2 * math.exp(high))):
            return 1.0
        while high - low > 1e-4:
            middle = (low + high) / 2
            low, high = (low, middle) if excluded(self.interval(1 - 2 * math.exp(middle))) else (middle, high)
        return math.exp(high)


@dataclass(frozen=True)
class Decision:
    """What an estimate says about a claim.

    Attributes:
        verdict: ``supported``, ``refuted``, ``equivalent`` or ``inconclusive``.
        effect: 95 % interval of the difference; a positive difference speaks for the claim.
        narrow: its 90 % interval, for the two one-sided tests of equivalence.
        p: p-value of the decision, at most 0.05 if one is made: *supported* and *refuted* have twice the one-sided
            p-value (the 95 % interval leaves 2.5 % on either side), *equivalent* the larger of its two one-sided tests.
            An inconclusive claim has the p-value of what it claims: superiority or equivalence. NaN for fewer than two
            pairs.
        pairs: how many replicates there were.
        direction: 1 if the difference is surely above the margin, -1 if surely below minus the margin, else 0.
        direction_p: its two-sided p-value: twice the smaller of the two one-sided ones.
    """

    verdict: Verdict
    effect: Interval
    narrow: Interval
    p: float
    pairs: int
    direction: int = 0
    direction_p: float = math.nan


def check_rule(margin: float, rule: Rule) -> None:
    """Raise `ValueError` if the margin is negative or not finite, or the rule unknown."""
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin is {margin}, not a finite number from 0 up")
    if rule not in ("beats", "equivalent"):
        raise ValueError(f"rule is {rule!r}, neither 'beats' nor 'equivalent'")


def verdict_of(effect: Interval, narrow: Interval, margin: float, rule: Rule, spread: bool = True) -> Verdict:
    """The verdict of a 95 % interval ``effect`` and a 90 % one ``narrow``; unknown (NaN) bounds settle nothing.

    Without ``spread``, when all replicates are the same, nothing is equivalent.
    """
    if spread and narrow.n >= FEWEST_FOR_EQUIVALENCE and -margin < narrow.low and narrow.high < margin:
        return "equivalent"
    if rule == "beats":
        if effect.low > margin:
            return "supported"
        return "refuted" if effect.high < margin else "inconclusive"
    return "refuted" if effect.low > margin or effect.high < -margin else "inconclusive"


def decide(differences: Sequence[float] | np.ndarray, margin: float, rule: Rule = "beats") -> Decision:
    """Judge a claim by paired differences over seeds, signed so that a positive one speaks for the claim.

    As `decide_estimate`, with the intervals of `StudentisedMean`. Fewer than 2 pairs give no interval, and the verdict
    is *inconclusive*.

    Args:
        differences: one finite number per pair, ``(n,)``.
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
    return decide_estimate(StudentisedMean(sample), margin, rule)


def decide_estimate(
    estimate: Estimate, margin: float, rule: Rule = "beats", alpha: float = 0.05, narrow_alpha: float = 0.10
) -> Decision:
    """Judge a claim by an estimated difference, signed so that a positive one speaks for the claim.

    For ``beats`` ("A beats B by more than the margin"): *supported* if the 95 % interval of the difference lies above
    the margin; *refuted* if it lies below it (which does not mean that B is better, only that A is not better by the
    margin); *equivalent*, which comes first, if the 90 % interval lies strictly within ± margin (two one-sided tests at
    5 %); otherwise *inconclusive*. For ``equivalent`` ("A and B differ by less than the margin"): *equivalent* as
    above; *refuted* if the 95 % interval lies wholly beyond the margin on either side; otherwise *inconclusive*.
    Nothing is equivalent with a margin of 0, with fewer than 5 replicates, or if all replicates are the same, since
    then nothing is known about their spread.

    Args:
        estimate: of the difference.
        margin: the smallest difference that matters, from 0 up.
        rule: what the claim says.
        alpha: the error of the wider interval: `Looks.alpha` of the look, 5 % for a single look.
        narrow_alpha: the error of the narrow interval: `Looks.narrow_alpha`, 10 % for a single look.

    Returns:
        The decision. With looks, `Looks.overall_p` makes its p comparable to 5 %.

    Raises:
        ValueError: the margin is negative or not finite, or the rule unknown.
    """
    check_rule(margin, rule)
    effect, narrow = estimate.interval(1 - alpha), estimate.interval(1 - narrow_alpha)
    verdict = verdict_of(effect, narrow, margin, rule, estimate.spread)
    sides = OneSided(
        above=estimate.p_above(margin),
        below=estimate.p_below(margin),
        above_minus=estimate.p_above(-margin),
        below_minus=estimate.p_below(-margin),
    )
    direction = int(effect.low > margin) - int(effect.high < -margin)
    testable = estimate.spread and narrow.n >= FEWEST_FOR_EQUIVALENCE
    p = sides.of(verdict, rule, testable)
    return Decision(verdict, effect, narrow, p, effect.n, direction, sides.either_way)


@dataclass(frozen=True)
class OneSided:
    """One-sided p-values of a difference against the margin and minus the margin."""

    above: float
    below: float
    above_minus: float
    below_minus: float

    @cached_property
    def within(self) -> float:
        """Equivalence: the larger of two one-sided tests."""
        return max(self.above_minus, self.below)

    @cached_property
    def either_way(self) -> float:
        """A difference beyond the margin on either side."""
        return min(1.0, 2 * min(self.above, self.below_minus))

    def of(self, verdict: Verdict, rule: Rule, equivalence_testable: bool) -> float:
        """The p-value of the decision, as `Decision.p` defines it; 1 for an equivalence that cannot be tested."""
        if verdict == "equivalent" or (verdict == "inconclusive" and rule == "equivalent"):
            return self.within if equivalence_testable else 1.0
        if rule == "equivalent":
            return self.either_way
        return min(1.0, 2 * (self.below if verdict == "refuted" else self.above))
