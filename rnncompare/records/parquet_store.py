"""Many records in one Parquet file, ``records.parquet``, with their learning curves in ``curves.parquet`` beside it.

One format serves two uses. A row with a `STAMP` stands for a ``record.json`` below the folder and saves opening it: it
counts only while that file is unchanged, so nothing is lost whatever happens to the store. A row without one is itself
the record, as in a published study, whose runs no longer have files. Checksums of the pages and of the layout show
damage.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rnncompare.base.files import open_regular, write_whole

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

NAME, CURVES = "records.parquet", "curves.parquet"
STAMP = "stamp"  # column that changes when the record's file is replaced or written to
_ENCODED = b"rnncompare.encoded"  # names, in the file's metadata, of the columns whose values are JSON
_LAYOUT = b"rnncompare.layout"  # SHA-256 of what the checksums of pages leave out


def stamp(file: Path | str) -> str:
    """A text that changes when ``file`` does.

    Raises:
        OSError: the file is absent.
    """
    state = os.stat(file)
    return f"{state.st_ino} {state.st_mtime_ns} {state.st_size}"


def prefix(results_dir: Path) -> str:
    """The common prefix of the paths of all files in ``results_dir``."""
    return os.path.join("" if results_dir == Path() else results_dir, "")


def write_store(results_dir: Path, frame: pd.DataFrame) -> Path:
    """Replace the store of a folder in one step.

    Args:
        results_dir: the folder.
        frame: records with ``path`` and `STAMP`; a row without a stamp is stored as the record itself.
    """
    for leftover in results_dir.glob(f".{NAME}.*.part"):  # of a process that was killed
        leftover.unlink(missing_ok=True)
    relative = frame["path"].str.removeprefix(prefix(results_dir)).where(frame[STAMP].notna(), None)
    return write_frame(results_dir / NAME, frame.assign(path=relative))


def write_frame(path: Path, frame: pd.DataFrame) -> Path:
    """Write a table whose columns may mix types to one Parquet file, in one step.

    Raises:
        OSError: it cannot be written, or something that is no regular file, such as a pipe, has its name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    encoded = [name for name in frame if frame[name].dtype == object and not _plain_text(frame[name])]
    plain = frame.assign(**{name: [_encode(value) for value in frame[name]] for name in encoded})
    table = pa.Table.from_pandas(plain, preserve_index=False)
    own = {_ENCODED: json.dumps(encoded).encode(), _LAYOUT: _layout(table.num_rows, table.schema, encoded)}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **own})

    def write(file: BinaryIO) -> None:
        pq.write_table(table, file, compression="zstd", write_page_checksum=True)

    if os.path.exists(path):
        open_regular(path).close()
    write_whole(path, write)
    return path


def read_store(file: Path, columns: list[str] | None = None) -> pd.DataFrame | None:
    """The rows of a store, whether or not they still count; None if the store is absent or unreadable.

    Args:
        file: the store.
        columns: to read; those that it lacks are null.

    Returns:
        The records; ``path`` is that of the record's file, or of the store if the row itself is the record.
    """
    frame = read_frame(file, columns)
    if frame is None or "run_id" not in frame:
        return None
    wanted = [STAMP, "path"] if columns is None else columns
    frame = frame.assign(**{name: None for name in wanted if name not in frame})
    if "path" in frame:
        is_record = frame["path"].isna()
        frame["path"] = (prefix(file.parent) + frame["path"].astype(object)).mask(is_record, str(file)).astype(object)
    return frame


def read_frame(path: Path, columns: list[str] | None = None) -> pd.DataFrame | None:
    """The table that `write_frame` wrote, or those of ``columns`` that it has; None if it is unreadable or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with open_regular(path) as file:
            parquet = pq.ParquetFile(file, page_checksum_verification=True)
            schema = parquet.schema_arrow
            encoded = json.loads(schema.metadata[_ENCODED])
            layout = _layout(parquet.metadata.num_rows, schema, encoded)
            if schema.metadata.get(_LAYOUT, layout) != layout:
                return None
            names = [name for name in schema.names if columns is None or name in columns]
            table = parquet.read(names)
            if table.schema.names != names:
                return None
            frame = table.replace_schema_metadata(schema.metadata).to_pandas()  # the file has a second copy
        for name in set(encoded) & set(frame):
            frame[name] = frame[name].map(json.loads, na_action="ignore").astype(object)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, pa.ArrowException):
        return None
    return frame.copy()  # defragments the columns


def _layout(rows: int, schema: pa.Schema, encoded: list[str]) -> bytes:
    of_pandas = (schema.metadata or {}).get(b"pandas", b"").decode()
    parts = [rows, schema.names, [str(kind) for kind in schema.types], of_pandas, encoded]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest().encode()


def _plain_text(column: pd.Series) -> bool:
    return all(value is None or isinstance(value, str) for value in column)


def _encode(value: Any) -> str | None:
    missing = value is None or (isinstance(value, float) and value != value)
    return None if missing else json.dumps(value)
