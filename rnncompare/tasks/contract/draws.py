"""Draws: which examples a split holds, so that splits are disjoint and smaller sizes begin larger ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.consistency import check_examples
from rnncompare.tasks.contract.task import Examples, stream

SHARES = {"train": 8, "validation": 1, "test": 1}  # tenths of all sequences that there are
BLOCK = 4096  # sequences drawn at once


def draw(
    sample: Callable[[int, np.random.Generator], Examples],
    split_of: Callable[[Examples], np.ndarray],
    count: int,
    seed: int,
    split: str,
) -> Examples:
    """Draw ``count`` examples of one split, independently and with replacement.

    Every distinct sequence belongs to one split, whatever the seed; those of the other splits are thrown away. They
    come in blocks with a random stream each, so that a smaller ``count`` gives the beginning of a larger one. Within a
    split a sequence can come twice, which matters only where few are possible.

    Args:
        sample: gives as many examples as asked for, all padded to the same number of steps.
        split_of: the split that each sequence belongs to, by its content alone, such as `by_hash`.
        count: examples wanted.
        seed: of the run.
        split: ``train``, ``validation`` or ``test``.

    Raises:
        DataError: no sequence of the split turned up in a block, so few are possible; or the arrays do not fit.
    """
    parts: list[Examples] = []
    missing, block = count, 0
    while missing > 0:
        drawn = sample(BLOCK, stream(seed, f"{split} {block}"))
        check_examples(drawn)
        kept = np.flatnonzero(split_of(drawn) == split)[:missing]
        if not len(kept):
            raise DataError(f"too few distinct sequences to hold any out for the {split} split; make them longer")
        parts.append(drawn.take(kept))
        missing, block = missing - len(kept), block + 1
    return Examples.join(parts)


def by_hash(examples: Examples) -> np.ndarray:
    """The split that each sequence belongs to, ``(N,)`` names, by a hash of its content in the `SHARES`.

    Padding does not count: the same sequence hashes alike in arrays of any number of steps.
    """
    tenth = content_hash(examples) % np.uint64(10)
    return np.repeat(list(SHARES), list(SHARES.values()))[tenth.astype(np.intp)]


def content_hash(examples: Examples) -> np.ndarray:
    """A 64-bit hash ``(N,)`` of the inputs in use: a random linear form of their bits, then mixed (splitmix64)."""
    inputs = examples.inputs.reshape(len(examples), examples.sequence_length, -1)
    bits = inputs if inputs.dtype.kind in "iu" else np.ascontiguousarray(inputs, np.float32).view(np.uint32)
    values = bits.astype(np.uint64) + np.uint64(1)  # a symbol 0 differs from padding
    if examples.lengths is not None:
        values[np.arange(values.shape[1]) >= examples.lengths[:, None]] = 0
    weights = _mix(np.arange(1, values[0].size + 1, dtype=np.uint64))
    return _mix(values.reshape(len(values), -1) @ weights)


def _mix(x: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64 (Steele, Lea and Flood 2014), after its additive step."""
    x = x * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def stratified_order(labels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A random order ``(N,)`` of examples of which every beginning holds the classes in about their shares.

    The k-th of the n examples of a class, in random order, stands at (k + u) / n of the way, u in [0, 1) being the
    class's own random offset; so a beginning of m examples holds about m times the share of each class.
    """
    shuffled = random.permutation(len(labels))
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = shuffled[labels[shuffled] == label]
        place[members] = (np.arange(len(members)) + random.random()) / len(members)
    return np.argsort(place, kind="stable")
