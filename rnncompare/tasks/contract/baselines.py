"""Trivial baselines: the score on the test targets of the best constant answer learned from the train targets."""

from __future__ import annotations

import numpy as np

from rnncompare.tasks.contract.task import IGNORED


def majority_accuracy(train: np.ndarray, test: np.ndarray) -> float:
    """The share of scored test targets that are the commonest class among those of train."""
    return float(np.mean(_scored(test) == np.bincount(_scored(train)).argmax()))


def mean_squared_error(train: np.ndarray, test: np.ndarray) -> float:
    """The mean squared error of always saying the mean of the train targets."""
    return float(np.mean((test - train.mean(0, dtype=np.float64)) ** 2))


def unigram_bits(train: np.ndarray, test: np.ndarray, vocabulary: int) -> float:
    """Bits a symbol of the test targets under the frequencies of train, each count raised by one."""
    counts = np.bincount(_scored(train), minlength=vocabulary) + 1
    return float(-np.log2(counts / counts.sum())[_scored(test)].mean())


def _scored(targets: np.ndarray) -> np.ndarray:
    return targets[targets != IGNORED]
