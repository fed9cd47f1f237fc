"""Sooner or better: the difference between two arms over the course of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

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
HARDWARE = "provenance.hardware"
COLUMNS = ("task", "value", "arm", "seed", "rate", "run_id", "status", "quality.baseline", HARDWARE, *PRICES.values())


@dataclass(frozen=True)
class _Curve:
    """A run's best scores so far, after each validation."""

    updates: np.ndarray
    quality: np.ndarray
    loss: np.ndarray


def courses(
    evidence: Evidence, task: str, value: str, arms: tuple[str, str], seeds: list[int], rates: list[float]
) -> dict[str, pd.DataFrame]:
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

    Returns:
        ``spent``, ``effect``, ``low``, ``high``, ``band_low`` and ``band_high`` by the unit of the budgets: updates;
        floating-point operations of their forward and backward passes; or their seconds, an arm's at the median time of
        its runs' updates on a machine that trained both, so that one run's slow moments decide nothing. Empty if there
        are no such runs or no curves; without a unit in which the price of an update is not known for every arm.
    """
    if len(seeds) < FEWEST_SEEDS or not len(evidence.curves):
        return {}
    runs = evidence.runs[[name for name in COLUMNS if name in evidence.runs]]
    mine = runs[(runs["task"] == task) & (runs["value"].map(str) == value)]
    mine = mine[mine["arm"].isin(arms) & mine["seed"].isin(seeds) & mine["rate"].isin(rates)]
    scale = evidence.scales[task]
    curves = _curves(evidence.curves, set(mine["run_id"]), scale)
    if not curves:
        return {}
    arm_of = dict(zip(mine["run_id"], mine["arm"], strict=True))
    found: dict[str, pd.DataFrame] = {}
    for unit in get_args(Unit):
        price = _prices(mine, arms, unit)
        if price is not None:
            spent = {run: curve.updates * price[arm_of[run]] for run, curve in curves.items()}
            budgets = _budgets(spent, unit)
            grids = [_grids(mine[mine["arm"] == arm], curves, spent, budgets, scale, seeds, rates) for arm in arms]
            found[unit] = _band(budgets, *grids)
    return found


def _curves(curves: pd.DataFrame, runs: set[str], scale: Scale) -> dict[str, _Curve]:
    mine = curves[curves["run_id"].isin(runs)]
    sign = 1 if scale.higher_is_better else -1
    updates, metric, loss = (mine[name].to_numpy(float) for name in ("update", "validation_metric", "validation_loss"))
    return {
        run: _Curve(
            updates[at],
            np.maximum.accumulate(sign * metric[at]) * scale.factor,
            np.minimum.accumulate(loss[at]),
        )
        for run, at in mine.groupby("run_id").indices.items()
    }


def _prices(runs: pd.DataFrame, arms: tuple[str, str], unit: Unit) -> dict[str, float] | None:
    """What an update costs each arm; None if that is not known for both."""
    if unit == "updates":
        return dict.fromkeys(arms, 1.0)
    if PRICES[unit] not in runs:
        return None
    if unit == "seconds" and HARDWARE in runs:
        runs = runs[runs[HARDWARE] == _shared_hardware(runs, arms)]
    prices = (runs.groupby("arm")[PRICES[unit]].median() / (1000 if unit == "seconds" else 1)).to_dict()
    return prices if all(prices.get(arm, 0) > 0 for arm in arms) else None


def _shared_hardware(runs: pd.DataFrame, arms: tuple[str, str]) -> str | None:
    """The machine on which the arm with fewer runs there has most; None where no machine has runs of both."""
    counts = [runs.loc[runs["arm"] == arm, HARDWARE].value_counts() for arm in arms]
    both = counts[0].combine(counts[1], min, fill_value=0)
    return str(both.idxmax()) if both.max() > 0 else None


def _budgets(spent: dict[str, np.ndarray], unit: Unit) -> np.ndarray:
    budgets = np.geomspace(min(each[0] for each in spent.values()), max(each[-1] for each in spent.values()), BUDGETS)
    return np.unique(budgets.round()) if unit == "updates" else budgets


def _grids(
    runs: pd.DataFrame,
    curves: dict[str, _Curve],
    spent: dict[str, np.ndarray],
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
    for run in runs.itertuples(index=False):
        curve = curves.get(run.run_id)
        if curve is None or run.status != "completed":
            continue
        at = np.searchsorted(spent[run.run_id], budgets, side="right") - 1
        place = (slice(None), rates.index(run.rate), seeds.index(run.seed))
        reached = at >= 0
        quality[place] = np.where(reached, np.clip(curve.quality[at], worst, max(worst, scale.top)), worst)
        loss[place] = np.where(reached, curve.loss[at], np.inf)
    return [ArmGrid(np.array(rates), quality[k], loss[k], quality[k]) for k in range(len(budgets))]


def _band(budgets: np.ndarray, first: list[ArmGrid], second: list[ArmGrid]) -> pd.DataFrame:
    """The difference at each budget, with its interval and the band over all."""
    import pandas as pd

    pseudo = np.stack([cross_fit(one, other).pseudo_values for one, other in zip(first, second, strict=True)], axis=1)
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
