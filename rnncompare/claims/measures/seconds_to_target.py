"""How few seconds a quality takes: updates from the training runs times the time of an update measured apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import step_time, updates_to_target

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of seconds"


def scores(evidence: Evidence) -> pd.DataFrame:
    """The scores of ``updates_to_target`` less the log of the milliseconds of an update, for arms that were timed.

    The update is timed with the machine to itself, models in turns (rule 6 of the rules of evidence); its time is the
    geometric mean over the shapes. Each seed takes the next replicate, the same for both of a pair, so that the spread
    of the timing is in the interval too.
    """
    updates = updates_to_target.scores(evidence)
    times = step_time.by_shape(evidence.probes, "update")
    if not len(times):
        return updates.iloc[:0]
    table = times.pivot_table(index="seed", columns="arm", values="score").reindex(columns=updates["arm"].unique())
    replicates = updates["seed"].astype(int) % len(table)
    taken = table.to_numpy()[replicates, table.columns.get_indexer(updates["arm"])]
    return updates.assign(score=updates["score"] + taken).dropna(subset="score")
