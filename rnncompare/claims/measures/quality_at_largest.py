"""Test quality at the largest training-set size, as the measure ``quality`` has it."""

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
    """The scores of ``quality`` where each task has the most training examples."""
    every = quality.scores(evidence)
    size = every["data.train_examples"].astype(float)
    return every[size == size.groupby(every["task"]).transform("max")]
