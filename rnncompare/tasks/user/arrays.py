"""Arrays, of sequences and their targets: given from Python, or in an ``.npz`` file or sktime's ``.ts``."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """Sequences with a target each, or one a step.

    Attributes:
        rows: ``(R, F)`` steps, sequence after sequence.
        lengths: ``(N,)`` steps of each sequence.
        targets: ``(N,)`` labels or values, or ``(N, K)`` values; or ``(R,)`` of steps.
        name: of the file, for messages.
        every: whether targets are of steps.
        one_hot: whether the classes were given as rows of zeros with a one.
    """

    rows: np.ndarray
    lengths: np.ndarray
    targets: np.ndarray
    name: str
    every: bool = False
    one_hot: bool = False


def read_npz(path: Path, kind: str = "auto", targets: bool = True) -> Arrays:
    """The arrays ``x`` of (N, T, F) or (N, T) and ``y`` in an ``.npz`` file, and ``lengths`` (N,) if it is there.

    Pickles are refused.

    Args:
        path: of the file.
        kind: of problem, as in `from_padded`.
        targets: whether ``y`` is read; else targets are zeros.

    Raises:
        DataError: it is no such file, or has other arrays, or some that do not fit.
    """
    found = read_arrays(path, ("x", "y") if targets else ("x",), ("lengths",))
    y = found["y"] if targets else np.zeros(len(found["x"]) if found["x"].ndim else 0)
    return from_padded(found["x"], y, str(path), kind, found.get("lengths"))


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
    if lengths is None:
        lengths = np.full(len(x), x.shape[1])
        if x.dtype.kind == "f":
            padding = np.isnan(x).all(2)
            ends = np.concatenate((padding[:, ::-1], np.zeros((len(x), 1), bool)), 1)
            lengths = x.shape[1] - np.argmin(ends, axis=1)
    lengths = _as_array(lengths, "lengths", name)
    _require_lengths(lengths, x, name)
    used = np.arange(x.shape[1]) < lengths[:, None]
    y = _as_array(y, "y", name)
    if kind != "regression" and y.shape == used.shape and y.shape[1] > 1 and _are_labels(y[used]):
        return _with_targets(x[used], lengths, y[used], name, every=True)
    rows = x.reshape(-1, x.shape[2]) if used.all() else x[used]
    return _with_targets(rows, lengths, y, name, kind)


def _require_lengths(lengths: np.ndarray, x: np.ndarray, name: str) -> None:
    if lengths.dtype.kind not in "iu" or lengths.shape != x.shape[:1]:
        raise DataError(
            f"{name}: lengths are {lengths.dtype} of shape {lengths.shape}; expected a whole number for each of "
            f"{len(x)} sequences"
        )
    wrong = (lengths < 1) | (lengths > x.shape[1])
    if wrong.any():
        number = int(np.argmax(wrong))
        raise DataError(f"{name}: the length of sequence {number} is {lengths[number]}; it has 1 to {x.shape[1]} steps")


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
    rows, lengths = np.concatenate(cases), np.array([len(case) for case in cases])
    labels = [np.asarray(of_case) for of_case in y]
    if kind != "regression" and [one.shape for one in labels] == [(length,) for length in lengths] and max(lengths) > 1:
        steps = np.concatenate(labels)
        if _are_labels(steps):
            return _with_targets(rows, lengths, steps, name, every=True)
    return _with_targets(rows, lengths, _as_array(y, "y", name), name, kind)


def _as_array(values: Any, what: str, name: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError as error:  # of lists of unequal lengths
        raise DataError(f"{name}: {what} is a list of lists of unequal lengths") from error


def _are_labels(y: np.ndarray) -> bool:
    import pandas as pd

    return y.dtype.kind in "biufUSO" and is_classes(pd.Series(y))


def _with_targets(
    rows: np.ndarray, lengths: np.ndarray, y: np.ndarray, name: str, kind: str = "auto", every: bool = False
) -> Arrays:
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    things = len(rows) if every else len(lengths)
    if y.ndim not in (1, 2) or len(y) != things or y.dtype.kind not in "biufUSO":
        raise DataError(f"{name}: y is {y.dtype} of shape {y.shape}; expected a label or values for each of {things}")
    one_hot = False
    if y.ndim == 2 and kind != "regression" and (y.dtype.kind not in "biuf" or np.isin(y, (0, 1)).all()):
        one_hot = y.dtype.kind in "biuf" and bool((y.sum(1) == 1).all())
        if not one_hot:
            raise DataError(
                f"{name}: y is {y.dtype} of shape {y.shape}; several labels a sequence are not for this"
                + ("; data.kind=regression takes them as values" if y.dtype.kind in "biuf" else "")
            )
        y = y.argmax(1)
    _require_finite(rows, lengths, name)
    return Arrays(rows, lengths, y.astype(str) if y.dtype.kind == "S" else y, name, every, one_hot)


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
    line = f"{kind}, {spanned(lengths)}, {columns_of_numbers(len(names))}, target {_aim(arrays, target)}"
    strata = target.values if target.classes and not arrays.every else None
    how = splitting(reading, arrays.name, len(lengths), given_test, strata)
    notes = [*how.words(), *masked(frame, names, []), *of_sequences(frame, names, lengths, target)]
    return Sequences(arrays.name, [line, *notes], Table(frame, arrays.name), names, [], lengths, target, how)


def _aim(arrays: Arrays, target: Target) -> str:
    """What the targets are, in words."""
    where = "y at every step" if arrays.every else "y"
    if target.classes:
        return f"{where} ({len(target.classes)} classes{', one-hot' * arrays.one_hot})"
    several = target.values.shape[1]
    return f"{where} ({f'{several} values of each sequence' if several > 1 else 'values'}, scaled to variance 1)"


def _target(parts: Sequence[Arrays], kind: str) -> tuple[Target, str]:
    import pandas as pd

    for part in parts[1:]:
        if part.every != parts[0].every or part.targets.shape[1:] != parts[0].targets.shape[1:]:
            raise DataError(f"{part.name}: y of shape {part.targets.shape}, not as in {parts[0].name}")
    if parts[0].targets.ndim == 2:
        require(kind != "classification", "data.kind", kind, f"regression; y is of shape {parts[0].targets.shape}")
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
