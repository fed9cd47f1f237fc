"""All runs as one table, a row per run."""

from __future__ import annotations

import os
import typing
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.base.files import open_regular
from rnncompare.base.wording import is_utf8
from rnncompare.records.fields import SCHEMA_VERSION, Record
from rnncompare.records.parquet_store import CURVES, NAME, STAMP, prefix, read_store, stamp, write_store
from rnncompare.records.run_folder import read_record

if TYPE_CHECKING:
    import pandas as pd


class RecordWarning(UserWarning):
    """A file that looks like a record but was not counted."""


def load_records(path: str | Path) -> pd.DataFrame:
    """The table of `read_records`; one `RecordWarning` names any files skipped.

    Raises:
        DataError: as in `read_records`.
    """
    frame, skipped = read_records(path)
    warn_of(skipped)
    return frame


def warn_of(skipped: list[str]) -> None:
    """Warn the caller's caller of what was skipped, a line each."""
    if skipped:
        warnings.warn("not counted:\n" + "\n".join(skipped), RecordWarning, stacklevel=3)


def read_records(path: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """All runs in a folder, searched recursively: those with files and those in stores, each counted once.

    Args:
        path: the folder, or a single ``record.json``, or a Parquet file of records.

    Returns:
        One row per run, with the record's dotted names as columns, including ``config.*``, and ``path``, the file with
        the record; and one line for each file that was skipped: torn, empty, foreign, of another schema, or a copy of
        a run already counted.

    Raises:
        DataError: there is no such folder or file, or no readable record in it.
    """
    path = Path(path)
    if not os.path.exists(path):
        raise DataError(f"{path}: no such folder of results")
    _require_text(path)
    if not path.is_dir():
        return _read_file(path), []
    files, stores, passed = _find(path)
    frame, skipped = _gather(files, stores, passed)
    if not len(frame):
        raise DataError("\n".join([f"{path}: no readable record.json in it{_what_else(path)}", *skipped[:1]]))
    return frame.drop(columns=STAMP), skipped


def read_files(results_dir: Path, files: Iterable[str]) -> tuple[pd.DataFrame, list[str]]:
    """As `read_records`, but only ``files`` in ``results_dir`` and what is in its store alone, with the files' stamps.

    A file that is unchanged in the folder's store is not opened.
    """
    return _gather(files, [str(results_dir / NAME)])


def compact(results_dir: str | Path) -> tuple[Path, int, list[str]]:
    """Gather the records of a folder in its store, which is fast to read; stores in subfolders stay as they are.

    Returns:
        The store, the number of records in it, and a line for each file that was skipped.

    Raises:
        DataError: there is no such folder, or no record in it.
        OSError: the store cannot be written; the records are unchanged.
    """
    folder = Path(results_dir)
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: no such folder of results")
    _require_text(folder)
    files, stores, passed = _find(folder)
    store = folder / NAME
    if not files and stores and str(store) not in stores:
        raise DataError(f"{folder}: no record.json to gather; its runs lie in stores already, such as {stores[0]}")
    frame, skipped = _gather(files, stores, passed)
    frame = frame[frame[STAMP].notna() | (frame["path"] == str(store))]
    if not len(frame):
        raise DataError("\n".join([f"{folder}: no readable record.json in it{_what_else(folder)}", *skipped[:1]]))
    if frame[STAMP].notna().any():  # else the store is already complete
        write_store(folder, frame)
    return store, len(frame), skipped


def _require_text(path: Path | str) -> None:
    """Raise `DataError` for a path that a table, which holds text, cannot name."""
    if not is_utf8(str(path)):
        raise DataError(f"{str(path)!r}: a path that is not UTF-8")


def to_frame(records: Iterable[tuple[str, Record]]) -> pd.DataFrame:
    """Records, each with its file, as the table of `read_records`; they are consumed one at a time."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in (*_NUMBERS, "run_id", "path")}
    count = 0
    for file, record in records:
        for name, value in {**dict(flat(vars(record))), "path": file}.items():  # foreign names may clash once flat
            column = columns.setdefault(name, [])
            column += [None] * (count - len(column))  # earlier runs without this setting
            column.append(value)
        count += 1
    frame = pd.DataFrame({name: column + [None] * (count - len(column)) for name, column in columns.items()})
    # numeric even if every value is null; the copy defragments the columns
    return frame.astype(dict.fromkeys(_NUMBERS, "float64")).copy()


def check_records(frame: pd.DataFrame, path: Path) -> None:
    """Raise `DataError` unless the table read from ``path`` holds records of this schema."""
    if not {"run_id", "status", "model.name", "data.name"} <= set(frame) or set(frame.get("schema_version", [])) != {
        SCHEMA_VERSION
    }:
        raise DataError(f"{path}: not a table of records of schema version {SCHEMA_VERSION}")


def _gather(files: Iterable[str], stores: Iterable[str], passed: Iterable[str] = ()) -> tuple[pd.DataFrame, list[str]]:
    """The records in ``files``, taken from ``stores`` where these are up to date, and those found only in stores.

    Returns:
        Also a line for each file that was skipped, after those of the folders ``passed`` over.
    """
    import pandas as pd

    kept, unreadable = _read_stores(stores)
    skipped = [*passed, *unreadable]
    cached = pd.concat([frame[frame[STAMP].notna()] for frame in kept]).drop_duplicates("path") if kept else None
    known = {} if cached is None else dict(zip(cached["path"], cached[STAMP], strict=True))
    unchanged: list[str] = []
    stamps = []

    def changed() -> Iterator[tuple[str, Record]]:
        for file in files:
            try:
                now = stamp(file)
                if known.get(file) == now:
                    unchanged.append(file)
                    continue
                record = read_record(file)
                _require_text(file)
            except OSError as error:
                skipped.append(f"{file}: {error.strerror}")
            except DataError as error:
                skipped.append(str(error))
            else:
                stamps.append(now)
                yield file, record

    frame = to_frame(changed()).assign(**{STAMP: stamps})
    if cached is not None and unchanged:
        frame = _concatenated([cached.set_index("path", drop=False).loc[unchanged].reset_index(drop=True), frame])
    frame = frame.sort_values("path", ignore_index=True, kind="stable")
    whole = _concatenated([frame, *(stored[stored[STAMP].isna()] for stored in kept)]).astype({"path": "str"})
    failed = whole.get("status", pd.Series(dtype=str)).eq("failed")  # a table without rows has no such column
    copies = whole.loc[failed.sort_values(kind="stable").index].duplicated("run_id").sort_index()
    skipped += _named_copies(whole, copies)
    return whole[~copies].reset_index(drop=True), skipped


def _concatenated(frames: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    filled = [frame for frame in frames if len(frame)] or frames[:1]
    return pd.concat(filled, ignore_index=True) if len(filled) > 1 else filled[0]


def _read_stores(stores: Iterable[str]) -> tuple[list[pd.DataFrame], list[str]]:
    """The rows of the readable stores, and a line for each unreadable one whose runs have no files."""
    frames, skipped = [], []
    for name in stores:
        store = Path(name)
        frame = read_store(store)
        try:
            if frame is None:
                raise DataError(f"{store}: torn, damaged, or not written by rnncompare")
            check_records(frame, store)
            frames.append(frame)
        except DataError as error:
            if store.with_name(CURVES).exists():  # else its records have files
                skipped.append(str(error))
    return frames, skipped


def _named_copies(frame: pd.DataFrame, copies: pd.Series) -> list[str]:
    """A line for each file that copies a run from another; one line for all copies in a store."""
    if not copies.any():
        return []
    firsts = frame[~copies].set_index("run_id")["path"]
    lines = []
    for path, runs in frame[copies].groupby("path")["run_id"]:
        first = f"the same run as {firsts[runs.iloc[0]]}"
        lines.append(f"{path}: {first}" + (f", and {len(runs) - 1} more such copies" if len(runs) > 1 else ""))
    return lines


def _find(folder: Path) -> tuple[list[str], list[str], list[str]]:
    """All files called ``record.json``, all stores, and a line for each folder that is passed over.

    Folders of locks and the like begin with a dot. Links to folders are not followed: they may lead back.
    """
    files: list[str] = []
    stores: list[str] = []
    passed: list[str] = []
    parents = [prefix(folder)]
    while parents:
        parent = parents.pop()
        try:
            with os.scandir(parent or ".") as entries:
                for entry in entries:
                    if entry.name == "record.json":
                        files.append(parent + entry.name)
                    elif entry.name == NAME:
                        stores.append(parent + entry.name)
                    elif entry.name.startswith("."):
                        continue
                    elif entry.is_dir(follow_symlinks=False):
                        parents.append(os.path.join(parent, entry.name, ""))
                    elif entry.is_symlink() and os.path.isdir(parent + entry.name):
                        passed.append(f"{parent}{entry.name}: a link to a folder, which is not followed")
        except FileNotFoundError:
            continue  # removed meanwhile
        except OSError as error:
            passed.append(f"{parent}: {error.strerror}")
    return sorted(files), sorted(stores), sorted(passed)


def _what_else(folder: Path) -> str:
    """What a folder without runs contains instead, if it is something of ours."""
    measurements = len([*folder.glob("probes/*.json")]) if folder.name != "probes" else len([*folder.glob("*.json")])
    if os.path.exists(folder / "study.json"):  # false in a folder that must not be searched
        return f", only a study whose claims need no training ({measurements} measurements): report on it instead"
    if measurements:
        return f", only {measurements} measurements: see rnncompare.measurements.store.load_measurements"
    return ""


def _read_file(path: Path) -> pd.DataFrame:
    """A single ``record.json``, a store, or another Parquet file of records."""
    import pandas as pd
    import pyarrow as pa

    if path.suffix == ".json":
        return to_frame([(str(path), read_record(path))])
    frame = read_store(path)
    try:
        if frame is None:
            with open_regular(path) as file:
                frame = pd.read_parquet(file)
    except (OSError, ValueError, pa.ArrowException) as error:
        expected = "a folder of results, a record.json or a Parquet file of records"
        raise DataError(f"{path}: expected {expected}") from error
    check_records(frame, path)
    return frame.drop(columns=STAMP, errors="ignore").assign(path=frame.get("path", str(path)))


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


_NUMBERS = tuple(_nullable_numbers(Record))
