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

    The update is timed with the machine to itself, models in turns (rule 6 of the rules of evidence). Each pair takes
    the next replicate, so that the spread of the timing is in the interval too; it is the mean over the shapes.
    """
    updates = updates_to_target.scores(evidence)
    times = step_time.by_shape(evidence.probes, "step_time", "update")
    if not len(times):
        return updates.iloc[:0]
    table = times.pivot_table(index="seed", columns="arm", values="score")
    replicates = table.index[updates["seed"].astype(int) % len(table)]
    columns = table.columns.get_indexer(updates["arm"])
    taken = table.to_numpy()[table.index.get_indexer(replicates), columns]
    return updates.assign(score=updates["score"] + np.where(columns >= 0, taken, np.nan)).dropna(subset="score")
