"""Test quality at the largest training-set size, on the scale of the measure ``quality``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = quality.UNIT


def scores(evidence: Evidence) -> pd.DataFrame:
    """The scores of ``quality`` at the largest value of each task."""
    every = quality.scores(evidence)
    return every[every["value"] == every.groupby("task")["value"].transform("max")]
