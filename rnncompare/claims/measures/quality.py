"""Test quality in the task's own unit; on tasks that runs solve or do not, the share of seeds that solve them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.graded import graded, of_task

if TYPE_CHECKING:
    import pandas as pd

UNIT = ""
TASK_MARGIN = True
AT_END = True


def scores(evidence: Evidence) -> pd.DataFrame:
    """The quality of each run; 1 or 0 for one that solved its task or did not."""
    return of_kind(graded(evidence), evidence)


def of_kind(runs: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    """Graded runs with their ``score``."""
    tops = {task: scale.top for task, scale in evidence.scales.items()}
    runs = runs.assign(score=runs["quality"], floor=runs["baseline"], ceiling=of_task(runs, tops))
    for task, scale in evidence.scales.items():
        mine = runs["task"] == task
        if scale.kind == "solve" and mine.any():
            runs.loc[mine, "score"] = scale.solves(runs.loc[mine, "quality"].to_numpy(float))
            runs.loc[mine, ["floor", "ceiling"]] = 0.0, 1.0
    return runs
