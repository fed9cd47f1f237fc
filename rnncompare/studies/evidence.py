"""The evidence for each claim of a study, found among its records by the book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims import Claim
from rnncompare.claims.evidence import Evidence
from rnncompare.studies.manifest import Book

if TYPE_CHECKING:
    import pandas as pd


def gather(book: Book, claim: Claim, records: pd.DataFrame, curves: pd.DataFrame, probes: pd.DataFrame) -> Evidence:
    """What the study has for ``claim``; runs that are booked and not recorded (yet) are just not there."""
    evaluation = _booked(book, claim, "evaluation")
    runs = _joined(evaluation, records)
    return Evidence(
        runs=runs,
        tuning=_joined(_booked(book, claim, "tuning"), records),
        curves=curves[curves["run_id"].isin(runs["run_id"])] if len(runs) else curves.iloc[:0],
        probes=_probes(book.probes.get(claim.name, {}), probes),
    )


def _booked(book: Book, claim: Claim, stage: str) -> pd.DataFrame:
    """The runs booked for a stage, a row for each arm that they belong to."""
    import pandas as pd

    rows = []
    for arm, positions in book.arms.get(claim.name, {}).items():
        for entry in (book.entries[position] for position in positions):
            condition = {"arm": arm, "task": entry.task, "axis": book.tasks[entry.task]["axis"], "value": entry.value}
            if stage == "evaluation":
                rows += [condition | {"run_id": run} for run in entry.evaluation.values()]
            else:
                rows += [
                    condition | {"run_id": run, "chosen": rate == entry.learning_rate}
                    for run, rate in entry.tuning.items()
                ]
    return pd.DataFrame(rows, columns=["arm", "task", "axis", "value", "run_id", *["chosen"] * (stage == "tuning")])


def _joined(booked: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
    return booked.merge(records.astype({"run_id": object}), on="run_id", how="inner")


def _probes(booked: dict[str, list[str]], probes: pd.DataFrame) -> pd.DataFrame:
    arms = {probe: arm for arm, identities in booked.items() for probe in identities}
    mine = probes[probes["probe_id"].isin(list(arms))]
    return mine.assign(arm=mine["probe_id"].map(arms))
