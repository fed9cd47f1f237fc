"""Test quality on a scale from the trivial baseline (0) to the optimum (1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the way from the trivial baseline to the optimum"
CEILING = 0.99  # means of all arms above it leave nothing to tell apart


def scores(evidence: Evidence) -> pd.DataFrame:
    """One score for each run that completed or diverged.

    Where the optimum is unknown, the best test quality of any run of the condition takes its place; an accuracy's is 1.
    A run that diverged before it had a score counts as the baseline, and so does every run of a condition without known
    optimum in which none beats it. A condition is uninformative where no arm beats the baseline on average, or all are
    at a known optimum.
    """
    import pandas as pd

    runs = evidence.runs[evidence.runs["status"] != "failed"]
    parts = [_condition(group.copy()) for _, group in runs.groupby(["task", "value"], sort=False)]
    return pd.concat(parts, ignore_index=True) if parts else runs.assign(score=[])


def curves(evidence: Evidence, along: str) -> Iterator[tuple[tuple[str, str, int], pd.DataFrame]]:
    """The scored runs of each task, arm and seed by rising ``along``, where there is one at each of the task's values.

    A curve that lacks a value (a run failed, or is still to come) is left out: it does not compare with a whole one.

    Args:
        evidence: of which `scores` are made.
        along: the column of what is varied, a number.

    Yields:
        ``(task, arm, seed)``, and a row for each value with its ``score``.
    """
    runs = scores(evidence)
    values = runs.groupby("task")["value"].nunique()
    for (task, arm, seed), curve in runs.sort_values(along).groupby(["task", "arm", "seed"], sort=False):
        if curve[along].nunique() == values[task]:
            yield (task, arm, seed), curve


def _condition(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of one task and value with their ``score``, and whether the condition is ``informative``."""
    higher = bool(runs["quality.higher_is_better"].dropna().iloc[0]) if runs["quality.test"].notna().any() else True
    known = runs["quality.optimum"].dropna()
    if runs["quality.metric"].eq("accuracy").any():
        best, is_known = 1.0, True
    elif len(known):
        best, is_known = float(known.iloc[0]), True
    else:
        best, is_known = float(runs["quality.test"].max() if higher else runs["quality.test"].min()), False
    baseline = runs["quality.baseline"].fillna(runs["quality.baseline"].mean())
    way = best - baseline
    way = way.where(way > 0 if higher else way < 0)  # a best that is worse than the baseline would turn the scale round
    runs["score"] = ((runs["quality.test"] - baseline) / way).fillna(0.0)
    means = runs.groupby("arm")["score"].mean()
    at_ceiling = is_known and bool((means > CEILING).all())
    runs["informative"] = bool((means > 0).any()) and not at_ceiling
    return runs
