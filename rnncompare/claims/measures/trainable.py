"""The share of runs that neither diverge nor end below the trivial baseline, in points of a hundred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = "points of the share of settings that train"


def scores(evidence: Evidence) -> pd.DataFrame:
    """100 for a run that completed and beat the baseline, else 0."""
    runs = quality.scores(evidence)
    trained = (runs["status"] == "completed") & (runs["score"] > 0)
    return runs.assign(score=100.0 * trained, informative=True)
