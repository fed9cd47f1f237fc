"""How a network turns training into quality on new data: its gain from more data, and its overfitting."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnncompare.claims.evidence import Evidence, along, graded, of_task
from rnncompare.claims.measures import measure


@measure("of the task's margin, for each doubling of the data", at_end=True)
def interaction(evidence: Evidence) -> pd.DataFrame:
    """How much quality gains from data: its slope over the logarithm of the training-set size.

    The score of a run is its share in the least-squares slope of quality, in margins, over log2 of the size. The slope
    is a weighted sum over sizes, so its shares are scores of their own, and the difference of two arms' slopes is the
    slope of their difference: the interaction of cell and size.
    """
    runs = along(graded(evidence), "data.train_examples")
    runs = runs[runs["values"] > 1]
    weights = runs.groupby(["task", "arm"])["place"].transform(_slope_weights)
    margin = of_task(runs, {task: scale.margin for task, scale in evidence.scales.items()})
    return runs.assign(score=runs["values"] * weights * runs["quality"] / margin)


def _slope_weights(places: pd.Series) -> pd.Series:
    """The weight of each run's quality in the least-squares slope over the distinct places."""
    distinct = places.unique()
    return (places - distinct.mean()) / ((distinct - distinct.mean()) ** 2).sum()


@measure("of the log ratio of losses on new data, at equal training loss")
def overfitting(evidence: Evidence) -> pd.DataFrame:
    """How much worse a network does on new data at the same training loss, as a ratio of losses (natural logarithm).

    The score is the log of the validation loss where the training loss crosses a level common to all arms: the lowest
    training loss that half of the seeds of every arm reach at the rate that gets lowest. A run that stays above it is
    taken at its lowest. A higher score is more overfitting. Validation stands in for the test split, which is scored
    only once. A run that diverged or failed overfits like the worst of its condition.
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
