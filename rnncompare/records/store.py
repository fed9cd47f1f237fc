"""All records of a results folder in one Parquet file, beside the files that it was made from.

It saves opening each of them: a row counts only while the record that it came from is the same file, untouched. So
nothing is lost whatever becomes of it, and it may be removed at any time.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME = "records.parquet"
STAMP = "stamp"  # column: what changes when the record's file is replaced or written to
_ENCODED = b"rnncompare.encoded"  # names, in the file's metadata, of the columns whose values are JSON


def stamp(file: Path | str) -> str:
    """What tells whether ``file`` is still what it was.

    Raises:
        OSError: it is not there.
    """
    state = os.stat(file)
    return f"{state.st_ino} {state.st_mtime_ns} {state.st_size}"


def prefix(results_dir: Path) -> str:
    """What the paths of all files in ``results_dir`` begin with."""
    return os.path.join("" if results_dir == Path() else results_dir, "")


def write_store(results_dir: Path, frame: pd.DataFrame) -> Path:
    """Replace the store by ``frame``, with a `STAMP` and ``path`` below ``results_dir``, in one step."""
    for left in results_dir.glob(f".{NAME}.*.part"):  # by one that was killed
        left.unlink(missing_ok=True)
    return write_frame(results_dir / NAME, frame.assign(path=frame["path"].str.removeprefix(prefix(results_dir))))


def write_frame(path: Path, frame: pd.DataFrame) -> Path:
    """Write a table whose columns may mix types to one Parquet file, in one step."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    encoded = [name for name in frame if frame[name].dtype == object and not _plain_text(frame[name])]
    plain = frame.assign(**{name: [_encode(value) for value in frame[name]] for name in encoded})
    table = pa.Table.from_pandas(plain, preserve_index=False)
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _ENCODED: json.dumps(encoded).encode()})
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(temporary, "wb") as file:
            pq.write_table(table, file, compression="zstd")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def read_store(results_dir: Path, columns: list[str] | None = None) -> pd.DataFrame | None:
    """The rows of the store, whether or not they still count, or None where there is none that can be read."""
    frame = read_frame(results_dir / NAME, columns)
    if frame is not None and "path" in frame:
        frame["path"] = prefix(results_dir) + frame["path"]
    return frame


def read_frame(path: Path, columns: list[str] | None = None) -> pd.DataFrame | None:
    """The table that `write_frame` wrote, or None where there is none that can be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=columns)
        encoded = json.loads(table.schema.metadata[_ENCODED])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        return None
    frame = table.to_pandas()
    for name in set(encoded) & set(frame):
        frame[name] = frame[name].map(json.loads, na_action="ignore").astype(object)
    return frame


def _plain_text(column: pd.Series) -> bool:
    return all(value is None or isinstance(value, str) for value in column)


def _encode(value: Any) -> str | None:
    missing = value is None or (isinstance(value, float) and value != value)
    return None if missing else json.dumps(value)
