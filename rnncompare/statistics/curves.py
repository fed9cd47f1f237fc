"""Quality over training-set size: where it reaches a target, and the slope of a difference over the log of the size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.statistics.intervals import finite_sample


@dataclass(frozen=True)
class TargetSize:
    """Where a curve first reaches a target.

    Attributes:
        size: the training-set size, interpolated in its log; the largest size where the target is never reached.
        reached: False where it never was: ``size`` is then a lower bound (censored, as `decide_censored` takes it).
        at_smallest: whether the smallest size reaches it already: ``size`` is then an upper bound.
    """

    size: float
    reached: bool
    at_smallest: bool


def _log_sizes(sizes: Sequence[float] | np.ndarray, fewest: int) -> np.ndarray:
    """The binary logs of sizes ``(S,)``.

    Raises:
        ValueError: there are fewer than ``fewest``, or they are not positive and rising.
    """
    checked = finite_sample(sizes, "sizes")
    if len(checked) < fewest or (checked <= 0).any() or (np.diff(checked) <= 0).any():
        raise ValueError(f"sizes {checked.tolist()}: at least {fewest}, positive and rising, are needed")
    return np.log2(checked)


def _curves(values: Sequence[float] | np.ndarray, points: int, name: str) -> np.ndarray:
    """``values`` as floats ``(..., S)``, each finite."""
    checked = np.asarray(values, dtype=float)
    if checked.ndim == 0 or checked.shape[-1] != points or not np.isfinite(checked).all():
        raise ValueError(f"{name} of shape {checked.shape}: one finite number for each of {points} sizes is needed")
    return checked


def size_at_target(
    sizes: Sequence[float] | np.ndarray,
    quality: Sequence[float] | np.ndarray,
    target: float,
    higher_is_better: bool = True,
) -> TargetSize:
    """The training-set size at which a curve first reaches a target, interpolated in log size.

    The mean curve over seeds gives the size to report; the curve of each seed gives sizes that `decide_censored` takes
    as it takes times (``reached`` as its flag), for an interval of the ratio of two models' sizes. That knows of no
    upper bounds: choose a target that the smallest size does not reach.

    Args:
        sizes: rising training-set sizes, ``(S,)``.
        quality: one curve, ``(S,)``.
        target: the quality to reach.
        higher_is_better: whether reaching is rising to the target, or falling to it.

    Raises:
        ValueError: the sizes are not positive and rising, or the target or a quality is not finite.
    """
    x = _log_sizes(sizes, fewest=1)
    if not math.isfinite(target):
        raise ValueError(f"target is {target}, not finite")
    sign = 1 if higher_is_better else -1
    ahead = sign * (_curves(quality, len(x), "quality") - target)
    if ahead.ndim != 1:
        raise ValueError(f"quality of shape {ahead.shape}, not one curve")
    if not (ahead >= 0).any():
        return TargetSize(float(2 ** x[-1]), reached=False, at_smallest=False)
    first = int(np.argmax(ahead >= 0))
    if first == 0:
        return TargetSize(float(2 ** x[0]), reached=True, at_smallest=True)
    log_size = np.interp(0.0, ahead[first - 1 : first + 1], x[first - 1 : first + 1])
    return TargetSize(float(2**log_size), reached=True, at_smallest=False)


def slopes_over_log_size(sizes: Sequence[float] | np.ndarray, differences: Sequence[float] | np.ndarray) -> np.ndarray:
    """The least-squares slope of each pair's difference over the binary log of the size: a change a doubling.

    The interaction of cell and log size, one a seed: the slopes go to `decide`, whose replicate is the seed again. Of
    the quality of each model instead, the slopes differ by the slope of the difference.

    Args:
        sizes: rising training-set sizes, ``(S,)``, at least two.
        differences: the paired difference at each size, ``(..., S)``.

    Returns:
        The slopes, ``(...)``.

    Raises:
        ValueError: the sizes are not positive and rising, or a difference is not finite.
    """
    x = _log_sizes(sizes, fewest=2)
    centred = x - x.mean()
    return _curves(differences, len(x), "differences") @ centred / (centred @ centred)
