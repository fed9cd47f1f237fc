"""Quality without tuning: the mean over all learning rates of the grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = quality.UNIT
TASK_MARGIN = True
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each arm, condition and seed, the mean ``quality`` over the rates that the study began with.

    Both arms have the same rates, so this asks which one suffers less from a rate that was not chosen for it.
    """
    return over_rates(quality.scores(evidence))


def over_rates(scored: pd.DataFrame) -> pd.DataFrame:
    """Scores averaged over the rates that the study began with, for seeds that have all of them."""
    first = scored[~scored["added"].astype(bool)]
    rates = first.groupby(["task", "value"])["rate"].transform("nunique")
    keys = ["arm", "task", "value", "seed"]
    table = (
        first.assign(rates=rates)
        .groupby(keys, as_index=False, sort=False)
        .agg(
            score=("score", "mean"),
            cut=("cut", "mean"),
            diverged=("diverged", "mean"),
            found=("rate", "nunique"),
            rates=("rates", "first"),
        )
    )
    return table[table["found"] == table["rates"]].drop(columns=["found", "rates"])
