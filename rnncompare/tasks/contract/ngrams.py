"""The baseline of language models: each character predicted from the few before it, by counting."""

from __future__ import annotations

import math

import numpy as np

from rnncompare.tasks.contract.task import Data, Examples

ORDER = 5  # characters: four that are read, and the one that is predicted


def ngram_bits(data: Data, order: int = ORDER) -> float:
    """Bits a character of the test targets, by counts of up to ``order`` characters in train.

    A longer context is believed the more, the more often it was seen and the fewer different characters came after it
    (Witten and Bell 1991, method C); without one, counts raised by one. No context reaches beyond its window.
    """
    symbols = data.objective.outputs
    order = min(order, int(62 * math.log(2) / math.log(symbols)))  # so that a whole number holds the context
    tested = _characters(data.test)
    train = _characters(data.train)
    counts = np.bincount(train[:, 1:].ravel(), minlength=symbols) + 1.0
    p = (counts / counts.sum())[tested[:, 1:]]
    for read in range(1, order):
        context, following = _contexts(train, read, symbols)
        pairs, times = np.unique(context * symbols + following, return_counts=True)
        seen, first = np.unique(pairs // symbols, return_index=True)
        kinds = np.diff([*first, len(pairs)])
        total = np.add.reduceat(times, first)
        context, following = _contexts(tested, read, symbols)
        n, different = _looked_up(seen, total, context), _looked_up(seen, kinds, context)
        together = _looked_up(pairs, times, context * symbols + following)
        shorter = p[:, read - 1 :].ravel()
        mixed = np.where(n > 0, (together + different * shorter) / np.maximum(n + different, 1), shorter)
        p[:, read - 1 :] = mixed.reshape(len(p), -1)
    return float(-np.log2(p).mean())


def _characters(examples: Examples) -> np.ndarray:
    """The characters of each window and the one after it, ``(N, T + 1)``."""
    return np.concatenate([examples.inputs, examples.targets[:, -1:]], axis=1).astype(np.int64)


def _contexts(windows: np.ndarray, read: int, symbols: int) -> tuple[np.ndarray, np.ndarray]:
    """Each run of ``read`` characters as one number, and the character after it, ``(M,)`` both."""
    steps = windows.shape[1] - read
    context = np.zeros((len(windows), steps), np.int64)
    for place in range(read):
        context = context * symbols + windows[:, place : place + steps]
    return context.ravel(), windows[:, read:].ravel()


def _looked_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values of the ``wanted`` among the sorted ``keys``, 0 for one that is not there."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
