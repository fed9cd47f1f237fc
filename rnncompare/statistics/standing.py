"""Whether a condition can tell two arms apart at all, and whether their training had ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from rnncompare.statistics.intervals import finite_sample

Standing = Literal["counts", "uninformative", "unconverged"]

MOST_CUT = 0.2
"""The share of an arm's runs that the budget may have cut."""


def standing(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    converged: tuple[Sequence[bool] | np.ndarray, Sequence[bool] | np.ndarray],
    baseline: float,
    optimum: float | None,
    tolerance: float,
) -> Standing:
    """Whether a condition counts for a comparison, from the scores of the two arms compared and of no other.

    It is *uninformative* where neither arm is better than the trivial predictor on average, or both are at the optimum,
    each within the tolerance; else *unconverged* where the budget cut more than a fifth of the runs of either arm.

    Args:
        first: scores of the first arm, larger is better, ``(n,)``.
        second: scores of the second arm.
        converged: for each arm, which of its runs ended by themselves.
        baseline: the trivial predictor's score.
        optimum: the best score there is; None where it is not known.
        tolerance: how near counts as being there.

    Raises:
        ValueError: there are no scores or no runs, or they are not finite.
    """
    means = [float(finite_sample(scores, "scores").mean()) if len(scores) else np.nan for scores in (first, second)]
    ended = [np.asarray(flags, dtype=bool) for flags in converged]
    if np.isnan(means).any() or not all(flags.size for flags in ended):
        raise ValueError("a condition without runs of both arms")
    if max(means) <= baseline + tolerance or (optimum is not None and min(means) >= optimum - tolerance):
        return "uninformative"
    return "unconverged" if any((~flags).mean() > MOST_CUT for flags in ended) else "counts"
