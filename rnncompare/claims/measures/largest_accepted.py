"""The largest n of a counting language that a network accepts, in octaves (factors of two)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded
from rnncompare.claims.measures.beyond_length import by_length

if TYPE_CHECKING:
    import pandas as pd

UNIT = "octaves (factors of two) of the largest n accepted"
TASK_MARGIN = False
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """Log2 of the largest n tested up to which all are accepted; of the largest n trained where none beyond it is."""
    runs = graded(evidence)
    table = by_length(runs)
    accepted = (table == 1.0) | table.isna()
    run_up = accepted.cumprod(axis=1).astype(bool) & table.notna()
    trained = runs["config.data.sequence_length"].to_numpy(dtype=float)
    largest = np.where(run_up, table.columns.to_numpy(dtype=float), -np.inf).max(axis=1, initial=-np.inf)
    largest = np.where(runs["diverged"].astype(bool), -np.inf, largest)
    return runs.assign(score=np.log2(np.maximum(largest, trained)))
