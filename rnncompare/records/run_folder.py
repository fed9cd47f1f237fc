"""A run's folder, and any other record in JSON: written whole or not at all, checked when it is read."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.base.files import read_text, write_whole
from rnncompare.records.fields import SCHEMA_VERSION, Record, parse
from rnncompare.tasks.user.files.reading import LATER, Layout

CURVE_COLUMNS = ("update", "seconds", "examples", "train_loss", "validation_loss", "validation_metric")
MODEL = "model.pt"  # beside the record, if the run kept its model
PATHS = ("path", "test_path")  # of data files
# settings that cannot change the outcome of a run
NOT_IN_RUN_ID = ("results_dir", "force", "stale", "progress", "run_timeout", "checkpoint_seconds", "keep")
# settings added later, with the values that describe earlier runs, so that these keep their ids
CAME_LATER: dict[str, dict[str, Sequence[Any]]] = {
    "data": {**dict.fromkeys((*LATER, *Layout.__dataclass_fields__), (None,)), "split": ("end", None)},
    "model": {"initialisation": ("torch",)},
    "train": {"schedule": ("constant",), "settle": (None,), "min_updates": (0,), "fused": (False,)},
}
CHECKSUM = "checksum"  # in the provenance; covers everything else in the record, so that edits show

Kind = TypeVar("Kind")


def run_id(config: Mapping[str, Any]) -> str:
    """16 hex digits that name a run: a hash of its resolved configuration without `NOT_IN_RUN_ID`.

    A data file whose SHA-256 is known counts by that, not by its path.
    """
    kept = {key: value for key, value in config.items() if key not in NOT_IN_RUN_ID}
    if isinstance(data := kept.get("data"), Mapping) and data.get("sha256"):
        kept["data"] = {key: value for key, value in data.items() if key not in PATHS}
    for part, before in CAME_LATER.items():
        if isinstance(settings := kept.get(part), Mapping):
            kept[part] = {key: value for key, value in settings.items() if value not in before.get(key, ())}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def write_record(results_dir: str | Path, record: Record, curve: Iterable[Mapping[str, Any]], config_yaml: str) -> Path:
    """Write a run's folder. ``record.json`` comes last: where it exists, the run is complete.

    Numbers that are not finite become null. Each file is replaced in one step.

    Args:
        results_dir: the folder of all runs; created if absent.
        record: the run.
        curve: rows of the learning curve with the keys `CURVE_COLUMNS`.
        config_yaml: the resolved configuration as YAML.

    Returns:
        The path of ``record.json``.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = Path(results_dir) / record.run_id
    folder.mkdir(parents=True, exist_ok=True)
    table = io.StringIO()
    writer = csv.DictWriter(table, CURVE_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(plain(row) for row in curve)
    write_whole(folder / "curve.csv", table.getvalue())
    write_whole(folder / "config.yaml", config_yaml)
    path = folder / "record.json"
    write_json(path, asdict(record))
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a record, which has a ``provenance``, as JSON with a checksum; numbers that are not finite become null."""
    sealed = plain(content)
    sealed["provenance"][CHECKSUM] = _checksum(sealed)
    write_whole(path, json.dumps(sealed, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _was_edited(content: dict[str, Any]) -> bool:
    """Whether the content no longer matches its checksum, which this removes; foreign files have none."""
    provenance = content.get("provenance")
    known = provenance.pop(CHECKSUM, None) if isinstance(provenance, dict) else None
    return known is not None and known != _checksum(content)


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def plain(value: Any) -> Any:
    """``value`` in JSON's types: text keys, Python numbers, None for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_record(path: str | Path) -> Record:
    """The record at ``path``.

    Raises:
        DataError: the file is absent, torn, foreign, edited or of another schema.
    """
    return read_as(Record, path, "record of a run", SCHEMA_VERSION)


def read_as(kind: type[Kind], path: str | Path, name: str, schema_version: int) -> Kind:
    """What `write_json` wrote to ``path``, as a ``kind``.

    Args:
        kind: a dataclass whose field types `fields.parse` knows.
        path: the file.
        name: what it should be, for the error message.
        schema_version: the version it should have.

    Raises:
        DataError: the file is absent, torn, foreign, edited or of another schema.
    """
    content = _read_json(path, name, schema_version)
    try:
        return parse(kind, content, "record")
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: {str(error)[:120]}") from error


def _read_json(path: str | Path, name: str, schema_version: int) -> dict[str, Any]:
    """What `write_json` wrote to ``path``, without its checksum; arguments and errors as in `read_as`."""
    try:
        text = read_text(path)
        content = json.loads(text)
        if "\\ud" in text.lower():  # an escaped lone surrogate is valid JSON and invalid text
            json.dumps(content, ensure_ascii=False).encode()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not whole JSON ({str(error)[:80]})") from error
    if not isinstance(content, dict) or "schema_version" not in content:
        raise DataError(f"{path}: not a {name}")
    if content["schema_version"] != schema_version:
        raise DataError(f"{path}: schema version {content['schema_version']!r:.40}, this is {schema_version}")
    if _was_edited(content):
        raise DataError(f"{path}: edited since it was written")
    return content


def set_aside(path: Path) -> Path:
    """Rename a file that is not the record its name suggests, so that nothing is lost; its new path."""
    number = 1
    while (place := path.with_name(f"{path.stem}.unreadable-{number}{path.suffix}")).exists():
        number += 1
    return path.rename(place)


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files that a killed process left in a run's folder."""
    for path in folder.glob(".*.part"):
        path.unlink(missing_ok=True)
