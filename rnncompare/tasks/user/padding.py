"""Padding: sequences of unequal length as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

AT_ONCE = 4096  # sequences whose rows are looked up together, which takes memory for a while


def pad(sequences: Sequence[np.ndarray], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """``sequences``, each (T, F), as a float32 array (N, longest, F) with zeros at the end, and their lengths (N,)."""
    lengths = np.array([len(sequence) for sequence in sequences])
    padded = np.zeros((len(sequences), longest, sequences[0].shape[1]), np.float32)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths


def rows_of(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The numbers of the rows that sequences take, one after the other, from ``starts`` (N,) for ``lengths`` (N,).

    They take four bytes each where that is enough: there are as many as steps in the data.
    """
    kind = np.int32 if (starts + lengths).max(initial=0) < 2**31 else np.int64
    rows = np.repeat((starts - (np.cumsum(lengths) - lengths)).astype(kind), lengths)
    rows += np.arange(len(rows), dtype=kind)
    return rows


def pad_rows(rows: np.ndarray, starts: np.ndarray, lengths: np.ndarray, longest: int, fill: float = 0) -> np.ndarray:
    """Sequences that lie in ``rows`` (R, ...) from ``starts`` for ``lengths`` (N,), as an array (N, longest, ...)."""
    padded = np.full((len(starts), longest, *rows.shape[1:]), fill, rows.dtype)
    for first in range(0, len(starts), AT_ONCE):
        some = slice(first, first + AT_ONCE)
        padded[some][np.arange(longest) < lengths[some, None]] = rows[rows_of(starts[some], lengths[some])]
    return padded
