"""Sequences and their targets in arrays, with their shapes and numbers checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns.features import is_classes


@dataclass(frozen=True)
class Arrays:
    """Sequences with a target each, or one a step.

    Attributes:
        rows: ``(R, F)`` steps, sequence after sequence.
        lengths: ``(N,)`` steps of each sequence.
        targets: ``(N,)`` labels or values, or ``(N, K)`` values; or ``(R,)`` of steps.
        name: of the file, for messages.
        every: whether targets are of steps.
        one_hot: whether the classes were given as rows of zeros with a one.
        unread: names of the arrays beside these in the file.
    """

    rows: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    name: str
    every: bool = False
    one_hot: bool = False
    unread: tuple[str, ...] = ()


def from_padded(x: Any, y: Any, name: str, kind: str = "auto", lengths: Any = None) -> Arrays:
    """Sequences in an array (N, T, F) or (N, T).

    Args:
        x: the sequences.
        y: N labels or values, (N, K) values, or (N, T) labels of steps.
        name: for messages.
        kind: of problem; with regression (N, T) whole numbers are values, else labels of steps.
        lengths: ``(N,)`` steps of each; without, steps at the end that are nan in all features are padding.

    Raises:
        DataError: shapes do not fit, or ``x`` does not hold numbers.
    """
    x = _as_array(x, "x", name)
    if x.dtype.kind not in "biuf" or x.ndim not in (2, 3) or 0 in x.shape:
        raise DataError(f"{name}: x is {x.dtype} of shape {x.shape}; expected numbers of shape (N, T, F) or (N, T)")
    x = x[:, :, None] if x.ndim == 2 else x
    lengths = _unpadded(x) if lengths is None else _checked_lengths(lengths, x, name)
    used = np.arange(x.shape[1]) < lengths[:, None]
    y = _as_array(y, "y", name)
    of_steps = kind != "regression" and y.shape == used.shape and y.shape[1] > 1 and not _is_one_hot(y)
    if of_steps and _are_labels(y[used]):
        return with_targets(x[used], lengths, y[used], name, every=True)
    rows = x.reshape(-1, x.shape[2]) if used.all() else x[used]
    return with_targets(rows, lengths, y, name, kind)


def _unpadded(x: np.ndarray) -> np.ndarray:
    """The steps of each sequence before those at its end that are nan in all features."""
    lengths = np.full(len(x), x.shape[1])
    if x.dtype.kind == "f":
        padding = np.isnan(x).all(2)
        ends = np.concatenate((padding[:, ::-1], np.zeros((len(x), 1), bool)), 1)
        lengths -= np.argmin(ends, axis=1)
    return lengths


def _checked_lengths(lengths: Any, x: np.ndarray, name: str) -> np.ndarray:
    lengths = _as_array(lengths, "lengths", name)
    if lengths.dtype.kind not in "iu" or lengths.shape != x.shape[:1]:
        raise DataError(
            f"{name}: lengths are {lengths.dtype} of shape {lengths.shape}; expected a whole number for each of "
            f"{len(x)} sequences"
        )
    wrong = (lengths < 1) | (lengths > x.shape[1])
    if wrong.any():
        number = int(np.argmax(wrong))
        raise DataError(f"{name}: the length of sequence {number} is {lengths[number]}; it has 1 to {x.shape[1]} steps")
    return lengths


def from_list(x: Sequence[np.ndarray], y: Any, name: str, kind: str = "auto") -> Arrays:
    """Sequences as a list of arrays (T, F) or (T,), of any lengths.

    Args:
        x: the sequences.
        y: a label or value of each, or ``(N, K)`` values, or a list of the labels of the steps of each.
        name: for messages.
        kind: of problem, as in `from_padded`.

    Raises:
        DataError: shapes do not fit, or ``x`` does not hold numbers.
    """
    cases = [_as_array(case, "x", name) for case in x]
    cases = [case[:, None] if case.ndim == 1 else case for case in cases]
    for number, case in enumerate(cases):
        if case.dtype.kind not in "biuf" or case.ndim != 2 or case.shape[1:] != cases[0].shape[1:]:
            raise DataError(
                f"{name}: sequence {number} is {case.dtype} of shape {case.shape}; expected numbers of shape "
                f"(T, {cases[0].shape[-1] if cases[0].ndim == 2 else 'F'})"
            )
    if not cases:
        raise DataError(f"{name}: no sequences")
    rows, lengths = np.concatenate(cases), np.array([len(case) for case in cases])
    labels = [_as_array(of_case, "y", name) for of_case in y]
    of_steps = kind != "regression" and [one.shape for one in labels] == [(length,) for length in lengths]
    one_hot = of_steps and len(set(lengths)) == 1 and _is_one_hot(np.stack(labels))
    if of_steps and not one_hot and max(lengths) > 1 and _are_labels(steps := np.concatenate(labels)):
        return with_targets(rows, lengths, steps, name, every=True)
    return with_targets(rows, lengths, _as_array(y, "y", name), name, kind)


def _as_array(values: Any, what: str, name: str) -> np.ndarray:
    """Numbers or labels of numpy, pandas, torch or lists as an array."""
    try:
        if hasattr(values, "detach"):  # of torch, which is not loaded for others
            import torch

            values = values.detach().cpu()
            values = values.float() if values.dtype == torch.bfloat16 else values
        found = np.asarray(values)
        return found.astype(np.float32) if found.dtype == np.float16 else found  # in which sums would overflow
    except ValueError as error:  # of lists of unequal lengths
        raise DataError(f"{name}: {what} is a list of lists of unequal lengths") from error


def _is_one_hot(y: np.ndarray) -> bool:
    """Whether each row has a one among zeros."""
    return y.ndim == 2 and y.dtype.kind in "biuf" and bool(np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all())


def _are_labels(y: np.ndarray) -> bool:
    import pandas as pd

    return y.dtype.kind in "biufUSO" and is_classes(pd.Series(y))


def with_targets(
    rows: np.ndarray, lengths: np.ndarray, y: np.ndarray, name: str, kind: str = "auto", every: bool = False
) -> Arrays:
    """Sequences with their targets; rows of zeros with a one become classes.

    Args:
        rows: ``(R, F)``, sequence after sequence.
        lengths: ``(N,)`` steps of each sequence.
        y: labels or values of the sequences, or of the steps.
        name: for messages.
        kind: of problem, as in `from_padded`.
        every: whether targets are of steps.

    Raises:
        DataError: there are not as many targets, they are several labels each, or a number is not finite.
    """
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    things = len(rows) if every else len(lengths)
    if y.ndim not in (1, 2) or len(y) != things or y.dtype.kind not in "biufUSO":
        raise DataError(f"{name}: y is {y.dtype} of shape {y.shape}; expected a label or values for each of {things}")
    one_hot = y.ndim == 2 and kind != "regression" and _is_one_hot(y)
    if one_hot:
        y = y.argmax(1)
    elif y.ndim == 2 and y.dtype.kind not in "biuf":
        raise DataError(f"{name}: y is {y.dtype} of shape {y.shape}; several labels a sequence are not for this")
    elif y.ndim == 2 and kind != "regression" and np.isin(y, (0, 1)).all():
        raise DataError(
            f"{name}: y is {y.dtype} of shape {y.shape}; several labels a sequence are not for this; "
            "data.kind=regression takes them as values"
        )
    _require_finite(rows, lengths, name)
    return Arrays(rows, lengths, y.astype(str) if y.dtype.kind == "S" else y, name, every, one_hot)


def _require_finite(rows: np.ndarray, lengths: np.ndarray, name: str) -> None:
    """Raise `DataError` for numbers that are infinite, or so large that single precision would make them so."""
    if rows.dtype.kind != "f" or rows.dtype.itemsize < 4:
        return
    wrong = np.abs(rows) > np.finfo(np.float32).max  # nan is a missing value
    if wrong.any():
        row, feature = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        sequence = int(np.searchsorted(np.cumsum(lengths), row, side="right"))
        raise DataError(
            f"{name}: column x{feature}, row {sequence} is '{rows[row, feature]}', not finite in single precision; "
            "rows of arrays are sequences, from 0, and nan is for a missing value"
        )
