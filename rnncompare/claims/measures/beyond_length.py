"""Accuracy at lengths never trained on, in points of a hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded

if TYPE_CHECKING:
    import pandas as pd

UNIT = "points of accuracy beyond the training length"
TASK_MARGIN = False
AT_END = True
PREFIX = "quality.by_length."


def by_length(runs: pd.DataFrame) -> pd.DataFrame:
    """The metric at each length tested (columns, rising) of each run (rows), NaN for lengths not tested."""
    names = [name for name in runs if name.startswith(PREFIX)]
    wide = runs[names].astype(float).rename(columns={name: int(name.removeprefix(PREFIX)) for name in names})
    return wide[sorted(wide)]


def scores(evidence: Evidence) -> pd.DataFrame:
    """The mean accuracy over the lengths beyond training; a run that diverged or failed counts as the baseline."""
    runs = graded(evidence)
    table = by_length(runs)
    beyond = table.where(table.columns.to_numpy() > runs[["config.data.sequence_length"]].to_numpy())
    mean = 100 * beyond.mean(axis=1).mask(runs["diverged"].astype(bool))
    score = mean.fillna(runs["baseline"]).clip(lower=runs["baseline"])
    return runs.assign(score=score, floor=runs["baseline"], ceiling=100.0)
