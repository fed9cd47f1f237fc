"""Sooner or better: the difference between two arms over the course of training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.scale import Scale
from rnncompare.statistics import ArmGrid, cross_fit, difference_band
from rnncompare.statistics.tuned import FEWEST_SEEDS

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["updates", "FLOPs", "seconds"]

BUDGETS = 12
PRICES: dict[Unit, str] = {"FLOPs": "model.flops_per_update", "seconds": "speed.step_ms_median"}  # of an update


def course(
    evidence: Evidence,
    task: str,
    value: str,
    arms: tuple[str, str],
    seeds: list[int],
    rates: list[float],
    unit: Unit = "updates",
) -> pd.DataFrame | None:
    """The difference in quality had training stopped at each of several budgets, evenly spaced on a log scale.

    A run's quality at a budget is its best validation up to then; a run that ended earlier keeps its last. The rate is
    chosen anew for each budget, by validation on one half of the seeds, and judged on the other half, also by
    validation, because the test split is scored only once.

    Args:
        evidence: with the curves.
        task: of the study.
        value: of its axis.
        arms: the two to compare.
        seeds: to compare on.
        rates: those that both arms have on all of these seeds.
        unit: of the budgets: updates; floating-point operations of their forward and backward passes; or their seconds,
            an arm's at the median time of its runs' updates, so that one run's slow moments decide nothing.

    Returns:
        ``spent``, ``effect``, ``low``, ``high``, ``band_low`` and ``band_high``; None if there are no such runs or no
        curves, or the price of an update is not known for every arm.
    """
    import pandas as pd

    if len(seeds) < FEWEST_SEEDS or not len(evidence.curves):
        return None
    runs = evidence.runs
    mine = runs[(runs["task"] == task) & (runs["value"].map(str) == value)]
    wanted = mine[mine["arm"].isin(arms) & mine["seed"].isin(seeds) & mine["rate"].isin(rates)]
    if wanted.empty:
        return None
    price = dict.fromkeys(arms, 1.0)
    if unit != "updates":
        if PRICES[unit] not in wanted:
            return None
        price = wanted.groupby("arm")[PRICES[unit]].median().to_dict()
        if not all(price.get(arm, 0) > 0 for arm in arms):
            return None
    each = dict(zip(wanted["run_id"], wanted["arm"].map(price) / (1000 if unit == "seconds" else 1), strict=True))
    curves = {
        run: curve.assign(spent=curve["update"] * each[run])
        for run, curve in evidence.curves[evidence.curves["run_id"].isin(wanted["run_id"])].groupby("run_id")
    }
    if not curves:
        return None
    least = min(float(curve["spent"].iloc[0]) for curve in curves.values())
    most = max(float(curve["spent"].iloc[-1]) for curve in curves.values())
    budgets = np.geomspace(least, most, BUDGETS)
    if unit == "updates":
        budgets = np.unique(budgets.round())
    scale = evidence.scales[task]
    grids = [_grids(wanted[wanted["arm"] == arm], curves, budgets, scale, seeds, rates) for arm in arms]
    pseudo = np.stack([cross_fit(one, other).pseudo_values for one, other in zip(*grids, strict=True)], axis=1)
    band = difference_band(pseudo)
    return pd.DataFrame(
        {
            "spent": budgets,
            "effect": band.mean,
            "low": band.low,
            "high": band.high,
            "band_low": band.simultaneous_low,
            "band_high": band.simultaneous_high,
        }
    )


def _grids(
    runs: pd.DataFrame,
    curves: dict[str, pd.DataFrame],
    budgets: np.ndarray,
    scale: Scale,
    seeds: list[int],
    rates: list[float],
) -> list[ArmGrid]:
    """An arm's grid at each budget."""
    shape = (len(budgets), len(rates), len(seeds))
    quality, loss = np.empty(shape), np.full(shape, np.inf)
    worst = scale.oriented(float(runs["quality.baseline"].mean()))
    quality[:] = worst
    sign = 1 if scale.higher_is_better else -1
    for run in runs.itertuples(index=False):
        curve = curves.get(run.run_id)
        if curve is None or run.status != "completed":
            continue
        best = np.maximum.accumulate(sign * curve["validation_metric"].to_numpy(float)) * scale.factor
        lowest = np.minimum.accumulate(curve["validation_loss"].to_numpy(float))
        at = np.searchsorted(curve["spent"].to_numpy(), budgets, side="right") - 1
        place = (slice(None), rates.index(run.rate), seeds.index(run.seed))
        reached = at >= 0
        quality[place] = np.where(reached, np.clip(best[at], worst, max(worst, scale.top)), worst)
        loss[place] = np.where(reached, lowest[at], np.inf)
    return [ArmGrid(np.array(rates), quality[k], loss[k], quality[k]) for k in range(len(budgets))]
