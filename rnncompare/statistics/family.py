"""Many claims in one report: Holm's adjustment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Holm's (1979) step-down adjustment of the p-values of one family, in their order.

    Rejecting where the adjusted value is at most 5 % keeps the chance of any false rejection in the family to 5 %,
    however the claims hang together. A NaN (a claim that could not be tested) stays NaN and is not counted.

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
