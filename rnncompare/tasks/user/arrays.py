"""Arrays, of sequences and their targets: given from Python, or in an ``.npz`` file or sktime's ``.ts``."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.tasks.user.checked_arrays import Arrays, from_padded, with_targets
from rnncompare.tasks.user.columns.features import is_classes
from rnncompare.tasks.user.columns.targets import Target, classes, values
from rnncompare.tasks.user.files.array_files import read_arrays, read_ts
from rnncompare.tasks.user.files.corpora import lines_of
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.leaks import of_sequences
from rnncompare.tasks.user.problem import columns_of_numbers, masked, spanned
from rnncompare.tasks.user.sequences import Sequences
from rnncompare.tasks.user.splits import enough, splitting

MOST_HEADER = 1000  # lines before the data


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
    found, others = read_arrays(path, ("x", "y") if targets else ("x",), ("lengths",))
    y = found["y"] if targets else np.zeros(len(found["x"]) if found["x"].ndim else 0)
    return replace(from_padded(found["x"], y, str(path), kind, found.get("lengths")), unread=tuple(others))


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
    return with_targets(steps, np.array(lengths), np.array(labels), str(path)), kind


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
    unread = [f"arrays that are not read: {', '.join(arrays.unread)}"] if arrays.unread else []
    notes = [*unread, *how.words(), *masked(frame, names, []), *of_sequences(frame, names, lengths, target)]
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
