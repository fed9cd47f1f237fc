"""The book of a study, ``study.json``: what was to be judged, by which runs, and what tuning chose."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnncompare.base.errors import DataError
from rnncompare.base.files import read_text
from rnncompare.claims import Claim
from rnncompare.claims.claim import parse
from rnncompare.records import plain, write_whole

NAME = "study.json"
SCHEMA_VERSION = 1


@dataclass
class BookedEntry:
    """One model in one condition, and its runs.

    Attributes:
        task: name of the study task.
        value: of the task's axis.
        overrides: settings of its runs.
        learning_rate: that was chosen; None where each pair drew its own, or tuning is not done.
        tuning: learning rate tried, by run id.
        evaluation: run id, by seed.
    """

    task: str
    value: Any
    overrides: list[str]
    learning_rate: float | None = None
    tuning: dict[str, float] = field(default_factory=dict)
    evaluation: dict[int, str] = field(default_factory=dict)


@dataclass
class Book:
    """A study as it was planned, and the runs that belong to it.

    Attributes:
        command: that makes the study again.
        settings: of the study.
        tasks: title and axis of each study task, by name.
        claims: as they were written when the runs were made.
        arms: for each claim, positions in ``entries`` by arm.
        entries: all that was trained.
        probes: for each claim, ids of measurements that are not runs, by arm ("" where one measures all).
        left_out: tasks whose data could not be had, with why.
    """

    command: str
    settings: dict[str, Any]
    tasks: dict[str, dict[str, Any]]
    claims: list[Claim]
    arms: dict[str, dict[str, list[int]]]
    entries: list[BookedEntry]
    probes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it into the study's folder, whole."""
        content = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        write_whole(folder / NAME, json.dumps(plain(content), ensure_ascii=False, indent=1) + "\n")


def read_book(folder: Path) -> Book | None:
    """The book of the study in ``folder``; None where there is none.

    Raises:
        DataError: the file is torn, foreign, or of another schema version.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        content = json.loads(read_text(path))
        if content.pop("schema_version") != SCHEMA_VERSION:
            raise ValueError(f"not of schema version {SCHEMA_VERSION}")
        claims = [parse(values) for values in content.pop("claims")]
        entries = [BookedEntry(**values) for values in content.pop("entries")]
        for entry in entries:
            entry.evaluation = {int(seed): run for seed, run in entry.evaluation.items()}
        return Book(claims=claims, entries=entries, **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: not the book of a study: {' '.join(str(error).split())}") from error
