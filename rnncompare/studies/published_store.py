"""Publishing a study: its manifest, and tables of its runs, curves and measurements, without paths of the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.base.files import read_text
from rnncompare.measurements.store import STORE as MEASUREMENTS
from rnncompare.records import plain, write_whole
from rnncompare.records.parquet_store import CURVES, write_frame
from rnncompare.records.parquet_store import NAME as RECORDS
from rnncompare.studies.manifest import NAME, Manifest, read_manifest
from rnncompare.studies.verdicts import Files, read_files

if TYPE_CHECKING:
    import pandas as pd

PATH_SETTINGS = ("results_dir", "path", "test_path")
_PART = r"[^\s/\\'\"=,;:()\[\]{}]+"
# an absolute path in a text, of more than one part: /a/b, ~/a, C:\a; no part of an address or of a fraction
_ABSOLUTE = re.compile(rf"(?<![\w:/.~\\])(?:~/{_PART}|/{_PART}/{_PART}|[A-Za-z]:[\\/]{_PART})(?:[\\/]{_PART})*[\\/]?")


def publish(study: Path, destination: Path) -> tuple[list[Path], Files]:
    """Write the manifest of a study, and tables of everything it names, to another folder.

    `rnncompare.load_records` and reports read that folder just like the study's own.

    Args:
        study: its folder.
        destination: created if absent; files of the same names are replaced.

    Returns:
        The files written, and what is in them.

    Raises:
        DataError: there is no study, or no record of it.
        OSError: a file cannot be written.
    """
    manifest = read_manifest(study)
    if manifest is None:
        raise DataError(f"{study}: no {NAME} in it, so it holds no study")
    if destination.resolve() == study.resolve():
        raise DataError(f"{destination}: is the study itself; name another folder to publish it in")
    files = _named(manifest, read_files(study))
    if not len(files.records):
        raise DataError(f"{study}: no record of the runs that {NAME} names")
    destination.mkdir(parents=True, exist_ok=True)
    content = json.loads(read_text(study / NAME))
    text = json.dumps(plain(without_paths(content)), ensure_ascii=False, indent=1)
    write_whole(destination / NAME, f"{text}\n")
    tables = {RECORDS: files.records, CURVES: files.curves, MEASUREMENTS: files.probes}
    return [destination / NAME, *(_write(destination / name, frame) for name, frame in tables.items())], files


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
