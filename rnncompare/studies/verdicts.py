"""A study read back: its book and records become evidence, and the evidence findings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.claims.evidence import Evidence
from rnncompare.claims.judge import Finding, as_family, judge
from rnncompare.studies.evidence import gather
from rnncompare.studies.files import read_files
from rnncompare.studies.manifest import NAME, Book, read_book


@dataclass(frozen=True)
class Study:
    """A study and what came of it.

    Attributes:
        book: what was planned.
        evidence: for each claim, by name.
        findings: of all claims, their p-values adjusted as one family.
        skipped: a line for each record that could not be read.
    """

    book: Book
    evidence: dict[str, Evidence]
    findings: list[Finding]
    skipped: list[str]


def read_study(folder: Path) -> Study:
    """Judge the study in ``folder``, published or not, by the records that are there now.

    Raises:
        DataError: there is no study there, no record, or a published table of it is torn.
    """
    book = read_book(folder)
    if book is None:
        raise DataError(f"{folder}: no {NAME} in it, so it holds no study")
    booked = any(entry.tuning or entry.evaluation for entry in book.entries)
    files = read_files(folder, runs=booked)
    evidence = {claim.name: gather(book, claim, files.records, files.curves, files.probes) for claim in book.claims}
    findings = [finding for claim in book.claims for finding in judge(claim, evidence[claim.name])]
    return Study(book, evidence, as_family(findings), files.skipped)
