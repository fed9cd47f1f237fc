"""Tables from CSV, TSV and Parquet files or folders of them, read block by block into the smallest types that do."""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted, safe
from rnncompare.tasks.user.files.delimited import Columns, read_delimited
from rnncompare.tasks.user.files.dialect import BLOCK, require_distinct
from rnncompare.tasks.user.files.file_type import (
    ARROW,
    EXPORT,
    PARQUET,
    as_utf8,
    bar,
    beginning,
    encoding_of,
    files_in,
    unpacked,
)
from rnncompare.tasks.user.files.reading import Layout
from rnncompare.tasks.user.files.stamps import without_zone
from rnncompare.tasks.user.files.thousands import Marks

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FILE, FOLDER = "file", "folder"  # columns of the table in a folder of files
JSON = (b"{", b"[{", b"[[")


@dataclass
class Table:
    """Columns and where they came from.

    Attributes:
        frame: the columns; its index numbers the rows as the file does, a header being row 1, after the name of the
            file where there are several.
        name: of the file, for messages.
        decimal: the decimal mark of numbers in columns that were read as text, because they hold something else too.
        notes: what is to be said aloud of how columns were read.
        time_form: in which its times are written if they are texts, or should be read if all are written so.
        clock: the column of times of day that go with its dates, where they are apart.
        padded: of each column of whole numbers that are written with leading zeros, as ``01067``, how many digits.
        marks: what the marks between digits may be.
    """

    frame: pd.DataFrame
    name: str
    decimal: str = "."
    notes: list[str] = field(default_factory=list)
    time_form: str | None = None
    clock: str | None = None
    padded: dict[str, int] = field(default_factory=dict)
    marks: Marks = field(default_factory=Marks)

    def place(self, column: Any, row: Any = None) -> str:
        """A column, and the row that the index calls ``row``, in the words of messages."""
        if isinstance(row, tuple):
            return f"{self.name}/{row[0]}: column {column}, row {row[1]}"
        return f"{self.name}: column {column}" + ("" if row is None else f", row {row}")

    def name_as_written(self, column: str) -> None:
        """Turn a column of whole numbers with leading zeros into text, as the file has it."""
        if (width := self.padded.get(column)) is not None and self.frame[column].dtype.kind in "iuf":
            written = self.frame[column].map(lambda value: str(int(value)).zfill(width), na_action="ignore")
            self.frame[column] = written.astype(object)


def read_table(path: Path, layout: Layout | None = None, as_text: Collection[str] = ()) -> Table:
    """The table in ``path``; a progress bar shows if reading takes longer than two seconds.

    Times of Parquet that have a zone become times without one; in a text file they are text.

    Args:
        path: of a CSV, TSV or Parquet file, or of a folder: see `_folder`.
        layout: what is said of a text file.
        as_text: columns that are text, even if they look like numbers or dates.

    Raises:
        DataError: the file is absent, empty, binary, ragged, or not what it seems.
        SettingError: something is said of a file that is no text.
    """
    import pyarrow as pa

    layout = layout or Layout()
    if path.is_dir():
        return _folder(path, layout, as_text)
    head = beginning(path)
    _require_known(path, head)
    try:
        if head[:4] == PARQUET:
            layout.require_unsaid("Parquet")
            found = _parquet(path)
        else:
            with as_utf8(path, layout.encoding or encoding_of(path)) as plain:
                found = read_delimited(plain, layout, as_text)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or _reason(str(error), path)})") from error
    except pa.ArrowException as error:
        raise DataError(f"{path}: {_reason(str(error), path)}") from error
    frame = plain_types(_frame(found.table, found.first_row, as_text))
    if frame.empty:
        raise DataError(f"{path}: no rows below the header")
    return Table(frame, str(path), found.decimal, padded=found.padded, marks=found.marks)


def _folder(folder: Path, layout: Layout, as_text: Collection[str]) -> Table:
    """The tables in a folder below each other, with columns `FILE` and, where there are folders within, `FOLDER`.

    A folder that Hugging Face's ``save_to_disk`` wrote is one table.

    Raises:
        DataError: a file cannot be read, or has other columns than the first.
    """
    import pandas as pd
    import pyarrow as pa

    paths = files_in(folder)
    if paths[0].suffix == ARROW:
        whole = pa.concat_tables(pa.ipc.open_stream(path).read_all() for path in paths if path.suffix == ARROW)
        return Table(plain_types(_frame(whole, 1, as_text)), str(folder))
    tables = []
    for path in bar(folder, len(paths), "file", paths):
        with unpacked(path) as plain:
            tables.append(read_table(plain, layout, as_text))
        names = list(tables[0].frame)
        if set(tables[-1].frame) != set(names):
            raise DataError(f"{path}: other columns than in {paths[0].name}, which has {', '.join(map(str, names))}")
    if taken := {FILE, FOLDER} & set(names):
        raise DataError(f"{folder}: a column is called {taken.pop()}, as the name of the file is to be; rename it")
    known = [table.frame.dropna(axis=1, how="all") for table in tables]  # of an empty column the type is not known
    if several := _of_several_kinds(known) - set(as_text):
        return _folder(folder, layout, [*as_text, *several])
    labels = [safe(path.relative_to(folder).as_posix()) for path in paths]  # names may be of any bytes
    frame = pd.concat(known, keys=labels).reindex(columns=names)
    frame[FILE] = frame.index.get_level_values(0)
    within = [safe(path.parent.relative_to(folder).as_posix()) for path in paths]
    inner = dict(zip(labels, within, strict=True))
    if len(set(inner.values())) > 1:
        frame[FOLDER] = frame[FILE].map(inner)
    padded = [table.padded for table in tables]
    every = {name: width for one in padded for name, width in one.items()}
    alike = {name: width for name, width in every.items() if all(one.get(name, width) == width for one in padded)}
    marks = reduce(operator.or_, (table.marks for table in tables))
    return Table(frame, str(folder), tables[0].decimal, padded=alike, marks=marks)


def _of_several_kinds(frames: Sequence[pd.DataFrame]) -> set[str]:
    """The columns that are of numbers in one of the ``frames`` and of text or times in another."""
    kinds: dict[str, set[str]] = {}
    for frame in frames:
        for name, kind in frame.dtypes.items():
            kinds.setdefault(str(name), set()).add("number" if kind.kind in "iuf" else kind.kind)
    return {name for name, found in kinds.items() if len(found) > 1}


def plain_types(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of the ``frame``, not deep, with times as `without_zone` gives them.

    Periods are the times at which they begin, durations are seconds, decimals are reals, and intervals are text.
    """
    import pandas as pd

    frame = frame.copy(deep=False)
    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = without_zone(frame[name])
        elif isinstance(kind, pd.PeriodDtype):
            frame[name] = frame[name].dt.to_timestamp()
        elif kind == "float16":  # in which sums would overflow
            frame[name] = frame[name].astype("float32")
        elif kind.kind == "m":
            frame[name] = frame[name].dt.total_seconds()
        elif isinstance(kind, pd.IntervalDtype) or isinstance(getattr(kind, "categories", None), pd.IntervalIndex):
            frame[name] = frame[name].astype(object).map(str, na_action="ignore")
        elif kind.kind == "O":
            held = pd.api.types.infer_dtype(frame[name], skipna=True)
            if held in ("decimal", "floating", "integer", "mixed-integer-float"):
                frame[name] = pd.to_numeric(frame[name].astype(float) if held == "decimal" else frame[name])
            elif held == "interval":
                frame[name] = frame[name].map(str, na_action="ignore")
    return frame


def _require_known(path: Path, head: bytes) -> None:
    """Raise `DataError` for what is no table, but could be taken for a torn one."""
    suffix = path.suffix.lower()
    if suffix in (".parquet", ".pq") and head[:4] != PARQUET:
        raise DataError(f"{path}: no Parquet file, which begins with PAR1")
    if suffix in (".json", ".jsonl", ".ndjson") or head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(JSON):
        raise DataError(f"{path}: JSON; {EXPORT}")


def _parquet(path: Path) -> Columns:
    """The columns of a Parquet file, without an index that pandas wrote beside them, which is no input."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file, bar(path, file.metadata.num_rows, "row") as shown:
        require_distinct(file.schema_arrow.names, str(path))
        batches = []
        for batch in file.iter_batches():
            batches.append(batch)
            shown.update(len(batch))
        found = pa.Table.from_batches(batches, file.schema_arrow)
    return Columns(found)


def _frame(columns: pa.Table, first_row: int, as_text: Collection[str]) -> pd.DataFrame:
    """The columns in pandas, some ``as_text``, the index numbering rows from ``first_row`` as the file does."""
    import pandas as pd
    import pyarrow as pa

    def kind_of(field: pa.Field) -> pa.DataType:
        if field.name in as_text:
            return pa.string()
        return pa.float64() if pa.types.is_decimal(field.type) else field.type

    plain = columns.cast(pa.schema([(field.name, kind_of(field)) for field in columns.schema]))
    frame = plain.to_pandas(ignore_metadata=True, date_as_object=False)
    return frame.set_index(pd.RangeIndex(first_row, first_row + len(frame)))


def _reason(message: str, path: Path) -> str:
    """Pyarrow's ``message`` in the words of ours."""
    if ragged := re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", message):
        row, expected, got = ragged.groups()
        return f"row {row or 2} has {counted(got, 'cell')}, where the first has {expected}"
    if "invalid UTF8" in message:
        return "not in the encoding utf-8; set data.encoding to another"
    if "straddling" in message or "Empty CSV" in message:
        with path.open("rb") as file:
            row = next((number for number, line in enumerate(file, start=1) if len(line) > BLOCK), None)
        if row is not None:
            return f"row {row} is longer than {BLOCK:,} bytes; a table has a row a line"
        return "no rows below the header"
    return message.splitlines()[0][:200]
