"""Accuracy at lengths never trained on, in points of a hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "points of accuracy beyond the training length"
PREFIX = "quality.by_length."


def by_length(runs: pd.DataFrame) -> pd.DataFrame:
    """The metric at each length tested (columns, rising) of each run (rows), NaN for lengths not tested."""
    names = [name for name in runs if name.startswith(PREFIX)]
    wide = runs[names].astype(float).rename(columns={name: int(name.removeprefix(PREFIX)) for name in names})
    return wide[sorted(wide)]


def scores(evidence: Evidence) -> pd.DataFrame:
    """The mean accuracy over the lengths beyond training; a run without a score counts as the baseline.

    A task is uninformative where no arm is above the baseline by a point on average, or all are above 99.
    """
    runs = evidence.runs[evidence.runs["status"] != "failed"].copy()
    table = by_length(runs)
    beyond = table.where(table.columns.to_numpy() > runs[["config.data.sequence_length"]].to_numpy())
    runs["score"] = 100 * beyond.mean(axis=1).fillna(runs["quality.baseline"])
    gain = runs["score"] - 100 * runs["quality.baseline"]
    means = runs.assign(gain=gain).groupby(["task", "arm"])[["gain", "score"]].mean()
    above = (means["gain"] > 1).groupby("task").any()
    room = (means["score"] < 99).groupby("task").any()
    return runs.assign(informative=runs["task"].map(above & room))
