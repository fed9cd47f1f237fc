"""The share of learning rates with which a network trains at all, in points of a hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded, of_task
from rnncompare.claims.measures.quality_untuned import over_rates
from rnncompare.claims.scale import NEGLIGIBLE

if TYPE_CHECKING:
    import pandas as pd

UNIT = "points of the share of learning rates that train"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each arm, condition and seed, how many of 100 rates lead to more than the trivial baseline, undiverged."""
    runs = graded(evidence)
    least = of_task(runs, {task: NEGLIGIBLE * scale.margin for task, scale in evidence.scales.items()})
    trained = ~runs["diverged"].astype(bool) & (runs["quality"] - runs["baseline"] > least)
    return over_rates(runs.assign(score=100.0 * trained))
