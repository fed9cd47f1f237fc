"""Problems: a user's data once they are read and understood, ready to be split and padded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted
from rnncompare.tasks.contract import Data
from rnncompare.tasks.user.files.array_files import LARGEST_ARRAY

if TYPE_CHECKING:
    import pandas as pd


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
    padded[np.arange(longest) < lengths[:, None]] = rows[rows_of(starts, lengths)]
    return padded


@dataclass
class Problem:
    """A user's data, read and understood.

    Attributes:
        name: of the file or table, for messages.
        understood: how the data were read, in words: a line, then notes, a line each.
    """

    name: str
    understood: list[str]

    def largest(self) -> int:
        """The most training examples that there are."""
        raise NotImplementedError

    def redrawn(self) -> Problem | None:
        """The same data with a test split that each seed draws anew, where the split was left open and is one for all.

        None where it is drawn anew already, was chosen by the user, or cannot be drawn anew.
        """
        return None

    def load(self, count: int, seed: int) -> Data:
        """The splits for ``seed``, with ``count`` training examples; identity and words are left to the task."""
        raise NotImplementedError


def fits(name: str, examples: int, longest: int, width: int, remedy: str) -> None:
    """Raise `DataError` where sequences padded to the longest would fill too much memory."""
    needed = examples * longest * width * 4
    if needed > LARGEST_ARRAY:
        raise DataError(
            f"{name}: {examples:,} sequences padded to the longest, of {longest:,} steps, "
            f"take {needed / 2**30:,.0f} GiB; {remedy}"
        )


def spanned(lengths: np.ndarray, things: str = "sequences", steps: str = "steps") -> str:
    """How many sequences there are, and how long, in words."""
    least, most = int(lengths.min()), int(lengths.max())
    return f"{len(lengths):,} {things} of {least if least == most else f'{least} to {most}'} {steps}"


def columns_of_numbers(count: int) -> str:
    """So many columns of numbers, in words."""
    return f"{counted(count, 'column')} of numbers"


STAND_INS = (-99, -999, -9999, -99999, 999, 9999, 99999)  # that files have in place of missing numbers


def masked(frame: pd.DataFrame, features: Sequence[str], categorical: Sequence[str]) -> list[str]:
    """A note on missing numbers, if there are any, and a warning of numbers that seem to stand for missing ones."""
    numbers = [name for name in features if name not in categorical]
    missing = {name: int(frame[name].isna().sum()) for name in numbers}
    missing = {name: count for name, count in missing.items() if count}
    shown = ", ".join(f"{count} in {name}" for name, count in list(missing.items())[:6])
    notes = [f"missing values are masked, with an indicator: {shown}{', ...' * (len(missing) > 6)}"] if missing else []
    return notes + [note for name in numbers if frame[name].dtype.kind in "if" for note in _stand_ins(frame[name])]


def _stand_ins(column: pd.Series) -> list[str]:
    """A warning for each of `STAND_INS` that is further from all other numbers than they are from each other."""
    warnings = []
    for value in STAND_INS:
        there = column == value
        if not there.any():
            continue
        low, high = column[~there].min(), column[~there].max()
        if max(low - value, value - high) > high - low:
            rows = counted(int(there.sum()), "row")
            warnings.append(
                f"warning: {column.name} is {value} in {rows}; if it is missing there, leave the cell empty"
            )
    return warnings
