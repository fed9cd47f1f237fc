"""The manifest of a study, ``study.json``: what is judged, and by which runs."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnncompare.base.errors import DataError, StorageError
from rnncompare.base.files import read_text
from rnncompare.claims import Claim
from rnncompare.claims.claim import parse
from rnncompare.claims.scale import Scale
from rnncompare.records import plain, write_whole
from rnncompare.sweep.keeper import not_written

NAME = "study.json"
SCHEMA_VERSION = 2
EARLIER = 1  # tuned on seeds of its own, trained for a fixed number of updates


@dataclass
class ManifestEntry:
    """One arm in one condition, and its runs: every learning rate on every seed.

    Attributes:
        task: name of the study task.
        value: of the task's axis.
        size: settings that make it comparable with the other arms of the condition.
        overrides: settings of its runs.
        rates: learning rates, first the initial ones, then those added.
        began: how many initial rates there are.
        seeds: how many each rate has.
        runs: run ids, by rate and seed.
    """

    task: str
    value: Any
    size: list[str]
    overrides: list[str]
    rates: list[float] = field(default_factory=list)
    began: int = 0
    seeds: int = 0
    runs: dict[float, dict[int, str]] = field(default_factory=dict)

    @property
    def run_ids(self) -> list[str]:
        """Of all its runs."""
        return [run for seeds in self.runs.values() for run in seeds.values()]


@dataclass
class Manifest:
    """A study as it was planned, and the runs that belong to it.

    Attributes:
        command: reproduces the study.
        settings: of the study.
        looks: the numbers of pairs at which it is looked at.
        tasks: name, axis, values, limits of training and scale (under ``scale``) of each study task.
        claims: as they were written when the runs were made.
        arms: for each claim, positions in ``entries`` by arm.
        entries: everything trained.
        probes: for each claim, ids of measurements that are not runs, by arm ("" if one measurement covers all).
        left_out: tasks whose data were not available, with the reason.
        not_attempted: what did not fit the budget: ``claim``, ``start``, ``task`` and the ``seconds`` it would take.
        git_commit: of the checkout with the claims; None outside one.
    """

    command: str
    settings: dict[str, Any]
    looks: tuple[int, ...]
    tasks: dict[str, dict[str, Any]]
    claims: list[Claim]
    arms: dict[str, dict[str, list[int]]]
    entries: list[ManifestEntry]
    probes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    not_attempted: list[dict[str, Any]] = field(default_factory=list)
    git_commit: str | None = None

    @property
    def scales(self) -> dict[str, Scale]:
        """How each task is scored."""
        return {name: Scale(**task["scale"]) for name, task in self.tasks.items()}

    @property
    def run_ids(self) -> set[str]:
        """Of all runs that belong to the study."""
        return {run for entry in self.entries for run in entry.run_ids}

    def write(self, folder: Path) -> None:
        """Write it into the study's folder, whole.

        Raises:
            StorageError: it cannot be written; what was there before is kept.
        """
        content = {"schema_version": SCHEMA_VERSION, **dataclasses.asdict(self)}
        try:
            write_whole(folder / NAME, json.dumps(plain(content), ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            raise StorageError(not_written(folder / NAME, error)) from error


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of the study in ``folder``; None if there is none.

    Raises:
        DataError: the file is torn, foreign, of the earlier protocol, or of another schema version.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        content = json.loads(read_text(path))
        version = content.pop("schema_version")
        if version == EARLIER:
            raise ValueError("made under the earlier protocol (tuned apart, trained for a fixed number of updates)")
        if version != SCHEMA_VERSION:
            raise ValueError(f"not of schema version {SCHEMA_VERSION}")
        claims = [parse(values) for values in content.pop("claims")]
        entries = [_entry(values) for values in content.pop("entries")]
        manifest = Manifest(claims=claims, entries=entries, **{**content, "looks": tuple(content["looks"])})
        _check_grids(manifest)
        return manifest
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{path}: not the manifest of a study: {' '.join(str(error).split())}") from error


def is_earlier(folder: Path) -> bool:
    """Whether the study in ``folder`` was made under the earlier protocol."""
    try:
        content = json.loads(read_text(folder / NAME))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("schema_version") == EARLIER


def _entry(values: dict[str, Any]) -> ManifestEntry:
    runs = {float(rate): {int(seed): run for seed, run in seeds.items()} for rate, seeds in values["runs"].items()}
    return ManifestEntry(**{**values, "runs": runs})


def _check_grids(manifest: Manifest) -> None:
    """Raise `ValueError` if the arms of a claim have different learning rates in one condition."""
    for claim, arms in manifest.arms.items():
        grids: dict[tuple[str, str], list[float]] = {}
        for entry in (manifest.entries[position] for positions in arms.values() for position in positions):
            rates = grids.setdefault((entry.task, str(entry.value)), entry.rates)
            if sorted(rates) != sorted(entry.rates):
                where = f"{claim} on {entry.task} {entry.value}"
                raise ValueError(f"unequal grids: {where} has rates {rates} in one arm, {entry.rates} in another")
