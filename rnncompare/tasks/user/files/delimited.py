"""Text files as columns: parsed in the dialect that is found, into the smallest types that hold all cells."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.files.dialect import Dialect, find_dialect, opened, unpaired
from rnncompare.tasks.user.files.file_type import bar, blocks
from rnncompare.tasks.user.files.reading import Layout
from rnncompare.tasks.user.files.thousands import Marks, find_marks

if TYPE_CHECKING:
    import pyarrow as pa

ZERO_LED = re.compile(rb"(?:^|[,;\t|\"\r\n])0[0-9]+(?=[,;\t|\"\r\n]|$)")  # a cell such as 01067


@dataclass(frozen=True)
class Columns:
    """The columns of a file.

    Attributes:
        table: in the order of the file.
        first_row: the number of the first row below the names.
        decimal: the decimal mark.
        padded: of each column of whole numbers that are written with leading zeros, as ``01067``, how many digits.
        marks: what the marks between digits may be.
    """

    table: pa.Table
    first_row: int = 1
    decimal: str = "."
    padded: dict[str, int] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)


def read_delimited(path: Path, layout: Layout, as_text: Collection[str]) -> Columns:
    """The columns of a text file in UTF-8, some ``as_text``.

    Quotation marks enclose cells. Where they cannot, for they do not pair, they are characters like others, as long as
    all rows have as many cells then, and the header has none of them.
    """
    import pyarrow as pa

    try:
        dialect, types = find_dialect(path, True, layout)
        line = unpaired(path, dialect.delimiter)
        if line is not None:
            raise DataError(
                f"{path}: the cell that opens with a quotation mark in line {line:,} does not close with one; "
                "double the marks within cells"
            )
        columns = _typed(path, dialect, types, as_text)
    except (pa.ArrowInvalid, DataError):
        if (found := _without_quotes(path, layout, as_text)) is None:
            raise
        columns, dialect = found
    if layout.decimal is not None:
        return columns
    marks = find_marks(columns.table, dialect.delimiter + dialect.decimal, partial(_written, path, dialect, columns))
    return replace(columns, marks=marks)


def _without_quotes(path: Path, layout: Layout, as_text: Collection[str]) -> tuple[Columns, Dialect] | None:
    """What `read_delimited` gives where quotation marks are characters like others, or None where that does not do."""
    import pyarrow as pa

    try:
        dialect, types = find_dialect(path, False, layout)
        enclosed = unpaired(path, dialect.delimiter) is None or any('"' in name for name in dialect.names)
        return None if enclosed or len(types) < 2 else (_typed(path, dialect, types, as_text), dialect)
    except (pa.ArrowInvalid, DataError):
        return None


def _typed(path: Path, dialect: Dialect, types: list[pa.DataType], as_text: Collection[str]) -> Columns:
    """What `read_delimited` gives, in a ``dialect``; the type of a column that a later block refutes is widened."""
    import pyarrow as pa

    zoned = [pa.types.is_timestamp(kind) and kind.tz is not None for kind in types]  # whose zone would be lost
    texts = [name in as_text or lost for name, lost in zip(dialect.names, zoned, strict=True)]
    types = [pa.string() if text else kind for text, kind in zip(texts, types, strict=True)]
    while True:
        try:
            table = _parsed(path, dialect, types)
            break
        except pa.ArrowInvalid as error:
            found = re.search(r"In CSV column #(\d+): .*conversion error", str(error))
            if found is None or types[int(found[1])] == pa.string():
                raise
            types[int(found[1])] = _wider(types[int(found[1])])
    if ancient := _ancient(table):  # 01.09.24 is read as of the year 24
        types = [pa.string() if name in ancient else kind for name, kind in zip(dialect.names, types, strict=True)]
        table = _parsed(path, dialect, types)
    padded = {}
    for name, written in _zero_led(path, dialect, types).items():
        if (width := _width(written)) is None:
            table = table.set_column(dialect.names.index(name), name, written)
        else:
            padded[name] = width
    return Columns(table, 1 + dialect.header, dialect.decimal, padded)


def _ancient(table: pa.Table) -> list[str]:
    """The columns of times most of which are of the first century."""
    import pyarrow as pa
    from pyarrow import compute

    kinds = {name: table[name].type for name in table.column_names}
    times = [name for name, kind in kinds.items() if pa.types.is_timestamp(kind) or pa.types.is_date(kind)]
    shares = {name: compute.mean(compute.less(compute.year(table[name]), 100)).as_py() for name in times}
    return [name for name, share in shares.items() if share is not None and share > 0.5]


def _written(path: Path, dialect: Dialect, columns: Columns, names: Collection[str]) -> pa.Table:
    """The columns with those of these ``names`` as they are written."""
    import pyarrow as pa

    return _parsed(
        path, dialect, [pa.string() if name in names else columns.table[name].type for name in dialect.names]
    )


def _zero_led(path: Path, dialect: Dialect, types: list[pa.DataType]) -> dict[str, pa.ChunkedArray]:
    """The columns of whole numbers of which some are written with leading zeros, as text."""
    import pyarrow as pa
    from pyarrow import compute

    whole = [pa.types.is_integer(kind) for kind in types]
    if not any(whole) or not any(ZERO_LED.search(block) for block in blocks(path)):
        return {}
    texts = [pa.string() if number else kind for number, kind in zip(whole, types, strict=True)]
    table = _parsed(path, dialect, texts)
    written = {name: table[name] for name, number in zip(dialect.names, whole, strict=True) if number}
    return {
        name: column
        for name, column in written.items()
        if compute.any(compute.match_substring_regex(column, r"^0\d")).as_py()
    }


def _width(written: pa.ChunkedArray) -> int | None:
    """To how many digits numbers are filled up with zeros; None where that does not tell how each is written."""
    from pyarrow import compute

    different = [text for text in compute.unique(written).to_pylist() if text is not None]
    widths = {len(text) for text in different if re.match(r"0\d", text)}
    width = max(widths)
    return width if all(text == str(int(text)).zfill(width) for text in different) else None


def _wider(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if pa.types.is_integer(kind):
        return pa.float64()
    if pa.types.is_date(kind):
        return pa.timestamp("s")
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ns")
    return pa.string()


def _parsed(path: Path, dialect: Dialect, types: list[pa.DataType]) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    with opened(path) as file, bar(path, path.stat().st_size, "B") as shown:
        reader, batches = csv.open_csv(file, **dialect.options(types)), []
        for batch in reader:
            batches.append(batch)
            shown.update(min(file.tell(), shown.total) - shown.n)
    return pa.Table.from_batches(batches, reader.schema).rename_columns(dialect.names)
