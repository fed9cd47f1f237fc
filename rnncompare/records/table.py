"""All runs as one table, a row a run."""

from __future__ import annotations

import contextlib
import os
import typing
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.records.fields import SCHEMA_VERSION, Record
from rnncompare.records.files import CURVE_COLUMNS, read_record
from rnncompare.records.store import STAMP, prefix, read_store, stamp, write_store

if TYPE_CHECKING:
    import pandas as pd


class RecordWarning(UserWarning):
    """A file that looks like a record and was not counted."""


def read_records(path: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """All runs of a results folder (searched in depth) or of one Parquet file of records.

    Returns:
        One row a run, with the record's dotted names as columns, ``config.*`` among them, and ``path``, the file of the
        record; and one line for each file that was skipped: torn, empty, foreign, of another schema, or a copy of a run
        already counted.

    Raises:
        DataError: there is no such folder or file, or no readable record in it.
    """
    path = Path(path)
    if path.is_file():
        return _read_parquet(path), []
    if not path.is_dir():
        raise DataError(f"{path}: no such folder of results")
    frame, skipped = read_files(path, _files(path))
    if not len(frame):
        raise DataError("\n".join([f"{path}: no readable record.json in it", *skipped[:1]]))
    return frame.drop(columns=STAMP), skipped


def read_files(results_dir: Path, files: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """As `read_records`, of ``files`` in ``results_dir``; what its store holds and is unchanged is not opened again."""
    import pandas as pd

    stored = read_store(results_dir)
    known = {} if stored is None else dict(zip(stored["path"], stored[STAMP], strict=True))
    unchanged: list[str] = []
    stamps, skipped = [], []

    def changed() -> Iterator[tuple[str, Record]]:
        for file in files:
            try:
                now = stamp(file)
                if known.get(file) == now:
                    unchanged.append(file)
                    continue
                record = read_record(file)
                file.encode()  # tables hold text, and paths may be any bytes
            except UnicodeEncodeError:
                skipped.append(f"{file!r}: a path that is not UTF-8")
            except OSError as error:
                skipped.append(f"{file}: {error.strerror}")
            except DataError as error:
                skipped.append(str(error))
            else:
                stamps.append(now)
                yield file, record

    opened = to_frame(changed()).assign(**{STAMP: stamps})
    frames = [opened] if stored is None else [stored.set_index("path", drop=False).loc[unchanged], opened]
    whole = [frame for frame in frames if len(frame)] or frames[-1:]
    frame = pd.concat(whole).sort_values("path", ignore_index=True) if len(whole) > 1 else whole[0]
    copies = frame.duplicated("run_id")
    if copies.any():
        firsts = frame[~copies].set_index("run_id")["path"]
        doubled = zip(frame["path"][copies], frame["run_id"][copies], strict=True)
        skipped += [f"{path}: the same run as {firsts[run]}" for path, run in doubled]
    return frame[~copies].reset_index(drop=True), skipped


def compact(results_dir: str | Path) -> tuple[Path, int, list[str]]:
    """Gather the records of a results folder in one Parquet file in it, from which `read_records` takes what is there.

    Returns:
        The file, the number of records in it, and a line for each file that was skipped.

    Raises:
        DataError: there is no such folder, or no record in it.
        OSError: the file cannot be written; the records are as they were.
    """
    folder = Path(results_dir)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder of results")
    frame, skipped = read_files(folder, _files(folder))
    if not len(frame):
        raise DataError("\n".join([f"{folder}: no readable record.json in it", *skipped[:1]]))
    return write_store(folder, frame), len(frame), skipped


def _files(folder: Path) -> list[str]:
    """All files called record.json, in depth; folders of locks and the like, which begin with a dot, are left out."""
    found: list[str] = []
    parents = [prefix(folder)]
    while parents:
        parent = parents.pop()
        with contextlib.suppress(OSError), os.scandir(parent or ".") as entries:
            for entry in entries:
                if entry.name == "record.json":
                    found.append(parent + entry.name)
                elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                    parents.append(os.path.join(parent, entry.name, ""))
    return sorted(found)


def to_frame(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Records, with the files that hold them, as the table of `read_records`; each is let go when it is in."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in (*_nullable_numbers(Record), "run_id", "path")}
    count = 0
    for file, record in records:
        for name, value in [*flat(vars(record)), ("path", file)]:
            column = columns.setdefault(name, [])
            column += [None] * (count - len(column))  # runs before that have no such setting
            column.append(value)
        count += 1
    frame = pd.DataFrame({name: column + [None] * (count - len(column)) for name, column in columns.items()})
    # a column that holds only numbers and nulls is numeric even where all are null
    return frame.astype(dict.fromkeys(_nullable_numbers(Record), "float64"))


def _read_parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path}: neither a folder of results nor a Parquet file of records") from error
    check_records(frame, path)
    return frame


def check_records(frame: pd.DataFrame, path: Path) -> None:
    """Raise `DataError` unless the table read from ``path`` is one of records of this schema."""
    if not {"run_id", "status", "model.name", "data.name"} <= set(frame) or set(frame.get("schema_version", [])) != {
        SCHEMA_VERSION
    }:
        raise DataError(f"{path}: not a table of records of schema version {SCHEMA_VERSION}")


def load_records(path: str | Path) -> pd.DataFrame:
    """The table of `read_records`, with one `RecordWarning` that names the files skipped, if there are any.

    Raises:
        DataError: as in `read_records`.
    """
    frame, skipped = read_records(path)
    if skipped:
        warnings.warn("not counted:\n" + "\n".join(skipped), RecordWarning, stacklevel=2)
    return frame


def load_curves(frame: pd.DataFrame) -> pd.DataFrame:
    """The learning curves of the runs in ``frame``: `CURVE_COLUMNS` and ``run_id``, one row a validation.

    A run whose ``curve.csv`` is absent or torn has no rows.
    """
    import pandas as pd

    curves = [load_curve(path).assign(run_id=run) for run, path in zip(frame["run_id"], frame["path"], strict=True)]
    whole = [curve for curve in curves if len(curve)]
    return pd.concat(whole, ignore_index=True) if whole else pd.DataFrame(columns=[*CURVE_COLUMNS, "run_id"])


def load_curve(path: str | Path) -> pd.DataFrame:
    """The learning curve beside the record at ``path``: `CURVE_COLUMNS`; no rows if it is absent or torn."""
    import pandas as pd

    try:
        curve = pd.read_csv(Path(path).with_name("curve.csv"), dtype="float64")
    except (OSError, ValueError):
        curve = pd.DataFrame()
    return curve[list(CURVE_COLUMNS)] if set(CURVE_COLUMNS) <= set(curve) else pd.DataFrame(columns=CURVE_COLUMNS)


def flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names and values of nested mappings and dataclasses; a mapping that is empty counts as null."""
    for key, value in values.items():
        value = vars(value) if is_dataclass(value) else value
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", None if isinstance(value, Mapping) else value


def _nullable_numbers(kind: Any, prefix: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for item in fields(kind):
        hint = hints[item.name]
        if is_dataclass(hint):
            yield from _nullable_numbers(hint, f"{prefix}{item.name}.")
        elif hint in (int | None, float | None):
            yield f"{prefix}{item.name}"
