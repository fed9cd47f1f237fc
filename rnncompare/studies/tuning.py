"""Equal tuning: every model gets the same trials from one distribution, judged on validation, on seeds of their own."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

FIRST_TUNING_SEED = 1_000_000  # evaluation counts seeds from 0


def learning_rates(bounds: tuple[float, float], count: int) -> list[float]:
    """``count`` rates spread evenly over the logarithm of ``bounds``, to three digits.

    They are the first of one sequence (van der Corput's, in base 2), so that more trials keep the ones already made.
    """
    low, high = (math.log(bound) for bound in bounds)
    return [float(f"{math.exp(low + (high - low) * _radical_inverse(k + 1)):.3g}") for k in range(count)]


def _radical_inverse(k: int) -> float:
    return int(f"{k:b}"[::-1], 2) / (1 << k.bit_length())


def random_rate(bounds: tuple[float, float], seed: int) -> float:
    """The learning rate that belongs to a seed, log-uniform within bounds, the same for every model."""
    low, high = np.log(bounds)
    return float(f"{np.exp(np.random.default_rng(seed).uniform(low, high)):.3g}")


def trials(settings: RunSettings, rates: Sequence[float]) -> list[RunSettings]:
    """A run for each learning rate, each on a tuning seed of its own."""
    return [with_rate(settings, rate, FIRST_TUNING_SEED + k) for k, rate in enumerate(rates)]


def with_rate(settings: RunSettings, rate: float, seed: int) -> RunSettings:
    """The run with this learning rate and seed."""
    return dataclasses.replace(settings, seed=seed, train=dataclasses.replace(settings.train, learning_rate=rate))


def choose(runs: Mapping[str, RunSettings], frame: pd.DataFrame) -> float:
    """The learning rate whose run validated best; among runs of which none has a score, the smallest rate.

    Args:
        runs: the trials of one model, by run id.
        frame: records, among them those of ``runs``.
    """
    tried = frame[frame["run_id"].isin(list(runs))].dropna(subset="quality.validation")
    if not len(tried):
        return min(settings.train.learning_rate for settings in runs.values())
    scores = tried.set_index("run_id")["quality.validation"]
    best = scores.idxmax() if tried["quality.higher_is_better"].iloc[0] else scores.idxmin()
    return runs[str(best)].train.learning_rate
