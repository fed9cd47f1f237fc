"""How few updates a stated quality takes, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of updates"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """Minus the log of the updates until validation reached the task's ``train.target``.

    A run that never did counts as having needed the task's cap, ``train.max_updates``, whether it ended before, was
    cut or diverged: the mean is a restricted one (Royston and Parmar 2013), the same restriction for every arm, and
    a difference that it shows can only be larger in truth. ``cut`` says which runs these are.
    """
    runs = graded(evidence)
    runs = runs[runs["config.train.target"].notna()]
    reached = runs["speed.updates_to_target"].notna()
    updates = runs["speed.updates_to_target"].fillna(runs["config.train.max_updates"]).astype(float)
    return runs.assign(score=-np.log(updates), cut=~reached)
