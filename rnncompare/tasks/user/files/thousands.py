"""Whether a mark between digits, as in 50.051, is decimal or separates thousands: told over all files of a data set."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
        unclear: columns in which it may separate thousands wherever it stands, and a cell of each.
        decimal: columns in which it is decimal for sure.
        largest: of columns, the largest number that is written without a mark.
        dialects: delimiter and decimal mark of the files that have fractions, as two characters.
    """

    unclear: dict[str, str] = field(default_factory=dict)
    decimal: Sequence[str] = ()
    largest: dict[str, float] = field(default_factory=dict)
    dialects: Sequence[str] = ()

    def __or__(self, other: Marks) -> Marks:
        """The marks in the files of both."""
        larger = {name: max(size, self.largest.get(name, 0)) for name, size in other.largest.items()}
        return Marks(
            self.unclear | other.unclear,
            sorted({*self.decimal, *other.decimal}),
            self.largest | larger,
            sorted({*self.dialects, *other.dialects}),
        )

    def notes(self, name: str) -> list[str]:
        """A warning of columns whose marks are unclear, all of them fractions as they are read.

        Args:
            name: of the file or files.

        Raises:
            DataError: they likely separate thousands, as in 1.054 beside 901, or beside decimal commas.
        """
        columns = {column: cell for column, cell in self.unclear.items() if column not in self.decimal}
        for column, cell in columns.items():
            may = f"{name}: column {column}, where {cell} may be {re.sub('[.,]', '', cell)} or a fraction"
            if len({dialect[1] for dialect in self.dialects}) > 1:
                raise DataError(f"{may}; write all numbers with one decimal mark and without separators of thousands")
            if self._beside_whole(column):
                raise DataError(f"{may}; {self._remedy} for fractions")
        if not columns or self.dialects == [USUAL]:
            return []
        first = min(columns.values(), key=len)
        words = f"column {next(iter(columns))}" if len(columns) == 1 else f"columns {', '.join([*columns][:12])}"
        return [
            f"warning: {words}, where {first} may be {re.sub('[.,]', '', first)}, "
            f"{'is' if len(columns) == 1 else 'are'} read as fractions; {self._remedy} if they are"
        ]

    def _beside_whole(self, column: str) -> bool:
        """Whether numbers without a mark are in the column, so that both kinds are read as of one."""
        if not self.decimal and ",," in self.dialects:
            return True  # "1,054" in a file of commas
        return self.largest.get(column, -1) >= (HUNDRED if self.dialects == [USUAL] else 0)

    @property
    def _remedy(self) -> str:
        word = WORDS[self.dialects[0][1]]
        return f"write numbers without separators of thousands, or set data.decimal={word}"


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
    unclear, decimal, largest = dict[str, str](), {name for name in reals if _has_fractions(table[name])}, {}
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
    return Marks(unclear, sorted(decimal), largest, [dialect] if unclear or decimal else [])


def _may_separate(column: pa.ChunkedArray) -> bool:
    """Whether all numbers are below a thousand, and fractions have at most three decimals, as thousands would."""
    numbers = np.abs(column.drop_null().to_numpy())
    fractions = numbers[numbers != np.floor(numbers)]
    return bool(
        (numbers < 1000).all()
        and len(numbers)
        and fractions.min(initial=np.inf) >= 1
        and np.allclose(fractions * 1000, np.round(fractions * 1000), rtol=0, atol=1e-6)
    )


def _has_fractions(column: pa.ChunkedArray) -> bool:
    numbers = column.drop_null().to_numpy()
    return bool((numbers != np.floor(numbers)).any())
