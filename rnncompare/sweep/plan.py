"""The plan of a sweep: the runs asked for, checked, and which of them are recorded."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.base.isolation import call_isolated, place_of
from rnncompare.base.source import package_stamp
from rnncompare.records import MODEL, Record, read_files, read_record, run_id
from rnncompare.records.parquet_store import NAME, STAMP, read_store, stamp
from rnncompare.records.run_folder import NOT_IN_RUN_ID
from rnncompare.sweep.resources import usable_cores
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.tasks.contract import Task

SOURCE = "provenance.source_sha256"


def plan(
    requests: Sequence[RunSettings], on_understood: Callable[[str], None] = lambda words: None, here: bool = True
) -> dict[str, RunSettings]:
    """The runs asked for, by their identity, each once, in order; all are checked before any is trained.

    Args:
        requests: resolved settings.
        on_understood: called with how a user's own data were read, in words, once for each way.
        here: whether this machine trains them, and so must have their device.

    Raises:
        SettingError: a request cannot be met by the data or the machine, or two of one run contradict each other.
        DataError: data cannot be fetched or read.
    """
    runs: dict[str, RunSettings] = {}
    for settings in checked(requests, on_understood, here):
        _require_same(runs.setdefault(run_id(settings.config()), settings), settings)
    return runs


def _require_same(first: RunSettings, second: RunSettings) -> None:
    """Raise `SettingError` where two requests for one run differ in what is no part of its identity."""
    for name in NOT_IN_RUN_ID:
        values = [getattr(request, name, None) for request in (first, second)]
        same = values[0] == values[1]
        require(same, name, f"{values[0]},{values[1]}", "one value: runs that differ in it alone are one run")


def checked(
    requests: Sequence[RunSettings], on_understood: Callable[[str], None] = lambda words: None, here: bool = True
) -> list[RunSettings]:
    """Each request with its device found and its data pinned; arguments and errors are those of `plan`."""
    cores = usable_cores()
    for request in requests:
        possible = request.threads <= cores or not here
        require(possible, "threads", request.threads, f"at most {cores}: the cores that this process may use")
    return call_isolated(_check_all, list(requests), here, on_message=on_understood)


def record_path(name: str, settings: RunSettings) -> Path:
    """Where the record of the run called ``name`` lies, or will."""
    return Path(settings.results_dir) / name / "record.json"


def require_writable(folder: str) -> None:
    """Make the results folder if it does not exist.

    Raises:
        SettingError: it cannot be read and written.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingError("results_dir", folder, f"a folder that can be written ({reason})") from None
    allowed = os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    require(allowed, "results_dir", folder, "a folder that can be read and written")


def find_record(name: str, settings: RunSettings) -> Record | None:
    """The record of a run that need not be trained again; None if it failed or has none."""
    try:
        record = read_record(record_path(name, settings))
    except DataError:
        return None
    return record if record.run_id == name and record.status != "failed" else None


def find_missing(runs: Mapping[str, RunSettings]) -> dict[str, RunSettings]:
    """Those of ``runs`` to train: not recorded, failed, stale (unless kept), without the model asked for, or forced."""
    stored = {folder: _stored(folder) for folder in {settings.results_dir for settings in runs.values()}}
    sources = {
        name: None if settings.force else _recorded_source(name, settings, stored[settings.results_dir])
        for name, settings in runs.items()
    }
    stale = find_stale({name: source for name, source in sources.items() if source}, runs)
    return {
        name: settings
        for name, settings in runs.items()
        if sources[name] is None or name in stale or lacks_model(name, settings)
    }


def lacks_model(name: str, settings: RunSettings) -> bool:
    """Whether a run is to keep its model, and one that is recorded as completed did not."""
    if settings.keep == "none" or os.path.exists(record_path(name, settings).with_name(MODEL)):
        return False
    with contextlib.suppress(DataError):
        return read_record(record_path(name, settings)).status == "completed"
    return False


def find_stale(sources: Mapping[str, str], runs: Mapping[str, RunSettings]) -> set[str]:
    """The recorded runs that were made by other code of their cell or task than there is now.

    Args:
        sources: the fingerprint of the code that made each record.
        runs: the settings of these runs; those that say ``stale=keep`` are not looked at.
    """
    codes = {name: (runs[name].model.name, type(runs[name].data)) for name in sources if runs[name].stale == "rerun"}
    distinct = tuple(sorted(set(codes.values()), key=repr))
    now = dict(zip(distinct, _sources(distinct, package_stamp()), strict=True)) if distinct else {}
    return {name for name, code in codes.items() if now[code] not in (None, sources[name])}


@functools.cache
def _sources(codes: tuple[tuple[str, type[Task]], ...], stamp: object) -> list[str | None]:  # noqa: ARG001 (a key)
    return call_isolated(_read_sources, codes)


def _read_sources(codes: tuple[tuple[str, type[Task]], ...], send: Callable[[object], None]) -> list[str | None]:  # noqa: ARG001
    from rnncompare.training.experiment import source_of

    return [source_of(model, task) for model, task in codes]


def _recorded_source(name: str, settings: RunSettings, stored: Mapping[str, tuple[str, str, str]]) -> str | None:
    """The fingerprint of the code that made a run's record, "" if it says none; None for a run without a record."""
    if name in stored:
        known, status, source = stored[name]
        try:
            counts = stamp(record_path(name, settings)) == known
        except OSError:  # the row itself is the record, but no model lies beside it
            counts = known == "" and settings.keep == "none"
        if counts:
            return None if status == "failed" else source
    record = find_record(name, settings)
    return None if record is None else record.provenance.source_sha256 or ""


def _stored(folder: str) -> dict[str, tuple[str, str, str]]:
    """Of each run in the folder's store: its file's stamp ("" if the row is the record), status and fingerprint."""
    if not os.path.exists(Path(folder) / NAME):
        return {}
    frame = read_store(Path(folder) / NAME, ["run_id", STAMP, "status", SOURCE])
    if frame is None:
        return {}
    known = zip(frame[STAMP].fillna(""), frame["status"], frame[SOURCE].fillna(""), strict=True)
    return dict(zip(frame["run_id"], known, strict=True))


def recorded(runs: Mapping[str, RunSettings]) -> pd.DataFrame:
    """The records of ``runs`` in one table, as `rnncompare.load_records` gives them."""
    import pandas as pd

    paths: dict[str, list[str]] = {}
    for name, settings in runs.items():
        paths.setdefault(settings.results_dir, []).append(str(record_path(name, settings)))
    frames = [read_files(Path(folder), files)[0].drop(columns=STAMP) for folder, files in paths.items()]
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
    return frame[frame["run_id"].isin(runs)].reset_index(drop=True)


def _check_all(requests: list[RunSettings], here: bool, send: Callable[[object], None]) -> list[RunSettings]:
    """`experiment.check` once for each distinct model, data and device; other runs share the result."""
    from rnncompare.training.experiment import check

    checked: dict[str, RunSettings] = {}
    said: set[str | None] = {None}
    for request in requests:
        if (key := _checked_by(request)) not in checked:
            try:
                checked[key], understood = check(request, here)
            except (SettingError, DataError):
                raise
            except Exception as error:
                of_user, place = place_of(error)
                if not of_user:
                    raise
                what = f"model={request.model.name} data={request.data.name}"
                raise DataError(f"{what}: {type(error).__name__}: {error} ({place})") from error
            if understood not in said:
                send(understood)
                said.add(understood)
    return [
        dataclasses.replace(request, device=found.device, data=found.data)
        for request in requests
        for found in [checked[_checked_by(request)]]
    ]


def _checked_by(request: RunSettings) -> str:
    return repr((request.model, request.data, request.device))
