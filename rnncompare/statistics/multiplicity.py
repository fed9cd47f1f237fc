"""Many looks at one study, and many claims in one report: the error allowed is shared among them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np


@dataclass(frozen=True)
class Looks:
    """When a study is looked at, and how much of the allowed error each look may spend (Lan and DeMets 1983).

    Attributes:
        pairs: the number of pairs at each look, rising; a study stops at the first look that settles it.
    """

    pairs: tuple[int, ...] = (10, 20, 30, 50)

    def __post_init__(self) -> None:
        if not self.pairs or self.pairs[0] < 2 or any(b <= a for a, b in zip(self.pairs, self.pairs[1:], strict=False)):
            raise ValueError(f"looks at {list(self.pairs)} pairs: rising numbers from 2 up are needed")

    def alpha(self, pairs: int) -> float:
        """The two-sided error of the interval for *supported* and *refuted* at the look with this many ``pairs``.

        ``1 - alpha`` is the confidence to use there. Over all looks, 5 % of studies exclude a true margin.
        """
        return self._levels(0.05)[self._look(pairs)]

    def narrow_alpha(self, pairs: int) -> float:
        """The error of the narrow interval at the look, for *equivalent*: 10 % over all looks, 5 % on either side."""
        return self._levels(0.10)[self._look(pairs)]

    def overall_p(self, p: float, pairs: int, one_sided: bool = False) -> float:
        """The p-value over all looks (Jennison and Turnbull's repeated p-value).

        It is the smallest overall error at which this look would decide: at most 0.05 exactly when ``p`` is within the
        look's own level. It goes to `holm`.

        Args:
            p: of the decision at this look alone, ``Decision.p``.
            pairs: which look it is.
            one_sided: True for the verdict *equivalent*, whose p comes from one-sided tests.
        """
        if math.isnan(p):
            return p
        look = self._look(pairs)
        nominal = 2 * p if one_sided else p
        low, high = 1e-10, 1.0
        if nominal >= self._levels(0.999)[look]:
            return 1.0
        while high - low > 1e-4 * low:
            middle = math.sqrt(low * high)
            low, high = (middle, high) if self._levels(min(middle, 0.999))[look] < nominal else (low, middle)
        return min(1.0, high / 2 if one_sided else high)

    @cached_property
    def _fractions(self) -> tuple[float, ...]:
        return tuple(n / self.pairs[-1] for n in self.pairs)

    def _levels(self, alpha: float) -> list[float]:
        from scipy.special import ndtr

        return [2 * float(ndtr(-bound)) for bound in boundaries(self._fractions, alpha)]

    def _look(self, pairs: int) -> int:
        if pairs not in self.pairs:
            raise ValueError(f"no look at {pairs} pairs: there are looks at {', '.join(map(str, self.pairs))}")
        return self.pairs.index(pairs)


def spent(fraction: float, alpha: float) -> float:
    """How much of the two-sided error ``alpha`` may be spent once this ``fraction`` of the pairs is there.

    Lan and DeMets' (1983) function ``alpha log(1 + (e - 1) t)``, whose bounds are like Pocock's: every look has about
    the same chance, so large effects are settled at the first.
    """
    return alpha * math.log(1 + (math.e - 1) * fraction)


@lru_cache(maxsize=4096)
def boundaries(fractions: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    """How large the absolute z statistic must be at each look to stop there.

    The density of the Brownian motion that has not stopped yet is carried from look to look by numerical integration
    (Armitage, McPherson and Rowe 1969); each bound is placed where it spends what `spent` allows.

    Args:
        fractions: of the final number of pairs at each look, rising to at most 1.
        alpha: two-sided error over all looks.
    """
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(bound: float) -> float:
        """The chance of reaching this look and being beyond the bound there, less what is allowed."""
        limit = bound * math.sqrt(time)
        beyond = ndtr((points - limit) / step) + ndtr((-limit - points) / step)
        return float(mass @ beyond) - allowed

    bounds: list[float] = []
    points, mass, before, used = np.zeros(1), np.ones(1), 0.0, 0.0
    for time in fractions:
        step = math.sqrt(time - before)
        allowed = spent(time, alpha) - used
        bound = float(brentq(excess, 0.0, 12.0, xtol=1e-10))
        bounds.append(bound)
        limit = bound * math.sqrt(time)
        nodes, weights = _simpson(limit)
        kernel = np.exp(-0.5 * ((nodes[:, None] - points) / step) ** 2) / (step * math.sqrt(2 * math.pi))
        points, mass, before, used = nodes, weights * (kernel @ mass), time, used + allowed
    return tuple(bounds)


def _simpson(limit: float, intervals: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Points from minus ``limit`` to ``limit`` and Simpson's weights."""
    points = np.linspace(-limit, limit, intervals + 1)
    weights = np.full(intervals + 1, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return points, weights * (2 * limit / intervals / 3)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's (1979) step-down adjustment of the p-values of one family, in their order.

    Rejecting when the adjusted value is at most 5 % keeps the chance of any false rejection in the family to 5 %,
    however the claims depend on each other. NaN (a claim that could not be tested) stays NaN and is not counted.

    Raises:
        ValueError: a p-value lies outside 0 to 1.
    """
    p = np.asarray(p_values, dtype=float)
    tested = np.flatnonzero(~np.isnan(p))
    if ((p[tested] < 0) | (p[tested] > 1)).any():
        raise ValueError("p-values outside 0 to 1")
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted = np.full(p.shape, np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
