"""The fields of a record, their types, and the check that what was read has them."""

from __future__ import annotations

import functools
import math
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Literal

SCHEMA_VERSION = 1


def came_later() -> Any:
    """A field that older records lack; there it is null."""
    return field(default=None, metadata={"came_later": True})


@dataclass(kw_only=True)
class ModelFields:
    """The network. ``parameters`` counts everything trained, ``state_size`` the numbers carried from step to step."""

    name: str
    implementation: str | None = None
    hidden_size: int | None = None
    parameters: int | None = None
    recurrent_parameters: int | None = None
    state_size: int | None = None
    flops_per_update: float | None = None


@dataclass(kw_only=True)
class DataFields:
    """The task and its splits; ``sha256`` is the identity of the data."""

    name: str
    train_examples: int | None = None
    validation_examples: int | None = None
    test_examples: int | None = None
    sequence_length: int | None = None
    sha256: str | None = None


@dataclass(kw_only=True)
class QualityFields:
    """The metric and the loss at the best validation; ``by_length`` is the metric at lengths never trained on.

    ``metrics`` has, for the splits ``validation`` and ``test`` of a user's own data, the usual metrics by name (see
    `tasks.contract.metrics`); null for other data. ``converged`` is whether training ended because it no longer
    improved; false if the budget cut it.
    """

    metric: str | None = None
    higher_is_better: bool | None = None
    train: float | None = None
    validation: float | None = None
    test: float | None = None
    train_loss: float | None = None
    validation_loss: float | None = None
    test_loss: float | None = None
    by_length: dict[int, float | None] | None = None
    baseline: float | None = None
    optimum: float | None = None
    converged: bool | None = came_later()
    metrics: dict[str, dict[str, float | None]] | None = came_later()


@dataclass(kw_only=True)
class SpeedFields:
    """Times of the run; ``other_load`` is the mean number of cores that other processes used meanwhile.

    ``stacked`` is the number of runs with which it was trained as one; its times are not its own then, and null.
    """

    updates: int | None = None
    training_seconds: float | None = None
    step_ms_median: float | None = None
    step_ms_p10: float | None = None
    step_ms_p90: float | None = None
    examples_per_second: float | None = None
    updates_to_target: int | None = None
    seconds_to_target: float | None = None
    exclusive: bool | None = None
    other_load: float | None = None
    stacked: int | None = came_later()


@dataclass(kw_only=True)
class MemoryFields:
    """Peak memory of the run's process, and its memory before the model was made, in MB."""

    peak_mb: float | None = None
    before_mb: float | None = None


@dataclass(kw_only=True)
class ProvenanceFields:
    """What made the record: software, hardware (the name of the CPU or GPU) and time (ISO 8601, UTC).

    ``source_sha256`` is the fingerprint of the code of the cell and the task: a record of other code is stale.
    """

    version: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    python: str | None = None
    torch: str | None = None
    hardware: str | None = None
    cores: int | None = None
    platform: str | None = None
    time: str | None = None
    source_sha256: str | None = came_later()


@dataclass(kw_only=True)
class Record:
    """One run. Every record has every field, null where it does not apply.

    ``error`` says why a run failed or diverged; ``diverged_at`` is the update at which it did.
    """

    schema_version: int = SCHEMA_VERSION
    run_id: str
    status: Literal["completed", "diverged", "failed"]
    error: str | None = None
    diverged_at: int | None = None
    seed: int
    device: str
    threads: int | None = None
    config: dict[str, Any]
    model: ModelFields
    data: DataFields
    quality: QualityFields = field(default_factory=QualityFields)
    speed: SpeedFields = field(default_factory=SpeedFields)
    memory: MemoryFields = field(default_factory=MemoryFields)
    provenance: ProvenanceFields = field(default_factory=ProvenanceFields)


@dataclass(frozen=True)
class CurvePoint:
    """One validation; seconds count only training updates, train_loss is the mean since the last validation."""

    update: int
    seconds: float
    examples: int
    train_loss: float
    validation_loss: float
    validation_metric: float


@dataclass(frozen=True)
class Run:
    """The result of an experiment: its record and its learning curve."""

    record: Record
    curve: list[CurvePoint]


def parse(kind: Any, value: Any, name: str) -> Any:
    """``value``, as read from JSON, as the annotated type ``kind``.

    Raises:
        ValueError: it is not of that type or lacks a field; the message begins with its dotted ``name``.
    """
    if kind is Any:
        return value
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        hints = _hints(kind)
        missing = hints.keys() - value.keys()
        if needed := missing - {item.name for item in fields(kind) if "came_later" in item.metadata}:
            raise ValueError(f"{name} lacks {', '.join(sorted(needed))}")
        present = hints.keys() - missing
        return kind(**{key: parse(hints[key], value[key], f"{name}.{key}") for key in present})
    origin, choices = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else parse(choices[0], value, name)
    if origin is Literal and value in choices:
        return value
    if origin is dict and isinstance(value, dict):
        return {_key(choices[0], key, name): parse(choices[1], item, f"{name}.{key}") for key, item in value.items()}
    if kind is float and type(value) in (int, float) and math.isfinite(value):
        return float(value)
    if type(value) is kind and (kind is not int or abs(value) < 2**63):
        return value
    raise ValueError(f"{name} is {value!r:.40}")


_hints = functools.cache(typing.get_type_hints)  # which evaluates annotations each time


def _key(kind: Any, key: str, name: str) -> Any:
    try:
        return kind(key)
    except ValueError:
        raise ValueError(f"{name} has the key {key!r:.40}") from None
