"""How few seconds a quality takes: updates from the training runs times the time of an update measured apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import step_time, updates_to_target

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of seconds"


def scores(evidence: Evidence) -> pd.DataFrame:
    """The scores of ``updates_to_target`` less the log of the milliseconds of an update.

    The update is timed with the machine to itself, models in turns (rule 6 of the rules of evidence): each pair takes
    the next replicate, so that the spread of the timing is in the interval too. It is the mean over the shapes measured.
    """
    updates = updates_to_target.scores(evidence)
    times = step_time.by_shape(evidence.probes, "step_time", "update")
    if not len(times):
        return updates.iloc[:0]
    table = times.groupby(["seed", "arm"])["score"].mean().unstack("arm")
    replicate = table.index.to_numpy()[updates["seed"].to_numpy(dtype=int) % len(table)]
    arm_times = [
        table.at[number, arm] if arm in table else np.nan for number, arm in zip(replicate, updates["arm"], strict=True)
    ]
    return updates.assign(score=updates["score"] + np.array(arm_times, dtype=float)).dropna(subset="score")
