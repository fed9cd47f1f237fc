"""The longest lag that a network bridges, in octaves (factors of two)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import quality

if TYPE_CHECKING:
    import pandas as pd

UNIT = "octaves (factors of two) of the longest lag solved"
SOLVED = 0.5  # of the way from the trivial baseline, which ignores the lag, to the optimum


def scores(evidence: Evidence) -> pd.DataFrame:
    """For each task, arm and seed, log2 of the longest lag such that it and all shorter ones are solved.

    Where not even the shortest is, half of the shortest. A task is uninformative where no run solves its shortest lag,
    or all solve its longest.
    """
    import pandas as pd

    rows = []
    for (task, arm, seed), ladder in quality.curves(evidence, "value"):
        solved = (ladder["score"] >= SOLVED).cumprod().sum()
        values = ladder["value"].to_numpy(dtype=float)
        longest = values[solved - 1] if solved else values[0] / 2
        rows.append((task, None, arm, seed, np.log2(longest), solved / len(values)))
    table = pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score", "solved"])
    share = table.groupby("task")["solved"].agg(["min", "max"])
    return table.assign(informative=table["task"].map((share["max"] > 0) & (share["min"] < 1)))
