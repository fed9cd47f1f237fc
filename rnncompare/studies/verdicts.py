"""A study read back: its manifest and records become evidence, and the evidence findings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnncompare.base.errors import DataError
from rnncompare.claims.evidence import Evidence
from rnncompare.claims.finding import Finding
from rnncompare.claims.judge import as_family, judge
from rnncompare.studies.evidence import gather
from rnncompare.studies.files import read_files
from rnncompare.studies.manifest import NAME, Manifest, read_manifest


@dataclass(frozen=True)
class Study:
    """A study and what came of it.

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


def read_study(folder: Path) -> Study:
    """Judge the study in ``folder``, published or not, by the records that are there now.

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
    """The finding with the time that what was not attempted of it would take."""
    mine = [
        piece["seconds"]
        for piece in not_attempted
        if (piece["claim"], piece["start"]) == (finding.claim.name, finding.start)
    ]
    if not mine:
        return finding
    price = f"{len(mine)} tasks not attempted"
    if sum(mine):  # else they come with the runs of other claims
        price += f": {sum(mine) / 3600:.2g} core-hours"
    notes = (*finding.notes, price)
    return dataclasses.replace(finding, notes=notes, settle=finding.settle or price)
