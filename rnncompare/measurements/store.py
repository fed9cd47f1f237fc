"""Measurements on disk: one file a replicate, measured once, read back into one table.

They lie in the folder ``probes`` of a results folder, or in ``probes.parquet`` of a published study. Both call a
measurement ``probe``, and its id ``probe_id``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError, StorageError
from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.base.source import source_sha256
from rnncompare.measurements.measurement import Measurement, Values
from rnncompare.records import ProvenanceFields, flat, plain, read_as, set_aside, warn_of, write_json
from rnncompare.records.parquet_store import read_frame
from rnncompare.records.provenance import provenance

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1
FOLDER, STORE = "probes", "probes.parquet"  # in the results folder


@dataclass(frozen=True)
class Request:
    """One replicate of a measurement that is wanted.

    Attributes:
        measurement: its settings.
        replicate: its number.
        keep_stale: whether a file made by an older version of the cells' and tasks' code is acceptable.
    """

    measurement: Measurement
    replicate: int
    keep_stale: bool = False


@dataclass(kw_only=True)
class MeasurementRecord:
    """The record of one replicate.

    Attributes:
        probe_id: 16 hex digits, see `measurement_id`.
        probe: the measurement's name.
        settings: all of them.
        replicate: its number.
        values: by dotted names; null for a value that does not exist.
        provenance: software, hardware and time.
    """

    schema_version: int = SCHEMA_VERSION
    probe_id: str
    probe: str
    settings: dict[str, Any]
    replicate: int
    values: dict[str, float | None]
    provenance: ProvenanceFields


@dataclass(frozen=True)
class Outcome:
    """How one request went: the file it wrote, or why there is none."""

    request: Request
    path: Path | None
    error: str | None = None


def measurement_id(request: Request) -> str:
    """16 hex digits that name a replicate: a hash of what determines it."""
    settings = plain(request.measurement.identity())
    content = {"probe": request.measurement.name, "settings": settings, "replicate": request.replicate}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def measurement_path(results_dir: str | Path, request: Request) -> Path:
    """The path of the replicate's file, whether or not it exists."""
    return Path(results_dir) / FOLDER / f"{measurement_id(request)}.json"


def write_measurement(results_dir: str | Path, request: Request, values: Values, provenance: ProvenanceFields) -> Path:
    """Write the file of one replicate in one step; its path.

    Raises:
        OSError: it cannot be written.
    """
    path = measurement_path(results_dir, request)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = MeasurementRecord(
        probe_id=path.stem,
        probe=request.measurement.name,
        settings=request.measurement.config(),
        replicate=request.replicate,
        values=values,
        provenance=provenance,
    )
    write_json(path, asdict(record))
    return path


def read_measurement(path: str | Path) -> MeasurementRecord:
    """The replicate at ``path``.

    Raises:
        DataError: the file is absent, torn, foreign, edited or of another schema.
    """
    return read_as(MeasurementRecord, path, "record of a measurement", SCHEMA_VERSION)


def missing(requests: Iterable[Request], results_dir: str | Path) -> list[Request]:
    """The requests, each once, whose values are not in the results folder or were made by other code."""
    wanted = {measurement_id(request): request for request in requests}
    recorded, _ = read_measurements(results_dir)
    sources = dict.fromkeys(recorded["probe_id"], "")
    if "provenance.source_sha256" in recorded:
        sources = dict(zip(recorded["probe_id"], recorded["provenance.source_sha256"].fillna(""), strict=True))
    known = {name: request for name, request in wanted.items() if sources.get(name) and not request.keep_stale}
    now = dict(zip(known, call_isolated(_sources, list(known.values())), strict=True)) if known else {}
    return [
        request
        for name, request in wanted.items()
        if name not in sources or now.get(name, sources[name]) != sources[name]
    ]


def measure_missing(requests: Iterable[Request], results_dir: str | Path) -> Iterator[Outcome]:
    """Measure what is `missing`, one at a time since timing needs the machine to itself, each in a fresh process.

    A request that fails writes no file, and the others are measured all the same. A file in a replicate's place that is
    not its record is renamed, not lost.

    Args:
        requests: in the order in which they are wanted.
        results_dir: the folder of all runs; the files go to `FOLDER` in it.

    Yields:
        Each request's outcome, once its file is written.

    Raises:
        SettingError, DataError: a request cannot be met at all.
        StorageError: a file could not be written.
    """
    for request in missing(requests, results_dir):
        try:
            values, made_by = call_isolated(_measure, request)
        except IsolatedError as error:
            yield Outcome(request, None, str(error))
            continue
        place = measurement_path(results_dir, request)
        try:
            if place.exists() and not _is_record(place):
                set_aside(place)
            path = write_measurement(results_dir, request, values, made_by)
        except OSError as error:
            raise StorageError(f"{place}: {error.strerror}") from error
        yield Outcome(request, path)


def load_measurements(results_dir: str | Path) -> pd.DataFrame:
    """The table of `read_measurements`; one `RecordWarning` names the files skipped, if there are any."""
    frame, skipped = read_measurements(results_dir)
    warn_of(skipped)
    return frame


def read_measurements(results_dir: str | Path) -> tuple[pd.DataFrame, list[str]]:
    """The replicates in a results folder or in a published study.

    Returns:
        One row per replicate, with dotted names as columns: ``probe_id``, ``probe``, ``replicate``, ``settings.*``,
        ``values.*``, ``provenance.*`` and ``path``; no row, and only the first few columns, if nothing was measured.
        And one line for each file that was skipped: torn, foreign, edited, of another schema, or a copy.
    """
    import pandas as pd

    records: dict[Path, MeasurementRecord] = {}
    skipped = []
    for file in sorted((Path(results_dir) / FOLDER).glob("*.json")):
        try:
            record = read_measurement(file)
        except DataError as error:
            skipped.append(str(error))
            continue
        if record.probe_id == file.stem:
            records[file] = record
        else:
            skipped.append(f"{file}: a copy of {record.probe_id}")
    rows = [dict(flat(asdict(record))) | {"path": str(file)} for file, record in records.items()]
    frame = pd.DataFrame(rows, columns=None if rows else ["probe_id", "probe", "replicate", "path"])
    frame = frame.astype(dict.fromkeys([name for name in frame if name.startswith("values.")], "float64"))
    store = Path(results_dir) / STORE
    if store.exists():
        stored = read_frame(store)
        if stored is None or "probe_id" not in stored:
            skipped.append(f"{store}: torn, damaged, or not a table of measurements")
        else:
            stored = stored[~stored["probe_id"].isin(frame["probe_id"])].assign(path=str(store))
            frame = pd.concat([frame, stored], ignore_index=True) if rows else stored
    return frame, skipped


def _is_record(file: Path) -> bool:
    try:
        return read_measurement(file).probe_id == file.stem
    except DataError:
        return False


def _sources(requests: list[Request], send: Callable[[object], None]) -> list[str | None]:  # noqa: ARG001
    return [source_sha256(*request.measurement.code()) for request in requests]


def _measure(request: Request, send: Callable[[object], None]) -> tuple[Values, ProvenanceFields]:  # noqa: ARG001
    from rnncompare.base.machine import find_device, hardware_name

    measurement = request.measurement
    hardware = hardware_name(find_device(measurement.device_name()))
    values = measurement.measure(request.replicate)
    return values, provenance(hardware, source_sha256(*measurement.code()))
