"""How much worse a network does on new data at the same training loss, as a ratio of losses (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of losses on new data, at equal training loss"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each run, the log of the validation loss where its training loss crosses a level common to all arms.

    The level is the lowest training loss that half of the seeds of every arm come down to at the rate that gets lowest;
    a run that does not is taken at its lowest. A higher score is more overfitting. Validation stands in for the test
    split, which is scored only once. A run that diverged or failed overfits like the worst of its condition.
    """
    curves = dict(list(evidence.curves.groupby("run_id"))) if len(evidence.curves) else {}
    runs = graded(evidence)
    known = runs["run_id"].isin(list(curves)) & ~runs["diverged"].astype(bool)
    condition = [runs["task"], runs["value"].map(str)]
    lowest = runs["run_id"].map({run: float(curve["train_loss"].min()) for run, curve in curves.items()}).where(known)
    medians = lowest.groupby([*condition, runs["arm"], runs["rate"]]).transform("median")
    level = medians.groupby([*condition, runs["arm"]]).transform("min").groupby(condition).transform("max")
    scores = [
        _at_level(curves[run], at) if ok else np.nan
        for run, at, ok in zip(runs["run_id"], level, known & level.notna(), strict=True)
    ]
    runs = runs.assign(score=np.array(scores, dtype=float))
    worst = runs["score"].groupby(condition).transform("max")
    return runs.assign(score=runs["score"].fillna(worst)).dropna(subset="score")


def _at_level(curve: pd.DataFrame, level: float) -> float:
    """The log of the validation loss where the training loss first comes down to ``level``, between two validations."""
    train, validation = curve["train_loss"].to_numpy(float), curve["validation_loss"].to_numpy(float)
    below = np.flatnonzero(train <= level)
    first = int(below[0]) if len(below) else int(train.argmin())
    if not len(below) or first == 0 or train[first - 1] == train[first]:
        return float(np.log(validation[first]))
    share = (train[first - 1] - level) / (train[first - 1] - train[first])
    return float(np.log(validation[first - 1] + share * (validation[first] - validation[first - 1])))
