"""Many claims in one report: Holm's adjustment, and which verdicts hold only alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.statistics.decision import Decision


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


@dataclass(frozen=True)
class InFamily:
    """A decision among the others of its report.

    Attributes:
        p: Holm's adjusted p-value; NaN where there was no decision.
        suggestive: whether a verdict was reached that holds alone, but not with the adjustment.
    """

    p: float
    suggestive: bool


def in_family(decisions: Sequence[Decision | None], alpha: float = 0.05) -> list[InFamily]:
    """Each decision of a report with the adjustment for being many.

    Args:
        decisions: of all claims, their p on the scale of one look (`Looks.overall_p`); None where there was nothing to
            decide (not measured, uninformative, unconverged).
        alpha: the error allowed over the family.
    """
    adjusted = holm([np.nan if decision is None else decision.p for decision in decisions])
    return [
        InFamily(float(p), decision is not None and decision.verdict != "inconclusive" and not p <= alpha)
        for decision, p in zip(decisions, adjusted, strict=True)
    ]
