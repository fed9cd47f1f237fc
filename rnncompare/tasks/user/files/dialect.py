"""How a text file is a table: its delimiter, decimal mark, header and quotation marks, found by parsing its beginning.

pyarrow parses the beginning in every usual way; the way that gives most columns of numbers or dates is kept.
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.files.file_type import HEAD, blocks
from rnncompare.tasks.user.files.reading import Layout

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 1 << 22  # bytes parsed at once; no row may be longer
IN_QUOTES = (",", ",")  # of cells such as "20,13"
# Delimiters and decimal marks.
DIALECTS = ((",", "."), (";", ","), (";", "."), ("\t", "."), ("\t", ","), ("|", "."), ("|", ","), IN_QUOTES)
QUOTED_COMMA = re.compile(rb'"[+-]?\d*,\d+"')
DATES = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")  # beside ISO 8601; with slashes they are ambiguous
NUMBER_OR_DATE = re.compile(r"[-+.,]?\d[-+\d.,:/ eET]*")


@dataclass(frozen=True)
class Dialect:
    """How a text file is a table.

    Attributes:
        delimiter: between cells.
        decimal: the decimal mark.
        quoting: whether quotation marks enclose cells.
        header: whether the first row gives the names.
        cells: the names as that row has them, or as columns are numbered without one; none where not yet known.
    """

    delimiter: str
    decimal: str
    quoting: bool = True
    header: bool = True
    cells: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """Of the columns, as they are called from here on."""
        return [cell.strip() or f"unnamed{i}" for i, cell in enumerate(self.cells, start=1)]

    def options(self, types: list[pa.DataType] | None = None) -> dict[str, Any]:
        """The arguments of `pyarrow.csv.open_csv`, with the ``types`` of columns where they are known."""
        from pyarrow import csv

        alike = len(set(self.cells)) < len(self.cells)  # several without a name, which pyarrow cannot tell apart
        called = self.names if alike else list(self.cells)
        return {
            "read_options": csv.ReadOptions(
                use_threads=False,  # so that errors name the row
                block_size=BLOCK,
                column_names=called if alike or not self.header else None,
                skip_rows_after_names=int(alike and self.header),
            ),
            "parse_options": csv.ParseOptions(
                delimiter=self.delimiter, quote_char='"' if self.quoting else False, newlines_in_values=self.quoting
            ),
            "convert_options": csv.ConvertOptions(
                column_types=None if types is None else dict(zip(called, types, strict=True)),
                decimal_point=self.decimal,
                strings_can_be_null=True,
                timestamp_parsers=[csv.ISO8601, *DATES],
            ),
        }


def find_dialect(path: Path, quoting: bool, layout: Layout) -> tuple[Dialect, list[pa.DataType]]:
    """The dialect of a text file in UTF-8, where ``layout`` leaves it open, and the types in its beginning.

    Raises:
        DataError: two columns have one name, or a comment stands above the header.
        pyarrow.ArrowInvalid: it is a table in no dialect; the error is that of the likeliest.
    """
    import pyarrow as pa

    found: list[tuple[Dialect, list[pa.DataType]]] = []
    failures: list[pa.ArrowInvalid] = []
    for delimiter, decimal in _possible(path, layout):
        try:
            found.append(_with_names(path, Dialect(delimiter, decimal, quoting), layout.header))
        except pa.ArrowInvalid as error:
            failures.append(error)
    several = [one for one in found if len(one[1]) > 1 and not _loses_numbers(*one, found)]
    ragged = [error for error in failures if re.search(r"Expected (?!1 )\d+ columns", str(error))]
    if not several and (ragged or not found):
        raise (ragged or failures)[0]
    best = max(several or found, key=lambda one: (sum(kind != pa.string() for kind in one[1]), len(one[1])))
    _require_table(path, best, failures)
    return best


def _possible(path: Path, layout: Layout) -> list[tuple[str, str]]:
    """Delimiters and decimal marks to try."""
    delimiter, decimal = layout.marks()
    usual = [one for one in DIALECTS if delimiter in (None, one[0]) and decimal in (None, one[1])]
    if IN_QUOTES in usual and not QUOTED_COMMA.search(next(blocks(path), b"")):
        usual.remove(IN_QUOTES)
    return usual or [(delimiter or ",", mark) for mark in (".", ",") if decimal in (None, mark)]


def _loses_numbers(dialect: Dialect, kinds: list[pa.DataType], found: list[tuple[Dialect, list[pa.DataType]]]) -> bool:
    """Whether decimal commas in a file of commas make text of numbers: those in quotes separate thousands then."""
    import pyarrow as pa

    if (dialect.delimiter, dialect.decimal) != IN_QUOTES:
        return False
    points = [types for one, types in found if (one.delimiter, one.decimal) == (",", ".")]
    return any(kind == pa.string() != plain for types in points for kind, plain in zip(kinds, types, strict=True))


def _with_names(path: Path, dialect: Dialect, header: bool | None) -> tuple[Dialect, list[pa.DataType]]:
    """``dialect`` with the names of the columns, numbered where there is no ``header`` (None: found), and their types.

    The first row is no header if it has numbers or dates, and has them wherever the rows below do. A column without
    values in the first block may hold numbers.
    """
    import pyarrow as pa
    from pyarrow import csv

    with opened(path) as file:
        reader = csv.open_csv(file, **dialect.options())
        schema, first_batch = reader.schema, next(iter(reader), None)
    below = [_first(column) for column in first_batch.columns] if first_batch else [[]] * len(schema)
    first = [str(name) for name in schema.names]
    kinds = [pa.float64() if pa.types.is_null(kind) else kind for kind in schema.types]
    if header is None:
        alike = [_like_number(name) for name in first]
        texts = [kind == pa.string() and not _like_number(*cells) for kind, cells in zip(kinds, below, strict=True)]
        header = not any(alike) or not all(same or text for same, text in zip(alike, texts, strict=True))
    cells = first if header else [f"column{i}" for i in range(1, len(first) + 1)]
    named = replace(dialect, header=header, cells=tuple(cells))
    require_distinct(named.names, str(path))
    return named, kinds


def _first(column: pa.Array) -> list[Any]:
    """The first cell; times as text, for Python's have no year 0."""
    import pyarrow as pa

    return list((column[:1].cast(pa.string()) if pa.types.is_temporal(column.type) else column[:1]).to_pylist())


def _like_number(cell: Any = None) -> bool:
    """Whether a cell has a number or a date."""
    return bool(NUMBER_OR_DATE.fullmatch(str(cell).strip()))


def opened(path: Path) -> pa.OSFile:
    """A file for pyarrow to read by itself: on one of Python's its threads may wait for ever as the process ends."""
    import pyarrow as pa

    return pa.OSFile(os.fsencode(path))


def require_distinct(columns: Sequence[Any], name: str) -> None:
    """Raise `DataError` where two of the ``columns`` of the table called ``name`` are called alike."""
    for called, count in Counter(columns).most_common(1):
        if count > 1:
            raise DataError(f"{name}: two columns are called {called}")


def _require_table(path: Path, found: tuple[Dialect, list[pa.DataType]], failures: list[pa.ArrowInvalid]) -> None:
    """Raise `DataError` where the text is not in UTF-8, though that was said, or begins with a comment."""
    import pyarrow as pa

    dialect, kinds = found
    if any(pa.types.is_binary(kind) for kind in kinds):
        raise DataError(f"{path}: not in the encoding utf-8; set data.encoding to another")
    first = dialect.cells[0]
    if len(kinds) == 1 and first.startswith("#") and failures:
        raise DataError(f"{path}: row 1 is {first[:40]!r}, a comment; delete what stands above the names of columns")


def unpaired(path: Path, delimiter: str) -> int | None:
    """The line of the first cell that opens with a quotation mark and does not end with one, as RFC 4180 wants.

    Python's `csv` judges, for it can be strict. It is shown lines with a mark alone: others neither open nor close.
    """
    if not any(b'"' in block for block in blocks(path)):
        return None
    record: list[int] = []  # lines with a mark of the record that is being read

    def lines() -> Iterator[str]:
        with path.open(encoding="latin-1", newline="") as file:  # delimiters and marks are ASCII's, as in UTF-8
            for number, line in enumerate(iter(lambda: file.readline(HEAD), ""), start=1):
                if '"' in line:
                    record.append(number)
                    yield line

    limit = csv.field_size_limit(HEAD)
    try:
        for _ in csv.reader(lines(), delimiter=delimiter, strict=True):
            record.clear()
    except csv.Error:
        return record[0]
    finally:
        csv.field_size_limit(limit)
    return None
