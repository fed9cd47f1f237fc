"""How few training examples a quality takes, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

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

    runs = quality.scores(evidence).dropna(subset="data.train_examples")
    rows = []
    for (task, arm, seed), curve in runs.sort_values("value").groupby(["task", "arm", "seed"], sort=False):
        size, reached = _crossing(np.log(curve["data.train_examples"].to_numpy(float)), curve["score"].to_numpy())
        rows.append((task, None, arm, seed, -size, reached))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score", "reached"])


def _crossing(sizes: np.ndarray, curve: np.ndarray) -> tuple[float, bool]:
    """Where ``curve`` first reaches the target, and whether it does."""
    above = np.flatnonzero(curve >= TARGET)
    if not len(above):
        return float(sizes[-1]), False
    first = above[0]
    if first == 0:
        return float(sizes[0]), True
    share = (TARGET - curve[first - 1]) / (curve[first] - curve[first - 1])
    return float(sizes[first - 1] + share * (sizes[first] - sizes[first - 1])), True
