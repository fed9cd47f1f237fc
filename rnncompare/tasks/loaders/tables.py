"""Tables from CSV, TSV and Parquet files, read block by block into the smallest types that hold their values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.errors import DataError
from rnncompare.tasks.loaders.dialect import BLOCK, Dialect, beginning, encoding_of, find_dialect
from rnncompare.tasks.loaders.memory import give_back
from rnncompare.tasks.loaders.progress import bar

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

WIDER = {"int64": "double", "date32[day]": "timestamp[s]", "timestamp[s]": "timestamp[ns]"}  # else string


@dataclass
class Table:
    """Columns and where they came from.

    Attributes:
        frame: the columns; its index numbers the rows as the file does, a header being row 1.
        name: of the file, for messages.
        decimal: the decimal mark of numbers in columns that were read as text, because they hold something else too.
    """

    frame: pd.DataFrame
    name: str
    decimal: str = "."

    def place(self, column: Any, row: Any = None) -> str:
        """A column, and the row that the index calls ``row``, in the words of messages."""
        return f"{self.name}: column {column}" + ("" if row is None else f", row {row}")


def read_table(path: Path) -> Table:
    """The table in ``path``; a progress bar shows if reading takes longer than two seconds.

    Raises:
        DataError: the file is absent, empty, binary, ragged, or not what it seems.
    """
    import pyarrow as pa

    head = beginning(path)
    try:
        found = _parquet(path) if head[:4] == b"PAR1" else _delimited(path, encoding_of(head, path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or _reason(str(error), path)})") from error
    except (pa.ArrowException, UnicodeError) as error:
        raise DataError(f"{path}: {_reason(str(error), path)}") from error
    columns, first_row, decimal = found
    frame = _frame(columns, first_row)
    give_back()
    if frame.empty:
        raise DataError(f"{path}: no rows below the header")
    return Table(frame, str(path), decimal)


Columns = dict[str, list[Any]]  # by name, a pandas array for each block


def _delimited(path: Path, encoding: str) -> tuple[Columns, int, str]:
    """The columns of a text file, the number of its first row, and its decimal mark.

    What a later block refutes, an encoding or the type of a column, is widened, and the file is read again.
    """
    import pyarrow as pa

    dialect, types = find_dialect(path, encoding)
    while True:
        try:
            return _blocks(path, dialect, types), 1 + dialect.header, dialect.decimal
        except pa.ArrowInvalid as error:
            message = str(error)
            if "invalid UTF8" in message and encoding == "utf-8":
                return _delimited(path, "latin-1")
            if not (found := re.search(r"In CSV column #(\d+): .*conversion error", message)):
                raise
            name = list(types)[int(found[1])]
            types[name] = WIDER.get(types[name], "string")


def _blocks(path: Path, dialect: Dialect, types: dict[str, str]) -> Columns:
    import pyarrow as pa
    from pyarrow import csv

    columns: Columns = {name: [] for name in types}
    arrow = {name: pa.type_for_alias(kind.replace("date32[day]", "date32")) for name, kind in types.items()}
    with path.open("rb") as file, bar(path, path.stat().st_size, "B") as shown:
        for batch in csv.open_csv(file, **dialect.options(arrow)):
            _add(columns, batch)
            shown.update(min(file.tell(), shown.total) - shown.n)
    return columns


def _parquet(path: Path) -> tuple[Columns, int, str]:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file, bar(path, file.metadata.num_rows, "row") as shown:
        columns: Columns = {name: [] for name in file.schema_arrow.names}
        for batch in file.iter_batches():
            _add(columns, batch)
            shown.update(len(batch))
    return columns, 1, "."


def _add(columns: Columns, batch: pa.RecordBatch) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        columns[name].append(_small(column))


def _small(column: pa.Array) -> Any:
    """The column of one block in the smallest type that holds it: a narrow integer, categories of text, ..."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        coded = column.dictionary_encode()
        return (coded if 2 * len(coded.dictionary) <= len(column) else column).to_pandas().array
    values = column.to_pandas(date_as_object=False)
    if values.dtype.kind in "iu":
        return pd.to_numeric(values, downcast="integer").array
    return values.array


def _frame(columns: Columns, first_row: int) -> pd.DataFrame:
    """The blocks of each column joined, one column after the other, each block given up when it is copied."""
    import pandas as pd
    import pyarrow as pa

    joined = {}
    for name in list(columns):
        joined[name] = _join(columns.pop(name))
        pa.default_memory_pool().release_unused()
    rows = len(next(iter(joined.values()))) if joined else 0
    return pd.DataFrame(joined, index=pd.RangeIndex(first_row, first_row + rows), copy=False)


def _join(blocks: list[Any]) -> Any:
    import pandas as pd
    from pandas.api.types import union_categoricals

    if not blocks:
        return np.empty(0)
    if all(isinstance(block.dtype, pd.CategoricalDtype) for block in blocks):
        return union_categoricals(blocks)
    return pd.concat(_plain(blocks), ignore_index=True).array


def _plain(blocks: list[Any]) -> Iterable[pd.Series]:
    """The ``blocks`` as series, categories as what they stand for."""
    import pandas as pd

    for block in blocks:
        series = pd.Series(block, copy=False)
        yield series.astype(block.categories.dtype) if isinstance(block.dtype, pd.CategoricalDtype) else series


def _reason(message: str, path: Path) -> str:
    """Pyarrow's ``message`` in the words of ours."""
    if ragged := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", message):
        row, expected, got = ragged.groups()
        return f"row {row or 2} has {got} cells, where the first has {expected}"
    if "straddling" in message or "Empty CSV" in message:
        with path.open("rb") as file:
            row = next((number for number, line in enumerate(file, start=1) if len(line) > BLOCK), None)
        if row is not None:
            return f"row {row} is longer than {BLOCK:,} bytes; a table has a row a line"
        return "no rows below the header"
    return message.splitlines()[0][:200]
