"""How few updates a quality takes, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of updates"


def scores(evidence: Evidence) -> pd.DataFrame:
    """Minus the log of the updates until validation reached ``train.target``; a bound where it never did.

    The bound is ``train.max_updates``, also of a run that diverged or lost patience before: it had so many to take.
    """
    runs = evidence.runs[evidence.runs["status"] != "failed"].copy()
    reached = runs["speed.updates_to_target"].notna()
    updates = runs["speed.updates_to_target"].fillna(runs["config.train.max_updates"]).astype(float)
    return runs.assign(score=-np.log(updates), reached=reached)
