"""How far a network gets: lengths beyond training, the largest n of a counting language, the longest lag."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnncompare.claims.evidence import Evidence, along, graded, of_task
from rnncompare.claims.measures import measure

PREFIX = "quality.by_length."


@measure("points of accuracy beyond the training length", at_end=True)
def beyond_length(evidence: Evidence) -> pd.DataFrame:
    """Accuracy at lengths never trained on, in points of a hundred.

    The score is the mean over these lengths; a run that diverged or failed counts as the baseline.
    """
    runs = graded(evidence)
    table = _by_length(runs)
    beyond = table.where(table.columns.to_numpy() > runs[["config.data.sequence_length"]].to_numpy())
    mean = 100 * beyond.mean(axis=1).mask(runs["diverged"].astype(bool))
    score = mean.fillna(runs["baseline"]).clip(lower=runs["baseline"])
    return runs.assign(score=score, floor=runs["baseline"], ceiling=100.0)


@measure("octaves (factors of two) of the largest n accepted", at_end=True)
def largest_accepted(evidence: Evidence) -> pd.DataFrame:
    """The largest n of a counting language that a network accepts, in octaves (factors of two).

    That is the largest n tested up to which all are accepted, or the largest n trained if none beyond it is. So it
    tells how far beyond training a network gets: one that rejects a string of a trained length counts as one that
    accepts these alone.
    """
    runs = graded(evidence)
    table = _by_length(runs)
    accepted = (table == 1.0) | table.isna()
    run_up = accepted.cumprod(axis=1).astype(bool) & table.notna()
    trained = runs["config.data.sequence_length"].to_numpy(dtype=float)
    largest = np.where(run_up, table.columns.to_numpy(dtype=float), -np.inf).max(axis=1, initial=-np.inf)
    largest = np.where(runs["diverged"].astype(bool), -np.inf, largest)
    return runs.assign(score=np.log2(np.maximum(largest, trained)))


@measure("octaves (factors of two) of the lags solved", at_end=True)
def longest_lag(evidence: Evidence) -> pd.DataFrame:
    """How long a lag a network bridges, in octaves (factors of two).

    The score is the octaves, of the lags tried, that the network solves, so a difference of scores is by how many
    octaves longer an arm remembers. Every lag counts separately, so the learning rate is chosen at each of them; the
    tasks define the score from which a lag is solved.
    """
    runs = along(graded(evidence), "value")
    least = {task: scale.solving_score for task, scale in evidence.scales.items() if scale.kind == "solve"}
    runs = runs[runs["task"].isin(list(least))]
    solved = runs["quality"] >= of_task(runs, least)
    octaves = runs["values"] * runs["step"]
    return runs.assign(score=octaves * solved, floor=0.0, ceiling=octaves)


def _by_length(runs: pd.DataFrame) -> pd.DataFrame:
    """The metric at each length tested (columns, rising) of each run (rows), NaN for lengths not tested."""
    names = [name for name in runs if name.startswith(PREFIX)]
    wide = runs[names].astype(float).rename(columns={name: int(name.removeprefix(PREFIX)) for name in names})
    return wide[sorted(wide)]
