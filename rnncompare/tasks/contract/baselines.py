"""Trivial baselines: the score on the test targets of the best constant answer learned from the train targets."""

from __future__ import annotations

import numpy as np

from rnncompare.tasks.contract.objectives import IGNORED


def majority_accuracy(train: np.ndarray, test: np.ndarray) -> float:
    """The share of scored test targets that are the commonest class among those of train."""
    return float(np.mean(_scored(test) == np.bincount(_scored(train)).argmax()))


def mean_squared_error(train: np.ndarray, test: np.ndarray) -> float:
    """The mean squared error of always saying the mean of the train targets."""
    return float(np.mean((test - train.mean(0, dtype=np.float64)) ** 2))


def unigram_bits(counts: np.ndarray, test: np.ndarray) -> float:
    """Bits a symbol of the test targets under the ``counts`` (K,) of the symbols in train, each raised by one."""
    counts = counts + 1
    tested = counts_of(test, len(counts))
    return float(-np.log2(counts / counts.sum()) @ tested / tested.sum())


def counts_of(targets: np.ndarray, classes: int) -> np.ndarray:
    """How often each class is among the scored ``targets``, (K,)."""
    return np.bincount(_scored(targets), minlength=classes)


def _scored(targets: np.ndarray) -> np.ndarray:
    return targets[targets != IGNORED]
