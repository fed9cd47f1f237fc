"""How much quality gains from data: its slope over the logarithm of the training-set size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import along, graded, of_task

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the task's margin, for each doubling of the data"
TASK_MARGIN = False
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """The share that each run has in the least-squares slope of quality, in margins, over log2 of the size.

    The slope is a weighted sum over sizes, so its shares are scores of their own, and the difference of two arms'
    slopes is the slope of their difference: the interaction of cell and size.
    """
    runs = along(graded(evidence), "data.train_examples")
    runs = runs[runs["values"] > 1]
    by_task = runs.drop_duplicates(["task", "value"]).groupby("task")["place"]
    centred = runs["place"] - of_task(runs, by_task.mean())
    squares = of_task(runs, by_task.agg(lambda places: float(((places - places.mean()) ** 2).sum())))
    margin = of_task(runs, {task: scale.margin for task, scale in evidence.scales.items()})
    return runs.assign(score=runs["values"] * centred / squares * runs["quality"] / margin)
