"""Two arms on one task: their scores as grids of learning rates by seeds, the same rates and seeds for both."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rnncompare.claims.scale import NEGLIGIBLE
from rnncompare.statistics import ArmGrid, CrossFit, cross_fit

if TYPE_CHECKING:
    import pandas as pd

PARTS = ("validation", "loss", "score", "cut", "diverged", "floor", "ceiling")
# defaults for scores without a chosen rate or without an end
WITHOUT: dict[str, Any] = {"rate": 0.0, "validation": 0.0, "loss": 0.0, "added": False, "cut": 0.0, "diverged": 0.0}
WITHOUT |= {"floor": math.nan, "ceiling": math.nan}
Side = Literal["low", "high"]  # of a range of learning rates


@dataclass(frozen=True)
class Condition:
    """Two arms at one value of a task's axis.

    Attributes:
        value: of the axis; empty where there is none.
        first: the first arm's grid, ``test`` being the measure's score.
        second: the second arm's.
        cut: for each arm, the share of runs cut by their budget at each rate, ``(R,)``.
        diverged: the same for runs that diverged or failed.
        floor: the score of the trivial predictor, or of a run that solves nothing; NaN where there is none.
        ceiling: the best score there is; NaN where it is unknown.
    """

    value: str
    first: ArmGrid
    second: ArmGrid
    cut: tuple[np.ndarray, np.ndarray]
    diverged: tuple[np.ndarray, np.ndarray]
    floor: float = math.nan
    ceiling: float = math.nan

    @property
    def grids(self) -> tuple[ArmGrid, ArmGrid]:
        return self.first, self.second

    def fit(self) -> CrossFit:
        """The two arms compared, each at rates chosen without the seed that is judged."""
        return cross_fit(self.first, self.second)

    def take(self, seeds: Sequence[int] | np.ndarray) -> tuple[ArmGrid, ArmGrid]:
        """The grids of some of the seeds, by position."""
        one, other = (
            ArmGrid(grid.rates, grid.validation[:, seeds], grid.loss[:, seeds], grid.test[:, seeds])
            for grid in self.grids
        )
        return one, other


@dataclass(frozen=True)
class Comparison:
    """Two arms on one task.

    Attributes:
        task: of the study, or the shape of a measurement.
        seeds: that all conditions have, in order.
        conditions: one a value of the task's axis.
    """

    task: str
    seeds: list[int]
    conditions: list[Condition]


def comparisons(scored: pd.DataFrame, first: str, second: str, looks: Sequence[int]) -> Iterator[Comparison]:
    """The comparisons that the scores allow between two arms, task by task.

    A seed counts once both arms have it at every initial rate in every condition. Only as many of these seeds are used
    as the last look that they are enough for. An added rate counts once both arms have it on all of these seeds.

    Args:
        scored: the table of a measure.
        first: name of an arm.
        second: name of the other.
        looks: after how many pairs the study is looked at.
    """
    mine = scored[scored["arm"].isin([first, second])]
    mine = mine.assign(
        value=mine["value"].map(label), **{name: value for name, value in WITHOUT.items() if name not in mine}
    )[["task", "value", "arm", "rate", "seed", "added", *PARTS]].astype(dict.fromkeys(PARTS, float))
    for task, runs in mine.groupby("task", sort=False):
        values = list(dict.fromkeys(runs["value"]))
        tables = {key: _tables(of_arm) for key, of_arm in runs.groupby(["value", "arm"], sort=False)}
        if len(tables) < 2 * len(values):
            continue
        began = {
            value: sorted(set(runs.loc[(runs["value"] == value) & ~runs["added"].astype(bool), "rate"]))
            for value in values
        }
        seeds = _common_seeds({key: table["score"] for key, table in tables.items()}, began, looks)
        if seeds:
            yield Comparison(str(task), seeds, [_condition(value, tables, first, second, seeds) for value in values])


def label(value: object) -> str:
    """A condition's value, of whatever type, as text; empty for none."""
    return "" if value is None or value != value else f"{value}"


def _tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each part of an arm's scores, rates by seeds."""
    import pandas as pd

    if runs.duplicated(["rate", "seed"]).any():
        raise ValueError("an arm has two scores at one rate on one seed")
    rates, row = np.unique(runs["rate"], return_inverse=True)
    seeds, column = np.unique(runs["seed"], return_inverse=True)
    tables = np.full((len(PARTS), len(rates), len(seeds)), math.nan)
    tables[:, row, column] = runs[list(PARTS)].to_numpy().T  # pandas' pivot took a fifth of the time of judging
    return {part: pd.DataFrame(table, rates, seeds) for part, table in zip(PARTS, tables, strict=True)}


def _common_seeds(
    scores: dict[tuple[str, str], pd.DataFrame], began: dict[str, list[float]], looks: Sequence[int]
) -> list[int]:
    """The seeds to compare on."""
    common: set[int] | None = None
    for (value, _), table in scores.items():
        whole = table.reindex(began[value]).notna().all(axis=0)
        found = {int(seed) for seed in table.columns[whole]}
        common = found if common is None else common & found
    seeds = sorted(common or ())
    whole_look = max((look for look in looks if look <= len(seeds)), default=len(seeds))
    return seeds[:whole_look]


def _condition(
    value: str,
    tables: dict[tuple[str, str], dict[str, pd.DataFrame]],
    first: str,
    second: str,
    seeds: list[int],
) -> Condition:
    pair = [tables[value, arm] for arm in (first, second)]
    shared = [
        set(table["score"].index[table["score"].reindex(columns=seeds).notna().all(axis=1)].tolist()) for table in pair
    ]
    rates = sorted(shared[0] & shared[1])
    parts = [{name: table[name].reindex(index=rates, columns=seeds) for name in PARTS} for table in pair]
    one, other = (
        ArmGrid(np.array(rates), *(part[name].to_numpy() for name in ("validation", "loss", "score"))) for part in parts
    )
    cut, diverged = (
        (parts[0][name].mean(axis=1).to_numpy(), parts[1][name].mean(axis=1).to_numpy()) for name in ("cut", "diverged")
    )
    floor, ceiling = (
        float(np.nanmean(parts[0][name])) if parts[0][name].notna().any(axis=None) else math.nan
        for name in ("floor", "ceiling")
    )
    return Condition(value, one, other, cut, diverged, floor, ceiling)


def end_that_matters(grid: ArmGrid, margin: float) -> Side | None:
    """The end of the grid at which an arm's best rate lies, if rates beyond it could matter.

    If the end is better than its neighbour by less than what counts as an improvement in training (a quarter of the
    margin), as when all rates solve a task, the range does not grow.

    Args:
        grid: of the arm, its validation scores in the unit of the margin.
        margin: of the task.
    """
    side = grid.at_edge
    if side == "":
        return None
    inner = 1 if side == "low" else -2
    mean = grid.validation.mean(axis=1)
    return side if mean[grid.chosen] - mean[inner] > NEGLIGIBLE * margin else None
