"""How good a trained network is: on test data, at the largest size, without tuning, and whether it trains at all."""

from __future__ import annotations

import pandas as pd

from rnncompare.claims.evidence import Evidence, graded, of_task
from rnncompare.claims.measures import measure
from rnncompare.claims.scale import NEGLIGIBLE


@measure(task_margin=True, at_end=True)
def quality(evidence: Evidence) -> pd.DataFrame:
    """Test quality in the task's own unit; on tasks that runs solve or do not, the share of seeds that solve them."""
    runs = graded(evidence)
    tops = {task: scale.top for task, scale in evidence.scales.items()}
    runs = runs.assign(score=runs["quality"], floor=runs["baseline"], ceiling=of_task(runs, tops))
    for task, scale in evidence.scales.items():
        mine = runs["task"] == task
        if scale.kind == "solve" and mine.any():
            runs.loc[mine, "score"] = scale.solves(runs.loc[mine, "quality"].to_numpy(float))
            runs.loc[mine, ["floor", "ceiling"]] = 0.0, 1.0
    return runs


@measure(task_margin=True, at_end=True)
def quality_at_largest(evidence: Evidence) -> pd.DataFrame:
    """Test quality at the task's largest training-set size, as the measure ``quality`` has it."""
    every = quality.scores(evidence)
    return every[every["value"].map(str) == every["task"].map(evidence.largest).map(str)]


@measure(task_margin=True, at_end=True, over_rates=True)
def quality_untuned(evidence: Evidence) -> pd.DataFrame:
    """Quality without tuning: the mean over all learning rates of the grid.

    Both arms have the same rates, so this asks which one suffers less from a rate that was not chosen for it.
    """
    return _over_rates(quality.scores(evidence))


@measure("points of the share of learning rates that train", over_rates=True, most=100.0)
def trainable(evidence: Evidence) -> pd.DataFrame:
    """The share of learning rates with which a network trains at all, in points of a hundred.

    A rate trains a network if the run completes and beats the trivial baseline.
    """
    runs = graded(evidence)
    least = of_task(runs, {task: NEGLIGIBLE * scale.margin for task, scale in evidence.scales.items()})
    trained = ~runs["diverged"].astype(bool) & (runs["quality"] - runs["baseline"] > least)
    return _over_rates(runs.assign(score=100.0 * trained))


def _over_rates(scored: pd.DataFrame) -> pd.DataFrame:
    """Scores averaged over the rates that the study began with, for seeds that have all of them."""
    first = scored[~scored["added"].astype(bool)]
    rates = first.groupby(["task", "value"])["rate"].transform("nunique")
    table = (
        first.assign(rates=rates)
        .groupby(["arm", "task", "value", "seed"], as_index=False, sort=False)
        .agg(
            score=("score", "mean"),
            cut=("cut", "mean"),
            diverged=("diverged", "mean"),
            found=("rate", "nunique"),
            rates=("rates", "first"),
        )
    )
    return table[table["found"] == table["rates"]].drop(columns=["found", "rates"])
