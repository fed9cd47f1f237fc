"""The file of one replicate of a probe: written whole or not at all, read with suspicion."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rnncompare.base.errors import DataError
from rnncompare.measurements.measurement import Probe, Values
from rnncompare.records import ProvenanceFields, plain, read_as, write_json

SCHEMA_VERSION = 1
FOLDER = "probes"  # below the results folder


@dataclass(frozen=True)
class Request:
    """One replicate of a probe that is wanted."""

    probe: Probe
    replicate: int


@dataclass(kw_only=True)
class ProbeRecord:
    """What one replicate gave.

    Attributes:
        probe_id: 16 hex digits, see `probe_id`.
        probe: the probe's name.
        settings: the whole of them.
        replicate: its number.
        values: by dotted names, null where one could not be had.
        provenance: software, hardware and time.
    """

    schema_version: int = SCHEMA_VERSION
    probe_id: str
    probe: str
    settings: dict[str, Any]
    replicate: int
    values: dict[str, float | None]
    provenance: ProvenanceFields


def probe_id(request: Request) -> str:
    """16 hex digits that name a replicate: a hash of what determines it."""
    probe = request.probe
    content = {"probe": probe.name, "settings": plain(probe.identity()), "replicate": request.replicate}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def probe_path(results_dir: str | Path, request: Request) -> Path:
    """Where the replicate's file lies, or would."""
    return Path(results_dir) / FOLDER / f"{probe_id(request)}.json"


def write_probe(results_dir: str | Path, request: Request, values: Values, provenance: ProvenanceFields) -> Path:
    """Write the file of one replicate in one step; its path.

    Raises:
        OSError: it cannot be written.
    """
    path = probe_path(results_dir, request)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = ProbeRecord(
        probe_id=path.stem,
        probe=request.probe.name,
        settings=request.probe.config(),
        replicate=request.replicate,
        values=values,
        provenance=provenance,
    )
    write_json(path, asdict(record))
    return path


def read_probe(path: str | Path) -> ProbeRecord:
    """The replicate at ``path``.

    Raises:
        DataError: the file is absent, torn, foreign, edited or of another schema.
    """
    return read_as(ProbeRecord, path, "record of a probe", SCHEMA_VERSION)


def is_measured(results_dir: str | Path, request: Request) -> bool:
    """Whether the replicate has a readable file of its own, so that it need not be measured again."""
    path = probe_path(results_dir, request)
    try:
        return read_probe(path).probe_id == path.stem
    except DataError:
        return False
