"""How long a lag a network bridges, in octaves (factors of two)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import along, graded, of_task

if TYPE_CHECKING:
    import pandas as pd

UNIT = "octaves (factors of two) of the lags solved"
TASK_MARGIN = False
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """Of the lags tried, the octaves that the network solves.

    One arm less the other is by how many octaves longer it remembers. Every lag counts for itself, so the learning
    rate is chosen at each of them; the tasks say from which score a lag is solved.
    """
    runs = along(graded(evidence), "value")
    least = {task: scale.solving_score for task, scale in evidence.scales.items() if scale.kind == "solve"}
    runs = runs[runs["task"].isin(list(least))]
    solved = runs["quality"] >= of_task(runs, least)
    octaves = runs["values"] * runs["step"]
    return runs.assign(score=octaves * solved, floor=0.0, ceiling=octaves)
