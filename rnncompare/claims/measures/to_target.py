"""Updates, seconds and examples that a stated quality takes: the task's ``train.target`` on validation data."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnncompare.claims.evidence import Evidence, along, graded
from rnncompare.claims.measures import measure
from rnncompare.claims.measures.steps import by_shape


@measure("of the log ratio of updates", own_choice=True, to_target=True)
def updates_to_target(evidence: Evidence) -> pd.DataFrame:
    """How few updates a stated quality takes, as a ratio (natural logarithm).

    A run that never reached it counts as having needed the task's cap, ``train.max_updates``, whether it ended early,
    was cut or diverged. The mean is thus a restricted one (Royston and Parmar 2013) with the same restriction for every
    arm: where the arm that is behind fails more often, the true difference is larger. ``cut`` marks these runs.

    The rate is chosen by this score. Chosen by the quality at the end, it would turn a tenth of a margin of quality
    into a factor of time: ends are alike over a decade of rates, and the time is inverse to the rate.
    """
    runs = graded(evidence)
    runs = runs[runs["config.train.target"].notna()]
    reached = runs["speed.updates_to_target"].notna()
    updates = runs["speed.updates_to_target"].fillna(runs["config.train.max_updates"]).astype(float)
    score = -np.log(updates)
    return runs.assign(score=score, validation=score, cut=~reached)


@measure("of the log ratio of seconds", to_target=True)
def seconds_to_target(evidence: Evidence) -> pd.DataFrame:
    """How few seconds a stated quality takes: updates from the training runs times the time of an update, timed apart.

    The rate is chosen by the updates, since at every rate an update of an arm takes as long.
    The update is timed with the machine to itself, the models taking turns (rule 9 of the rules of evidence); its time
    is the geometric mean over the shapes. An LSTM takes the same time from every start. Each seed takes the next
    replicate, the same for both of a pair, so that the interval includes the spread of the timing.
    """
    updates = updates_to_target.scores(evidence)
    times = by_shape(evidence.probes, "update")
    if not len(times):
        return updates.iloc[:0]
    table = times.pivot_table(index="seed", columns="arm", values="score")
    cell = updates["config.model.name"].where(updates["config.model.name"].isin(table.columns))
    known = updates[cell.notna()]
    replicates = known["seed"].astype(int) % len(table)
    taken = table.to_numpy()[replicates, table.columns.get_indexer(cell.dropna())]
    return known.assign(score=known["score"] + taken).dropna(subset="score")


@measure("octaves (factors of two) of the training-set size", at_end=True)
def examples_to_target(evidence: Evidence) -> pd.DataFrame:
    """How few training examples a stated quality takes, in octaves (factors of two).

    The score is the octaves, of the sizes tried, at which the network reaches the target, so a difference of scores is
    by how many octaves fewer examples an arm needs. Every size counts separately, so the learning rate is chosen at
    each of them.
    """
    runs = along(graded(evidence), "data.train_examples")
    runs = runs[runs["config.train.target"].notna() & (runs["values"] > 1)]
    reached = runs["speed.updates_to_target"].notna() & ~runs["diverged"].astype(bool)
    octaves = runs["values"] * runs["step"]
    return runs.assign(score=octaves * reached, cut=runs["cut"] & ~reached, floor=0.0, ceiling=octaves)
