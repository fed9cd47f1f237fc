"""Where the numbers come from: hardware, software, times, and the sources and licences of data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from rnncompare import tasks

FIELDS = {
    "hardware": "Hardware",
    "cores": "Cores",
    "platform": "Platform",
    "version": "rnncompare",
    "git_commit": "Commit",
    "python": "Python",
    "torch": "torch",
}


@dataclass
class Origin:
    """The provenance of records.

    Attributes:
        facts: a name, and each value with how many records have it.
        first: time of the earliest record.
        last: of the latest.
        dirty: how many records were made with files that differed from the commit.
        hours: of training, summed over runs.
        data: for each task's data: name, source, licence, and SHA-256 if all runs share one.
    """

    facts: list[tuple[str, list[tuple[str, int]]]] = field(default_factory=list)
    first: str = ""
    last: str = ""
    dirty: int = 0
    hours: float = 0.0
    data: list[dict[str, Any]] = field(default_factory=list)


def origin(records: pd.DataFrame) -> Origin:
    """The provenance of ``records``, a row each."""
    if not len(records):
        return Origin()
    times = sorted(str(time) for time in records["provenance.time"].dropna())
    return Origin(
        facts=[(name, _counts(records[f"provenance.{key}"])) for key, name in FIELDS.items()],
        first=times[0] if times else "",
        last=times[-1] if times else "",
        dirty=int((records["provenance.git_dirty"] == True).sum()),  # noqa: E712 (null is not true)
        hours=float(records["speed.training_seconds"].sum()) / 3600,
        data=list(_data(records)),
    )


def _counts(column: pd.Series) -> list[tuple[str, int]]:
    known = column.map(
        lambda value: (
            "not known" if value is None or value != value else f"{value:g}" if isinstance(value, float) else str(value)
        )
    )
    return [(str(value), int(count)) for value, count in known.value_counts().items()]


def _data(records: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for name, group in records.groupby("data.name"):
        known = tasks.task_class(str(name)) if name in tasks.names() else None
        hashes = group["data.sha256"].dropna().unique()
        yield {
            "name": str(name),
            "source": known.source if known else "not known",
            "licence": known.licence if known else "not known",
            "sha256": hashes[0]
            if len(hashes) == 1
            else f"{len(hashes)} different, by seed and settings"
            if len(hashes)
            else "–",
        }
