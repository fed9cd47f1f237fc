"""Padding: sequences of unequal length as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def pad(sequences: Sequence[np.ndarray], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """``sequences``, each (T, F), as a float32 array (N, longest, F) with zeros at the end, and their lengths (N,)."""
    lengths = np.array([len(sequence) for sequence in sequences])
    padded = np.zeros((len(sequences), longest, sequences[0].shape[1]), np.float32)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths
