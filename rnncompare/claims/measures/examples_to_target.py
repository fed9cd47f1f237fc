"""How few training examples a stated quality takes, in octaves (factors of two)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import along, graded

if TYPE_CHECKING:
    import pandas as pd

UNIT = "octaves (factors of two) of the training-set size"
TASK_MARGIN = False
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """Of the sizes tried, the octaves at which the network reaches the task's ``train.target``.

    One arm less the other is by how many octaves fewer examples it gets by with. Every size counts for itself, so the
    learning rate is chosen at each of them. The target is on validation, as in ``updates_to_target``.
    """
    runs = along(graded(evidence), "data.train_examples")
    runs = runs[runs["config.train.target"].notna() & (runs["values"] > 1)]
    reached = runs["speed.updates_to_target"].notna() & ~runs["diverged"].astype(bool)
    octaves = runs["values"] * runs["step"]
    return runs.assign(score=octaves * reached, cut=runs["cut"] & ~reached, floor=0.0, ceiling=octaves)
