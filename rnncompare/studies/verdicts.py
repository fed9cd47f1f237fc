"""A study read back: its files become evidence for each claim, and the evidence findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted
from rnncompare.claims import Claim
from rnncompare.claims.evidence import Evidence
from rnncompare.claims.finding import Finding
from rnncompare.claims.judge import as_family, judge
from rnncompare.measurements.store import STORE as MEASUREMENTS
from rnncompare.measurements.store import read_measurements
from rnncompare.records import read_curves, read_records, to_frame
from rnncompare.records.parquet_store import CURVES, read_frame
from rnncompare.records.parquet_store import NAME as RECORDS
from rnncompare.studies.manifest import NAME, Manifest, read_manifest

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Files:
    """The tables of a study, published or not.

    Attributes:
        records: as `rnncompare.load_records` returns them.
        curves: of the records, with ``run_id``.
        probes: as `rnncompare.measurements.store.load_measurements` returns them.
        skipped: a line for each file that could not be read.
    """

    records: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    skipped: list[str]


def read_files(folder: Path, runs: bool = True) -> Files:
    """The tables of the study in ``folder``.

    Args:
        folder: of the study.
        runs: whether the study has any: claims that need no training leave none.

    Raises:
        DataError: there is no record although there should be, or the study was published and one of its tables is
            absent or torn.
    """
    _require_whole(folder)
    records, skipped = read_records(folder) if runs else (to_frame([]), [])
    curves, without_curve = read_curves(records)
    probes, unread = read_measurements(folder)
    return Files(records, curves, probes, [*skipped, *without_curve, *unread])


def _require_whole(folder: Path) -> None:
    """Raise `DataError` if the study was published and lacks a table, since findings must not rest on half of it."""
    if not (folder / CURVES).exists():
        return
    for name, key in ((RECORDS, "run_id"), (CURVES, "run_id"), (MEASUREMENTS, "probe_id")):
        frame = read_frame(folder / name, [key])
        if frame is None or key not in frame:
            raise DataError(f"{folder / name}: absent, torn or not published by rnncompare; publish the study again")


COLUMNS = ("arm", "task", "axis", "value", "rate", "added", "run_id")


def gather(
    manifest: Manifest, claim: Claim, records: pd.DataFrame, curves: pd.DataFrame, probes: pd.DataFrame
) -> Evidence:
    """The study's evidence for ``claim``; runs that are named but not yet recorded are left out."""
    runs = _named(manifest, claim).merge(records.astype({"run_id": object}), on="run_id", how="inner")
    return Evidence(
        runs=runs,
        curves=curves[curves["run_id"].isin(runs["run_id"])] if len(runs) else curves.iloc[:0],
        probes=_probes(manifest.probes.get(claim.name, {}), probes),
        scales=manifest.scales,
        looks=manifest.looks,
        largest={name: task["values"][-1] for name, task in manifest.tasks.items()},
    )


def _named(manifest: Manifest, claim: Claim) -> pd.DataFrame:
    """The runs of a claim, a row for each arm to which they belong."""
    import pandas as pd

    rows = [
        (
            arm,
            entry.task,
            manifest.tasks[entry.task]["axis"],
            entry.value,
            rate,
            rate not in entry.rates[: entry.began],
            run,
        )
        for arm, positions in manifest.arms.get(claim.name, {}).items()
        for entry in (manifest.entries[position] for position in positions)
        for rate, seeds in entry.runs.items()
        for run in seeds.values()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _probes(named: dict[str, list[str]], probes: pd.DataFrame) -> pd.DataFrame:
    arms = {probe: arm for arm, identities in named.items() for probe in identities}
    mine = probes[probes["probe_id"].isin(list(arms))]
    return mine.assign(arm=mine["probe_id"].map(arms))


@dataclass(frozen=True)
class Study:
    """A study and its findings.

    Attributes:
        manifest: what was planned.
        evidence: for each claim, by name.
        findings: of all claims, as one family.
        skipped: a line for each record that could not be read.
    """

    manifest: Manifest
    evidence: dict[str, Evidence]
    findings: list[Finding]
    skipped: list[str]

    @property
    def failed(self) -> dict[str, str]:
        """Why each run that failed did so, by its id."""
        tables = [evidence.runs for evidence in self.evidence.values() if "status" in evidence.runs]
        lost = [runs[runs["status"] == "failed"] for runs in tables]
        return {run: error for runs in lost for run, error in zip(runs["run_id"], runs["error"], strict=True)}


def read_study(folder: Path) -> Study:
    """Judge the study in ``folder``, published or not, by the records that exist now.

    Raises:
        DataError: there is no study there, one of the earlier protocol, no record, or a published table of it is torn.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise DataError(f"{folder}: no {NAME} in it, so it holds no study")
    named = bool(manifest.run_ids)
    files = read_files(folder, runs=named)
    evidence = {
        claim.name: gather(manifest, claim, files.records, files.curves, files.probes) for claim in manifest.claims
    }
    findings = [finding for claim in manifest.claims for finding in judge(claim, evidence[claim.name])]
    findings = [_with_price(finding, manifest.not_attempted) for finding in as_family(findings)]
    return Study(manifest, evidence, findings, files.skipped)


def _with_price(finding: Finding, not_attempted: Sequence[dict[str, Any]]) -> Finding:
    """The finding with a note on its tasks that are not measured, and the time that those not attempted would take."""
    mine = {
        piece["task"]: piece["seconds"]
        for piece in not_attempted
        if (piece["claim"], piece["start"]) == (finding.claim.name, finding.start)
    }
    missing = {task.task for task in finding.tasks if task.verdict == "not measured"}
    missing |= mine.keys() - {task.task for task in finding.tasks}
    if not missing:
        return finding
    price = f"{counted(len(missing), 'task')} not measured"
    if seconds := sum(mine.get(task, 0) for task in missing):  # else they come with other runs
        all_of_them = "it" if len(missing) == 1 else "they"
        of_them = all_of_them if missing <= mine.keys() else f"{len(missing & mine.keys())} of them"
        price += f"; {of_them} would take {seconds / 3600:.2g} core-hours"
    notes = (*finding.notes, price)
    return dataclasses.replace(finding, notes=notes, settle=finding.settle or price)
