"""Whether a mark between digits, as in 50.051, is decimal or separates thousands: told over all files of a data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

USUAL = ",."  # delimiter and decimal mark of programs, which separate no thousands
HUNDRED = 100  # numbers from here on have as many digits as those after a separator
WORDS = {".": "point", ",": "comma"}


@dataclass(frozen=True)
class Marks:
    """What the mark between digits may be in the columns of text files; plain values, so that a model can carry them.

    Attributes:
        unclear: by mark, the columns in which it may separate thousands wherever it stands, and a cell of each.
        decimal: by mark, the columns in which it is decimal for sure.
        alone: the columns that are unclear in a file in which no column tells what its mark is.
        largest: of columns, the largest number that is written without a mark.
        dialects: delimiter and decimal mark of the files that have fractions, as two characters.
    """

    unclear: dict[str, dict[str, str]] = field(default_factory=dict)
    decimal: dict[str, list[str]] = field(default_factory=dict)
    alone: Sequence[str] = ()
    largest: dict[str, float] = field(default_factory=dict)
    dialects: Sequence[str] = ()

    def __or__(self, other: Marks) -> Marks:
        """The marks in the files of both."""
        larger = {name: max(size, self.largest.get(name, 0)) for name, size in other.largest.items()}
        return Marks(
            {mark: self.unclear.get(mark, {}) | other.unclear.get(mark, {}) for mark in WORDS},
            {mark: sorted({*self.decimal.get(mark, []), *other.decimal.get(mark, [])}) for mark in WORDS},
            sorted({*self.alone, *other.alone}),
            self.largest | larger,
            sorted({*self.dialects, *other.dialects}),
        )

    def of(self, columns: Collection[str]) -> Marks:
        """The marks in these columns."""
        unclear = {
            mark: {name: cell for name, cell in cells.items() if name in columns}
            for mark, cells in self.unclear.items()
        }
        return replace(self, unclear=unclear)

    def notes(self, name: str, settable: bool = True) -> list[str]:
        """A warning of columns whose marks are unclear, all of them fractions as they are read.

        Args:
            name: of the file or files.
            settable: whether `data.decimal` can be set for them.

        Raises:
            DataError: they likely separate thousands, as in 1.054 beside 901, or beside decimal commas.
        """
        notes = []
        for mark, other in (".,", ",."):
            sure = self.decimal.get(mark, [])
            columns = {column: cell for column, cell in self.unclear.get(mark, {}).items() if column not in sure}
            said = f"or set data.decimal={WORDS[mark]}" if settable else "and with other than three digits after a mark"
            remedy = f"write numbers without separators of thousands, {said}"
            for column, cell in columns.items():
                may = f"{name}: column {column}, where {cell} may be {cell.replace(mark, '')} or a fraction"
                if self.decimal.get(other) and column in self.alone:
                    raise DataError(
                        f"{may}; write all numbers with one decimal mark and without separators of thousands"
                    )
                if self._beside_whole(column, bool(sure)):
                    raise DataError(f"{may}; {remedy} for fractions")
            doubtful = {column: cell for column, cell in columns.items() if column in self.alone}
            if doubtful and self.dialects != [USUAL]:
                cell, one = min(doubtful.values(), key=len), len(doubtful) == 1
                notes.append(
                    f"warning: column{'s' * (not one)} {', '.join([*doubtful][:12])}, where {cell} may be "
                    f"{cell.replace(mark, '')}, {'is' if one else 'are'} read as fractions; {remedy} if they are"
                )
        return notes

    def _beside_whole(self, column: str, sure: bool) -> bool:
        """Whether numbers without a mark are in the column, as 901 beside 1.054, or it is "1,054" in a file of commas.

        Args:
            column: whose marks are unclear.
            sure: whether the mark is decimal in another column.
        """
        if not sure and ",," in self.dialects:
            return True
        return self.largest.get(column, -1) >= (HUNDRED if self.dialects == [USUAL] else 0)


def find_marks(table: pa.Table, dialect: str, written: Callable[[list[str]], pa.Table]) -> Marks:
    """The marks in a text file.

    Args:
        table: its columns.
        dialect: delimiter and decimal mark, as two characters.
        written: the table with the columns of these names as they are written.
    """
    import pyarrow as pa
    from pyarrow import compute

    kinds = dict(zip(table.column_names, table.schema.types, strict=True))
    reals = [name for name, kind in kinds.items() if pa.types.is_floating(kind)]
    possible = [name for name in reals if _may_separate(table[name])]
    texts = written(possible) if possible else table
    marked = re.compile(rf"[+-]?[1-9]\d{{0,2}}{re.escape(dialect[1])}\d{{3}}")
    unclear, decimal, largest = dict[str, str](), {name for name in reals if len(_fractions(table[name]))}, {}
    for name in possible:
        cells = [cell.strip() for cell in texts[name].to_pylist() if cell is not None]
        like, unlike = list[str](), list[str]()
        for cell in cells:
            (like if marked.fullmatch(cell) else unlike).append(cell)
        if like and all(re.fullmatch(r"[+-]?\d+", cell) for cell in unlike):
            unclear[name], decimal = like[0], decimal - {name}
            if unlike:
                largest[name] = max(abs(float(cell)) for cell in unlike)
    for name, kind in kinds.items():
        if pa.types.is_integer(kind) and len(table):
            ends = compute.min_max(table[name]).as_py().values()
            largest[name] = max((abs(float(end)) for end in ends if end is not None), default=0.0)
    mark = dialect[1]
    alone = [] if decimal else [*unclear]
    return Marks({mark: unclear}, {mark: sorted(decimal)}, alone, largest, [dialect] if unclear or decimal else [])


def _may_separate(column: pa.ChunkedArray) -> bool:
    """Whether all fractions are below a thousand and have at most three decimals, as thousands would."""
    numbers, fractions = column.drop_null().to_numpy(), np.abs(_fractions(column))
    return bool(
        len(numbers)
        and fractions.min(initial=np.inf) >= 1
        and fractions.max(initial=0) < 1000
        and np.allclose(fractions * 1000, np.round(fractions * 1000), rtol=0, atol=1e-6)
    )


def _fractions(column: pa.ChunkedArray) -> np.ndarray:
    numbers: np.ndarray = column.drop_null().to_numpy()
    return numbers[numbers != np.floor(numbers)]
