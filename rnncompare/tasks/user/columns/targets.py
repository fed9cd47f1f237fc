"""Targets: what is to be predicted, as classes or as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns.features import as_numbers, mean_and_spread, refuse_missing
from rnncompare.tasks.user.columns.levels import codes_of, show
from rnncompare.tasks.user.files.tables import Table


@dataclass(frozen=True)
class Target:
    """What is to be predicted of each of M things.

    Attributes:
        values: ``(M,)`` classes as int64, or ``(M, K)`` values as float64.
        classes: their names, or None for values.
    """

    values: np.ndarray
    classes: list[str] | None = None

    def scale(self, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the values, each ``(K,)``, over the things ``train`` (boolean, (M,))."""
        mean, spread = np.transpose([mean_and_spread(column) for column in self.values[train].T])
        return mean, spread


def classes(tables: Sequence[Table], name: str, else_: str = "say data.kind=regression if it is a quantity") -> Target:
    """The column ``name`` of one table, or of the train and the test table, as classes.

    Args:
        tables: one or two.
        name: of a column.
        else_: what to do if they are none, where they are numbers of which one comes but once.

    Raises:
        DataError: a label is missing, there is but one, one occurs but once, or one in test is not in train.
    """
    import pandas as pd

    for table in tables:
        refuse_missing(table, name, "a target")
    first = tables[0]
    codes, levels = pd.factorize(first.frame[name], sort=True)
    names = [show(level) for level in levels]
    if len(names) < 2:
        raise DataError(f"{first.place(name)}: every row is {names[0]!r:.40}; one class leaves nothing to learn")
    counts = np.bincount(codes)
    if counts.min() < 2:
        rare = int(np.argmin(counts))
        row = first.frame.index[int(np.argmax(codes == rare))]
        few = f"; {else_}" if first.frame[name].dtype.kind in "iuf" else ""
        raise DataError(f"{first.place(name, row)}: the class {names[rare]!r:.40} comes once; classes need 2{few}")
    if len(tables) == 1:
        return Target(codes.astype(np.int64), names)
    return Target(np.concatenate([codes, _given(tables[1], name, levels)]).astype(np.int64), names)


def _given(test: Table, name: str, levels: Any) -> np.ndarray:
    codes = codes_of(test.frame[name], list(levels)) - 1
    if (codes < 0).any():
        at = int(np.argmax(codes < 0))
        label = test.frame[name].iloc[at]
        raise DataError(f"{test.place(name, test.frame.index[at])}: the label {label!s:.40} is not in the train file")
    return codes


def values(tables: Sequence[Table], *names: str) -> Target:
    """The columns ``names`` of one table, or of the train and the test table, as values.

    Raises:
        DataError: a value is missing or no finite number, or all of a column are the same.
    """
    columns = []
    for name in names:
        for table in tables:
            refuse_missing(table, name, "a target")
        found = [as_numbers(table, name) for table in tables]
        if np.ptp(found[0]) == 0:
            same = show(found[0][0])
            raise DataError(f"{tables[0].place(name)}: every row is {same}; a constant leaves nothing to learn")
        columns.append(np.concatenate(found))
    return Target(np.stack(columns, 1))
