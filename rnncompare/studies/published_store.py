"""A study as it is published: its manifest and three tables of its runs alone, without paths of the machine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.records import check_records, plain, write_whole
from rnncompare.records.store import read_frame, write_frame
from rnncompare.studies.files import Files, read_files
from rnncompare.studies.manifest import NAME, Manifest, read_manifest

if TYPE_CHECKING:
    import pandas as pd

RECORDS, CURVES, PROBES = "records.parquet", "curves.parquet", "probes.parquet"
PATH_SETTINGS = ("results_dir", "path", "test_path")
_PART = r"[^\s/\\'\"=,;:()\[\]{}]+"
# an absolute path in a text, of more than one part: /a/b, ~/a, C:\a; no part of an address or of a fraction
_ABSOLUTE = re.compile(rf"(?<![\w:/.~\\])(?:~/{_PART}|/{_PART}/{_PART}|[A-Za-z]:[\\/]{_PART})(?:[\\/]{_PART})*[\\/]?")


def publish(study: Path, destination: Path) -> tuple[list[Path], Files]:
    """Write the manifest of a study and the tables of all that it names to another folder.

    Args:
        study: its folder.
        destination: made where it is not there; files of these names in it are replaced.

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
    content = json.loads((study / NAME).read_text(encoding="utf-8"))
    text = json.dumps(plain(without_paths(content)), ensure_ascii=False, indent=1)
    write_whole(destination / NAME, f"{text}\n")
    tables = {RECORDS: files.records, CURVES: files.curves, PROBES: files.probes}
    return [destination / NAME, *(_write(destination / name, frame) for name, frame in tables.items())], files


def is_published(folder: Path) -> bool:
    """Whether the study in ``folder`` is a published one."""
    return (folder / CURVES).is_file()


def read_published(folder: Path) -> Files:
    """The tables of a published study.

    Raises:
        DataError: one of them is absent or torn.
    """
    records, curves, probes = (_read(folder / name) for name in (RECORDS, CURVES, PROBES))
    check_records(records, folder / RECORDS)
    if "run_id" not in curves or "probe_id" not in probes:
        raise DataError(f"{folder}: {CURVES} and {PROBES} are not tables of curves and of probes")
    return Files(records, curves, probes, [])


def without_paths(value: Any) -> Any:
    """Plain values with every absolute path shortened to its last name."""
    if isinstance(value, Mapping):
        return {key: _setting(key, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_paths(item) for item in value]
    return _ABSOLUTE.sub(lambda found: _last_name(found[0]), value) if isinstance(value, str) else value


def _setting(key: str, value: Any) -> Any:
    """A setting's value; one that is a path may hold spaces."""
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


def _read(path: Path) -> pd.DataFrame:
    frame = read_frame(path)
    if frame is None:
        raise DataError(f"{path}: absent, torn or not published by rnncompare; publish the study again")
    return frame
