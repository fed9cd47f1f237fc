"""How much quality gains from data: its slope over the logarithm of the training-set size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality
from rnncompare.statistics import slopes_over_log_size

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the way to the optimum, for each doubling of the data"


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each task, arm and seed, the least-squares slope of ``quality`` over log2 of the size.

    The difference of two arms' slopes is the slope of their difference: the interaction of cell and size.
    """
    import pandas as pd

    rows = [
        (task, None, arm, seed, float(slopes_over_log_size(curve["data.train_examples"], curve["score"])))
        for (task, arm, seed), curve in quality.curves(evidence, "data.train_examples")
        if len(curve) > 1
    ]
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])
