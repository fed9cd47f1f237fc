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


@dataclass(frozen=True)
class _Scores:
    """An arm's scores under one condition.

    Attributes:
        rates: rising, ``(R,)``.
        seeds: rising, ``(S,)``.
        began: the rates that the study began with.
        parts: each of `PARTS`, ``(R, S)``, NaN where there is no run.
    """

    rates: np.ndarray
    seeds: np.ndarray
    began: frozenset[float]
    parts: dict[str, np.ndarray]

    @classmethod
    def of(cls, runs: pd.DataFrame) -> _Scores:
        rates, row = np.unique(runs["rate"], return_inverse=True)
        seeds, column = np.unique(runs["seed"], return_inverse=True)
        if len(np.unique(row * len(seeds) + column)) < len(runs):
            raise ValueError("an arm has two scores at one rate on one seed")
        parts = np.full((len(PARTS), len(rates), len(seeds)), math.nan)
        parts[:, row, column] = runs[list(PARTS)].to_numpy().T
        began = frozenset(runs["rate"].to_numpy()[~runs["added"].to_numpy(bool)].tolist())
        return cls(rates, seeds, began, dict(zip(PARTS, parts, strict=True)))

    def whole(self, began: frozenset[float]) -> set[int]:
        """The seeds with a score at each of the rates ``began``."""
        score = self.parts["score"][np.isin(self.rates, list(began))]
        return set(self.seeds[~np.isnan(score).any(axis=0)].tolist()) if began <= set(self.rates.tolist()) else set()

    def on(self, seeds: Sequence[int]) -> _Scores:
        """The scores on some of the seeds, at the rates that all of these have."""
        columns = np.searchsorted(self.seeds, seeds)
        rows = ~np.isnan(self.parts["score"][:, columns]).any(axis=1)
        parts = {name: part[np.ix_(rows, columns)] for name, part in self.parts.items()}
        return _Scores(self.rates[rows], self.seeds[columns], self.began, parts)

    def at(self, rates: Sequence[float]) -> dict[str, np.ndarray]:
        """Each part at some of the rates."""
        rows = np.searchsorted(self.rates, rates)
        return {name: part[rows] for name, part in self.parts.items()}


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
        scores = {key: _Scores.of(of_arm) for key, of_arm in runs.groupby(["value", "arm"], sort=False)}
        if len(scores) < 2 * len(values):
            continue
        pairs = {value: (scores[value, first], scores[value, second]) for value in values}
        whole = (arm.whole(pair[0].began | pair[1].began) for pair in pairs.values() for arm in pair)
        seeds = sorted(set.intersection(*whole))
        seeds = seeds[: max((look for look in looks if look <= len(seeds)), default=len(seeds))]
        if seeds:
            yield Comparison(str(task), seeds, [_condition(value, *pair, seeds) for value, pair in pairs.items()])


def label(value: object) -> str:
    """A condition's value, of whatever type, as text; empty for none."""
    return "" if value is None or value != value else f"{value}"


def _condition(value: str, first: _Scores, second: _Scores, seeds: list[int]) -> Condition:
    arms = first.on(seeds), second.on(seeds)
    rates = sorted(set(arms[0].rates.tolist()) & set(arms[1].rates.tolist()))
    parts = arms[0].at(rates), arms[1].at(rates)
    one, other = (ArmGrid(np.array(rates), part["validation"], part["loss"], part["score"]) for part in parts)
    cut, diverged = ((parts[0][name].mean(axis=1), parts[1][name].mean(axis=1)) for name in ("cut", "diverged"))
    floor, ceiling = (
        math.nan if np.isnan(parts[0][name]).all() else float(np.nanmean(parts[0][name]))
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
