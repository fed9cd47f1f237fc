"""How few seconds a stated quality takes: updates from the training runs times the time of an update, timed apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import step_time, updates_to_target

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of seconds"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """The scores of ``updates_to_target`` less the log of the milliseconds of an update.

    The update is timed with the machine to itself, models in turns (rule 9 of the rules of evidence); its time is the
    geometric mean over the shapes. An LSTM takes the same time from every start. Each seed takes the next replicate,
    the same for both of a pair, so that the spread of the timing is in the interval too.
    """
    updates = updates_to_target.scores(evidence)
    times = step_time.by_shape(evidence.probes, "update")
    if not len(times):
        return updates.iloc[:0]
    table = times.pivot_table(index="seed", columns="arm", values="score")
    cell = updates["config.model.name"].where(updates["config.model.name"].isin(table.columns))
    known = updates[cell.notna()]
    replicates = known["seed"].astype(int) % len(table)
    taken = table.to_numpy()[replicates, table.columns.get_indexer(cell.dropna())]
    return known.assign(score=known["score"] + taken).dropna(subset="score")
