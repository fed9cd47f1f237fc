"""Solve-or-fail: the difference between the shares of paired seeds that solve a task, with an exact interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rnncompare.statistics.intervals import Interval, check_confidence

NUISANCE_POINTS = 200
STEPS = 64
"""Values of the difference among which a limit is first searched."""


@dataclass(frozen=True)
class PairedProportions:
    """The difference of two paired proportions, ``(wins - losses) / pairs``, with an exact unconditional interval.

    The one-sided p-value of "the difference is at most d" is the largest probability, over all paired proportions
    whose difference is d, of results at least as extreme by Tango's (1998) score statistic (Barnard's method; Suissa
    and Shuster 1991 for d = 0). The interval contains the values that neither one-sided test rejects, so it covers the
    true difference at least as often as it says, for every number of pairs and every success rate. Ten pairs that all
    agree still leave ± 0.31.

    Attributes:
        wins: pairs in which only the first solves the task; a fraction if averaged over splits.
        losses: pairs in which only the second does.
        pairs: all pairs.

    Raises:
        ValueError: the counts are negative, or sum to more than the pairs.
    """

    wins: float
    losses: float
    pairs: int

    def __post_init__(self) -> None:
        if not (self.wins >= 0 and self.losses >= 0 and self.wins + self.losses <= self.pairs + 1e-9):
            raise ValueError(
                f"{self.wins} pairs won and {self.losses} lost of {self.pairs}: counts within them are needed"
            )

    @property
    def mean(self) -> float:
        """The difference of the shares."""
        return (self.wins - self.losses) / self.pairs if self.pairs else math.nan

    @property
    def spread(self) -> bool:
        """True: the interval is wide even if all pairs agree."""
        return True

    @cached_property
    def standard_error(self) -> float:
        """That of a normal interval as wide as the exact 95 % one."""
        interval = self.interval(0.95)
        return (interval.high - interval.low) / (2 * 1.959964)

    def interval(self, confidence: float) -> Interval:
        """The interval of the difference at ``confidence``; from -1 to 1 without pairs."""
        check_confidence(confidence)
        if not self.pairs:
            return Interval(math.nan, -1.0, 1.0, 0)
        tail = (1 - confidence) / 2
        mirrored = PairedProportions(self.losses, self.wins, self.pairs)
        return Interval(self.mean, self._lower_limit(tail), -mirrored._lower_limit(tail), self.pairs)

    def p_above(self, value: float) -> float:
        """One-sided p-value that the difference is above ``value``."""
        if value <= -1:
            return 0.0 if value < -1 else self.p_above(-1 + 1e-12)
        if value >= 1 or not self.pairs:
            return 1.0
        wins, losses, log_counts = _tables(self.pairs)
        observed = _score(np.array(self.wins), np.array(self.losses), self.pairs, value)
        tail = _score(wins, losses, self.pairs, value) >= observed - 1e-9
        lose = np.linspace(max(0.0, -value), (1 - value) / 2, NUISANCE_POINTS)[:, None]
        from scipy.special import xlogy

        agree = self.pairs - wins - losses
        log_p = (
            log_counts[tail]
            + xlogy(wins[tail], np.maximum(lose + value, 0))
            + xlogy(losses[tail], lose)
            + xlogy(agree[tail], np.maximum(1 - 2 * lose - value, 0))
        )
        return min(1.0, float(np.exp(log_p).sum(1).max()))

    def p_below(self, value: float) -> float:
        """One-sided p-value that the difference is below ``value``."""
        return PairedProportions(self.losses, self.wins, self.pairs).p_above(-value)

    @lru_cache(maxsize=1024)  # noqa: B019 - three counts each; the findings of a study share them
    def _lower_limit(self, tail: float) -> float:
        """The smallest difference that the one-sided test at ``tail`` does not reject."""
        grid = np.linspace(-1, self.mean, STEPS)
        kept = next((k for k, value in enumerate(grid) if self.p_above(float(value)) > tail), len(grid) - 1)
        if kept == 0:
            return -1.0
        low, high = float(grid[kept - 1]), float(grid[kept])
        while high - low > 1e-6:
            middle = (low + high) / 2
            low, high = (low, middle) if self.p_above(middle) > tail else (middle, high)
        return low


@lru_cache(maxsize=16)
def _tables(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All pairs won and lost of ``n``, and the log of the number of orders that each can come in."""
    from scipy.special import gammaln

    wins, losses = (part.ravel() for part in np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij"))
    possible = wins + losses <= n
    wins, losses = wins[possible], losses[possible]
    orders = gammaln(n + 1) - gammaln(wins + 1) - gammaln(losses + 1) - gammaln(n - wins - losses + 1)
    return wins, losses, orders


def _score(wins: np.ndarray, losses: np.ndarray, n: int, difference: float) -> np.ndarray:
    """Tango's score statistic of each table for a true ``difference`` strictly between -1 and 1."""
    linear = (2 * n - wins + losses) * difference - wins - losses
    constant = -losses * difference * (1 - difference)
    lose = (np.sqrt(np.maximum(linear**2 - 8 * n * constant, 0)) - linear) / (4 * n)
    variance = n * np.maximum(2 * lose + difference * (1 - difference), 0)
    distance = wins - losses - n * difference
    flat = np.abs(distance) < 1e-12 * n
    safe = np.sqrt(np.maximum(variance, 1e-300))
    return np.where(flat, 0.0, distance / safe)
