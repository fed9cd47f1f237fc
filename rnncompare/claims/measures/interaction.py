"""How much quality gains from data: its slope over the logarithm of the training-set size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the way to the optimum, for each doubling of the data"


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each task, arm and seed, the least-squares slope of ``quality`` over log2 of the size.

    The difference of two arms' slopes is the slope of their difference: the interaction of cell and size.
    """
    import pandas as pd

    runs = quality.scores(evidence).dropna(subset="data.train_examples")
    rows = []
    for (task, arm, seed), curve in runs.groupby(["task", "arm", "seed"], sort=False):
        sizes = np.log2(curve["data.train_examples"].to_numpy(dtype=float))
        if len(sizes) > 1 and len(sizes) == runs.loc[runs["task"] == task, "value"].nunique():
            rows.append((task, None, arm, seed, np.polyfit(sizes, curve["score"], 1)[0]))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])
