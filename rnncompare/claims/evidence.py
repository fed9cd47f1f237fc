"""What a claim is judged by: its runs, their curves and its measurements; and the runs with their scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.claims.scale import NEGLIGIBLE, Scale

if TYPE_CHECKING:
    import pandas as pd


MOST_CUT = 0.2  # of the runs of an arm that its verdict rests on


@dataclass(frozen=True)
class Evidence:
    """The evidence for one claim.

    Attributes:
        runs: as `rnncompare.load_records` returns them, with ``arm`` (the claim's name for the model), ``task`` (of the
            study), ``axis`` and ``value`` (of what is varied), ``rate`` (the learning rate), ``seed``, and ``added``:
            False for the initial rates, True for those added when the range grew.
        curves: learning curves of these runs, with ``run_id``.
        probes: measurements as `rnncompare.measurements.store.load_measurements` returns them, with ``arm``.
        scales: how each task is scored, by its name.
        looks: after how many pairs the study was to be looked at.
        largest: the largest value of each task's axis, by the task's name, whether it was trained or not.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    scales: dict[str, Scale] = field(default_factory=dict)
    looks: tuple[int, ...] = (10,)
    largest: dict[str, Any] = field(default_factory=dict)


def graded(evidence: Evidence) -> pd.DataFrame:
    """The runs of a claim with their scores, as `Scale` defines them; runs that diverged or failed count as the worst.

    Args:
        evidence: at least one of its runs is scored (`is_scored`); tasks without a scored run are left out.

    Returns:
        ``evidence.runs`` with ``quality`` (on the test split), ``validation`` (the same on the validation split, which
        chooses the rate; the baseline at a rate that gives way to another), ``loss`` (the validation loss, which breaks
        ties; infinite if there is none), ``baseline`` (the trivial predictor's score), ``cut`` (whether the budget
        ended training before it settled) and ``diverged``.
    """
    import pandas as pd

    tasks = evidence.runs.groupby("task", sort=False)
    return pd.concat([_task(runs.copy(), evidence) for _, runs in tasks if is_scored(runs)], ignore_index=True)


def is_scored(runs: pd.DataFrame) -> bool:
    """Whether any of the runs got far enough to record the trivial predictor's score."""
    return len(runs) > 0 and bool(runs["quality.baseline"].notna().any())


def _task(runs: pd.DataFrame, evidence: Evidence) -> pd.DataFrame:
    scale = evidence.scales[str(runs["task"].iloc[0])]
    baseline = runs["quality.baseline"].astype(float)
    by_value = baseline.groupby(runs["value"].map(str)).transform("mean")
    baseline = baseline.fillna(by_value).fillna(baseline.mean())  # a run that failed did not record its own
    lost = runs["status"] != "completed"
    runs["quality"] = scale.scores(runs["quality.test"].astype(float).mask(lost), baseline)
    runs["validation"] = scale.scores(runs["quality.validation"].astype(float).mask(lost), baseline)
    runs["loss"] = runs["quality.validation_loss"].astype(float).mask(lost).fillna(np.inf)
    runs["baseline"] = scale.factor * (1 if scale.higher_is_better else -1) * baseline
    runs["diverged"] = lost
    runs["cut"] = ~lost & (runs["quality.converged"].astype(object) != True)  # noqa: E712  (null is not known to be)
    if scale.kind == "solve":
        runs["cut"] &= scale.solves(runs["quality"].to_numpy()) == 0
    runs["validation"] = runs["validation"].mask(_gives_way(runs, scale), runs["baseline"])
    return runs


def _gives_way(runs: pd.DataFrame, scale: Scale) -> pd.Series:
    """The runs at rates that are no candidates, since an arm's runs are cut there and end at one that is as good.

    A low rate may win by a thousandth of a bit, and then tells how far a run gets, not where it ends.
    """
    arm = [runs["arm"], runs["value"].map(str)]
    cut, mean = (runs[name].groupby([*arm, runs["rate"]]).transform("mean") for name in ("cut", "validation"))
    as_good = mean >= mean.groupby(arm).transform("max") - NEGLIGIBLE * scale.margin
    return (cut > MOST_CUT) & ((cut <= MOST_CUT) & as_good).groupby(arm).transform("any")


def of_task(runs: pd.DataFrame, values: Mapping[str, float] | pd.Series) -> pd.Series:
    """A number for each run, by its task; numeric even without runs, where a plain map would give text."""
    return runs["task"].map(values).astype(float)


def along(runs: pd.DataFrame, column: str) -> pd.DataFrame:
    """The runs with ``place``, their condition's position on its axis, and ``step``, octaves above the one before.

    ``values`` is the number of conditions. Only those that the arm itself was trained in count, since another arm of
    the claim may have been trained in more.

    Args:
        runs: graded.
        column: holds the position, a number above 0.
    """
    import pandas as pd

    parts = []
    for _, group in runs.groupby(["task", "arm"], sort=False):
        places = group.groupby(group["value"].map(str))[column].median().astype(float)
        logs = np.log2(places.sort_values())
        step = logs.diff().fillna(1.0)  # the smallest counts as a doubling: nothing below it was tried
        label = group["value"].map(str)
        parts.append(group.assign(place=label.map(logs), step=label.map(step), values=len(places)))
    return pd.concat(parts, ignore_index=True)
