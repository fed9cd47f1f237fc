"""The test metric in its own unit, such as bits a character."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = "in the metric's own unit"


def scores(evidence: Evidence) -> pd.DataFrame:
    """The metric, its sign changed where lower is better; a run without a score counts as the baseline."""
    runs = quality.scores(evidence)
    sign = np.where(runs["quality.higher_is_better"].astype(bool), 1.0, -1.0)
    return runs.assign(score=sign * runs["quality.test"].fillna(runs["quality.baseline"]))
