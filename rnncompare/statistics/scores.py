"""Scores on a scale that was registered beforehand: 0 is the trivial predictor, 1 the reference."""

from __future__ import annotations

import math

import numpy as np


def scaled_score(
    metric: float | np.ndarray, baseline: float, reference: float, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """``(metric - baseline) / (reference - baseline)``, clipped.

    It holds for metrics of which less is better too, since both differences change sign. A run without a metric (NaN:
    it diverged or failed) has the worst score, ``low``.

    Args:
        metric: the metric of runs, any shape.
        baseline: the trivial predictor's.
        reference: what scores 1.
        low: the worst score there is.
        high: the best.

    Raises:
        ValueError: baseline and reference are not two different finite numbers, or low is not below high.
    """
    _check_scale(baseline, reference)
    if not low < high:
        raise ValueError(f"scores from {low} to {high}: the first is to be the smaller")
    score = (np.asarray(metric, dtype=float) - baseline) / (reference - baseline)
    return np.clip(np.where(np.isnan(score), low, score), low, high)


def scaled_margin(margin: float, baseline: float, reference: float) -> float:
    """A margin in the task's own unit on the scale of `scaled_score`.

    Raises:
        ValueError: as in `scaled_score`, or the margin is not a finite number from 0 up.
    """
    _check_scale(baseline, reference)
    if not (math.isfinite(margin) and margin >= 0):
        raise ValueError(f"margin is {margin}, not a finite number from 0 up")
    return margin / abs(reference - baseline)


def _check_scale(baseline: float, reference: float) -> None:
    if not (math.isfinite(baseline) and math.isfinite(reference)) or baseline == reference:
        raise ValueError(
            f"baseline {baseline} and reference {reference} make no scale: two different numbers are needed"
        )
