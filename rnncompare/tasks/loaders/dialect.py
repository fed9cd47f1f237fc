"""How a text file is a table: its encoding, delimiter, decimal mark and header, found by parsing its beginning.

pyarrow parses the beginning in every way that is usual; the way that gives most columns of numbers or dates is kept.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnncompare.errors import DataError
from rnncompare.tasks.loaders.memory import give_back

BLOCK = 1 << 22  # bytes parsed at once; no row may be longer
DIALECTS = ((",", "."), (";", ","), (";", "."), ("\t", "."), ("\t", ","), ("|", "."))  # delimiter, decimal mark
DATES = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")  # beside ISO 8601; with slashes they are ambiguous
CONTROL = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b") | {127}
NUMBER_OR_DATE = re.compile(r"[-+.,]?\d[-+\d.,:/ eET]*")


@dataclass(frozen=True)
class Dialect:
    """How a text file is a table.

    Attributes:
        encoding: of the text.
        delimiter: between cells.
        decimal: the decimal mark.
        names: of the columns.
        header: rows before the data: 1 where the first gives the names, else 0.
    """

    encoding: str
    delimiter: str
    decimal: str
    names: list[str] | None = None
    header: int = 1

    def options(self, types: dict[str, str] | None = None) -> dict[str, Any]:
        """The arguments of `pyarrow.csv.open_csv`, with the ``types`` of columns where they are known."""
        from pyarrow import csv

        return {
            "read_options": csv.ReadOptions(
                use_threads=False,  # so that errors name the row
                block_size=BLOCK,
                encoding=self.encoding,
                column_names=self.names,
                skip_rows=self.header if self.names else 0,
            ),
            "parse_options": csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            "convert_options": csv.ConvertOptions(
                column_types=types,
                decimal_point=self.decimal,
                strings_can_be_null=True,
                timestamp_parsers=[csv.ISO8601, *DATES],
            ),
        }


def beginning(path: Path) -> bytes:
    """The first block of the file at ``path``.

    Raises:
        DataError: it cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file:
            head = file.read(BLOCK)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if not head.strip():
        raise DataError(f"{path}: an empty file")
    return head


def encoding_of(head: bytes, path: Path) -> str:
    """UTF-16 where a byte order mark says so, UTF-8 where the bytes are that, else Latin-1.

    Raises:
        DataError: there are control characters, as no text has.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if CONTROL & set(head):
        raise DataError(f"{path}: binary; expected a table (CSV, TSV, Parquet), an .npz, a .ts or a plain text")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def find_dialect(path: Path, encoding: str) -> tuple[Dialect, dict[str, str]]:
    """The dialect of the text file at ``path``, and the type of each column in its beginning.

    Raises:
        DataError: two columns have one name.
        pyarrow.ArrowInvalid: it is a table in no dialect; the error is that of the likeliest.
    """
    import pyarrow as pa

    found: list[tuple[Dialect, dict[str, str]]] = []
    failures: list[pa.ArrowInvalid] = []
    for delimiter, decimal in DIALECTS:
        try:
            found.append(_with_names(path, Dialect(encoding, delimiter, decimal)))
        except pa.ArrowInvalid as error:
            failures.append(error)
    give_back()
    several = [one for one in found if len(one[1]) > 1]
    ragged = [error for error in failures if re.search(r"Expected (?!1 )\d+ columns", str(error))]
    if not several and (ragged or not found):
        raise (ragged or failures)[0]
    return max(several or found, key=lambda one: (sum(kind != "string" for kind in one[1].values()), len(one[1])))


def _with_names(path: Path, dialect: Dialect) -> tuple[Dialect, dict[str, str]]:
    """``dialect`` with the names of the columns, numbered where there is no header, and the columns' types.

    The first row is no header if it has numbers or dates, and has them wherever the rows below do.
    """
    first = list(_types(path, dialect))
    kinds = list(_types(path, replace(dialect, names=[f"column{i}" for i in range(1, len(first) + 1)])).values())
    alike = [bool(NUMBER_OR_DATE.fullmatch(name.strip())) for name in first]
    if any(alike) and all(same or kind == "string" for same, kind in zip(alike, kinds, strict=True)):
        names, header = [f"column{i}" for i in range(1, len(first) + 1)], 0
    else:
        names, header = [name.strip() or f"unnamed{i}" for i, name in enumerate(first, start=1)], 1
    return replace(dialect, names=names, header=header), dict(zip(names, kinds, strict=True))


def _types(path: Path, dialect: Dialect) -> dict[str, str]:
    """The type of each column in the first block; a column without values there may hold numbers."""
    from pyarrow import csv

    with path.open("rb") as file:
        schema = csv.open_csv(file, **dialect.options()).schema
    names = [str(name) for name in schema.names]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{path}: two columns are called {twice}")
    return {
        name: "double" if str(kind) == "null" else str(kind) for name, kind in zip(names, schema.types, strict=True)
    }
