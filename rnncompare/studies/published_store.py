"""Publishing runs: tables of them, and of a study its manifest and measurements too, without paths of the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.base.files import read_text
from rnncompare.base.wording import counted
from rnncompare.measurements.store import STORE as MEASUREMENTS
from rnncompare.records import plain, write_whole
from rnncompare.records.parquet_store import CURVES, STAMP, read_store, write_frame
from rnncompare.records.parquet_store import NAME as RECORDS
from rnncompare.studies.manifest import NAME, Manifest, read_manifest
from rnncompare.studies.verdicts import Files, read_files

if TYPE_CHECKING:
    import pandas as pd

PATH_SETTINGS = ("results_dir", "path", "test_path")
_PART = r"[^\s/\\'\"=,;:()\[\]{}]+"
# an absolute path in a text, of more than one part: /a/b, ~/a, C:\a; no part of an address or of a fraction
_ABSOLUTE = re.compile(rf"(?<![\w:/.~\\])(?:~/{_PART}|/{_PART}/{_PART}|[A-Za-z]:[\\/]{_PART})(?:[\\/]{_PART})*[\\/]?")


def publish(folder: Path, destination: Path) -> tuple[list[Path], Files]:
    """Write tables of runs to another folder: of a study what its manifest names, and the manifest; else of all.

    `rnncompare.load_records` and reports read that folder just like the first.

    Args:
        folder: of a study, or of other runs.
        destination: created if absent; files of the same names are replaced, if these runs are among the new ones.

    Returns:
        The files written, and what is in them.

    Raises:
        DataError: there is no record, or the destination holds runs that would be lost.
        OSError: a file cannot be written.
    """
    manifest = read_manifest(folder)
    if destination.resolve() == folder.resolve():
        raise DataError(f"{destination}: is where the runs are; name another folder to publish them in")
    files = read_files(folder) if manifest is None else _named(manifest, read_files(folder))
    if not len(files.records):
        raise DataError(f"{folder}: no record of the runs that {NAME} names")
    _require_kept(destination, files.records)
    destination.mkdir(parents=True, exist_ok=True)
    tables = {RECORDS: files.records, CURVES: files.curves, MEASUREMENTS: files.probes}
    written = [_write(destination / name, frame) for name, frame in tables.items()]
    if manifest is not None:
        content = json.loads(read_text(folder / NAME))
        text = json.dumps(plain(without_paths(content)), ensure_ascii=False, indent=1)
        write_whole(destination / NAME, f"{text}\n")
        written.insert(0, destination / NAME)
    return written, files


def _require_kept(destination: Path, records: pd.DataFrame) -> None:
    """Raise `DataError` if the store at the destination, whose rows are the records, holds others than ``records``."""
    before = read_store(destination / RECORDS, ["run_id", STAMP])
    if before is None:
        return
    lost = before["run_id"][before[STAMP].isna() & ~before["run_id"].isin(set(records["run_id"]))]
    if len(lost):
        raise DataError(
            f"{destination}: holds {counted(len(lost), 'published run')} that would be lost, such as {lost.iloc[0]}; "
            "name another folder, or remove this one first"
        )


def without_paths(value: Any) -> Any:
    """Plain values with every absolute path shortened to its last name."""
    if isinstance(value, Mapping):
        return {key: _setting(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(item) for item in value]
    return _ABSOLUTE.sub(lambda found: _last_name(found[0]), value) if isinstance(value, str) else value


def _setting(key: str, value: Any) -> Any:
    """A setting's value without paths; unlike a path within a text, a path setting may contain spaces."""
    is_path = key.rpartition(".")[2] in PATH_SETTINGS and isinstance(value, str)
    return _last_name(value) if is_path and _is_absolute(value) else without_paths(value)


def _is_absolute(path: str) -> bool:
    return path.startswith("~") or PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def _last_name(path: str) -> str:
    return PureWindowsPath(path).name or "…"


def _named(manifest: Manifest, files: Files) -> Files:
    """What the manifest names."""
    runs = manifest.run_ids
    probes = {probe for arms in manifest.probes.values() for identities in arms.values() for probe in identities}
    records = files.records[files.records["run_id"].isin(runs)].reset_index(drop=True)
    return Files(
        records,
        files.curves[files.curves["run_id"].isin(runs)].reset_index(drop=True),
        files.probes[files.probes["probe_id"].isin(probes)].reset_index(drop=True),
        files.skipped,
    )


def _write(path: Path, frame: pd.DataFrame) -> Path:
    kept = frame.drop(columns="path", errors="ignore")
    texts = [name for name in kept if not _is_numeric(kept[name])]
    return write_frame(path, kept.assign(**{name: [_setting(name, value) for value in kept[name]] for name in texts}))


def _is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers alone."""
    return column.dtype.kind in "biuf"
