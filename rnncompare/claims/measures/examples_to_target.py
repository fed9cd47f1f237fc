"""How few training examples a quality takes, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality
from rnncompare.statistics import size_at_target

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of training-set sizes"
TARGET = 0.8  # of the way from the trivial baseline to the optimum


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each task, arm and seed, minus the log of the size at which ``quality`` first reaches the target.

    Interpolated over the log of the size; a curve that starts above the target counts as reaching it at the smallest
    size, which can only make a difference smaller; one that never reaches it is a bound, at the largest.
    """
    import pandas as pd

    rows = []
    for (task, arm, seed), curve in quality.curves(evidence, "data.train_examples"):
        found = size_at_target(curve["data.train_examples"], curve["score"], TARGET)
        rows.append((task, None, arm, seed, -np.log(found.size), found.reached))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score", "reached"])
