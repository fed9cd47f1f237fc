"""Arrays, of sequences and their targets: given from Python, or in an ``.npz`` file or sktime's ``.ts``."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.tasks.user.array_files import read_arrays, read_ts
from rnncompare.tasks.user.columns import is_classes
from rnncompare.tasks.user.corpora import lines_of
from rnncompare.tasks.user.leaks import of_sequences
from rnncompare.tasks.user.problem import columns_of_numbers, masked, spanned
from rnncompare.tasks.user.reading import Reading
from rnncompare.tasks.user.sequences import Sequences
from rnncompare.tasks.user.splits import enough, splitting
from rnncompare.tasks.user.tables import Table
from rnncompare.tasks.user.targets import Target, classes, values

MOST_HEADER = 1000  # lines before the data


@dataclass(frozen=True)
class Arrays:
    """Sequences with a target each.

    Attributes:
        rows: ``(R, F)`` steps, sequence after sequence.
        lengths: ``(N,)`` steps of each sequence.
        targets: ``(N,)`` labels or values, or ``(N, K)`` values.
        name: of the file, for messages.
    """

    rows: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    name: str


def read_npz(path: Path) -> Arrays:
    """The arrays ``x`` of (N, T, F) or (N, T) and ``y`` in an ``.npz`` file. Pickles are refused.

    Raises:
        DataError: it is no such file, or has other arrays, or some that do not fit.
    """
    x, y = read_arrays(path, "x", "y")
    return from_padded(x, y, str(path))


def from_padded(x: np.ndarray, y: np.ndarray, name: str) -> Arrays:
    """Sequences in an array (N, T, F) or (N, T); steps at the end that are nan in all features are padding.

    Raises:
        DataError: shapes do not fit, or ``x`` does not hold numbers.
    """
    if x.dtype.kind not in "biuf" or x.ndim not in (2, 3) or 0 in x.shape:
        raise DataError(f"{name}: x is {x.dtype} of shape {x.shape}; expected numbers of shape (N, T, F) or (N, T)")
    x = x[:, :, None] if x.ndim == 2 else x
    lengths = np.full(len(x), x.shape[1])
    if x.dtype.kind == "f":
        padding = np.isnan(x).all(2)
        lengths = x.shape[1] - np.argmin(np.concatenate((padding[:, ::-1], np.zeros((len(x), 1), bool)), 1), axis=1)
    full = bool((lengths == x.shape[1]).all())
    rows = x.reshape(-1, x.shape[2]) if full else x[np.arange(x.shape[1]) < lengths[:, None]]
    return _with_targets(rows, lengths, y, name)


def from_list(x: Sequence[np.ndarray], y: np.ndarray, name: str) -> Arrays:
    """Sequences as a list of arrays (T, F) or (T,), of any lengths.

    Raises:
        DataError: shapes do not fit, or ``x`` does not hold numbers.
    """
    cases = [np.asarray(case) for case in x]
    cases = [case[:, None] if case.ndim == 1 else case for case in cases]
    for number, case in enumerate(cases):
        if case.dtype.kind not in "biuf" or case.ndim != 2 or case.shape[1] != cases[0].shape[1]:
            raise DataError(
                f"{name}: sequence {number} is {case.dtype} of shape {case.shape}; expected numbers of shape "
                f"(T, {cases[0].shape[-1]})"
            )
    if not cases:
        raise DataError(f"{name}: no sequences")
    return _with_targets(np.concatenate(cases), np.array([len(case) for case in cases]), y, name)


def _with_targets(rows: np.ndarray, lengths: np.ndarray, y: np.ndarray, name: str) -> Arrays:
    y = np.asarray(y)
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim not in (1, 2) or len(y) != len(lengths) or y.dtype.kind not in "biufUSO":
        raise DataError(
            f"{name}: y is {y.dtype} of shape {y.shape}; expected a label or values for each of {len(lengths)}"
        )
    if y.ndim == 2 and y.dtype.kind not in "biuf":
        raise DataError(f"{name}: y is {y.dtype} of shape {y.shape}; several labels a sequence are not for this")
    _require_finite(rows, lengths, name)
    return Arrays(rows, lengths, y.astype(str) if y.dtype.kind == "S" else y, name)


def _require_finite(rows: np.ndarray, lengths: np.ndarray, name: str) -> None:
    """Raise `DataError` for numbers that are infinite, or so large that single precision would make them so."""
    if rows.dtype.kind != "f":
        return
    wrong = np.abs(rows) > np.finfo(np.float32).max  # nan is a missing value
    if wrong.any():
        row, feature = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        sequence = int(np.searchsorted(np.cumsum(lengths), row, side="right"))
        raise DataError(
            f"{name}: column x{feature}, row {sequence} is '{rows[row, feature]}', not finite in single precision; "
            "rows of arrays are sequences, from 0, and nan is for a missing value"
        )


def read_sktime(path: Path) -> tuple[Arrays, str]:
    """The cases in a ``.ts`` file, and the kind that its header says: classification or regression.

    Raises:
        DataError: it is no such file, or its cases have no targets.
    """
    lines = lines_of(path)
    first = itertools.takewhile(lambda line: line.strip().lower() != "@data", itertools.islice(lines(), MOST_HEADER))
    header = "".join(first).lower()
    if re.search(r"@classlabel\s+false", header):
        raise DataError(f"{path}: @classLabel false: its cases have no labels to learn")
    kind = "regression" if re.search(r"@targetlabel\s+true", header) else "classification"
    rows, lengths, labels = array("d"), [], []
    for case, label in read_ts(lines(), str(path)):
        rows.frombytes(case.tobytes())
        lengths.append(len(case))
        labels.append(label)
    steps = np.frombuffer(rows).reshape(sum(lengths), -1)
    return _with_targets(steps, np.array(lengths), np.array(labels), str(path)), kind


def from_arrays(arrays: Arrays, reading: Reading, kind: str = "auto", test: Arrays | None = None) -> Sequences:
    """The problem in arrays; ``kind`` is what they say themselves, which ``reading.kind`` overrules.

    Raises:
        SettingError: a setting is of columns or of forecasts.
        DataError: sequences are too short or too few, or a target cannot be learned.
    """
    import pandas as pd

    reading.require_unused("arrays have no columns to name", group=None, time=None)
    reading.require_unused("arrays are no series to forecast", horizon=1, season=None, window=None)
    require(reading.target in (None, "y"), "data.target", reading.target, "null; the target of arrays is y")
    parts = [arrays] if test is None else [arrays, test]
    for part in parts:
        if (part.lengths < reading.min_length).any():
            number = int(np.argmax(part.lengths < reading.min_length))
            raise DataError(
                f"{part.name}: sequence {number} has {part.lengths[number]} step(s), below {reading.min_length}; "
                "leave it out, or lower data.min_length"
            )
        if part.rows.shape[1] != arrays.rows.shape[1]:
            raise DataError(f"{part.name}: {part.rows.shape[1]} features, {arrays.rows.shape[1]} in {arrays.name}")
    lengths = np.concatenate([part.lengths for part in parts])
    given_test = len(test.lengths) if test is not None else 0
    enough(arrays.name, len(lengths), given_test, "sequences")
    names = [f"x{i}" for i in range(arrays.rows.shape[1])]
    rows = arrays.rows if test is None else np.concatenate([part.rows for part in parts])
    index = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)  # messages name the sequence, from 0
    frame = pd.DataFrame(rows, columns=names, index=index, copy=False)
    target, kind = _target(parts, reading.kind if reading.kind != "auto" else kind)
    found = f"{len(target.classes)} classes" if target.classes else "values, scaled to variance 1"
    line = f"{kind}, {spanned(lengths)}, {columns_of_numbers(len(names))}, target y ({found})"
    how = splitting(reading, arrays.name, len(lengths), given_test, target.values if target.classes else None)
    notes = [*how.words(), *masked(frame, names, []), *of_sequences(frame, names, lengths, target)]
    return Sequences(arrays.name, [line, *notes], Table(frame, arrays.name), names, [], lengths, target, how)


def _target(parts: Sequence[Arrays], kind: str) -> tuple[Target, str]:
    import pandas as pd

    if parts[0].targets.ndim == 2:
        stacked = np.concatenate([part.targets for part in parts]).astype(np.float64)
        if not np.isfinite(stacked).all():
            raise DataError(f"{parts[0].name}: y has values that are missing or not finite")
        if not np.ptp(parts[0].targets, axis=0).any():
            raise DataError(f"{parts[0].name}: every row of y is {parts[0].targets[0]}; a constant cannot be learned")
        return Target(stacked), "regression"
    tables = [Table(pd.DataFrame({"y": part.targets}), part.name) for part in parts]
    if kind == "auto":
        kind = "classification" if is_classes(tables[0].frame["y"]) else "regression"
    return (classes if kind == "classification" else values)(tables, "y"), kind
