"""Tuning inside the measurement: arms compared at rates that were chosen without the seed they are judged on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations
from typing import Literal

import numpy as np

from rnncompare.statistics.decision import WiderOf
from rnncompare.statistics.proportions import PairedProportions
from rnncompare.statistics.studentised import StudentisedMean

MOST_SUBSETS = 2000
"""With up to 13 seeds all subsets are used; with more, a seeded sample of this many."""

FEWEST_SEEDS = 3

CHOICE_DEGREES = 2
"""Degrees of freedom of the luck of the choice: a choice is made on two halves that share no seed."""


@dataclass(frozen=True)
class ArmGrid:
    """An arm's scores in one condition: every learning rate on every seed. Larger scores are better.

    Attributes:
        rates: rising learning rates, ``(R,)``.
        validation: the scores that choose the rate, ``(R, n)``; a diverged run has the worst score there is.
        loss: validation losses, ``(R, n)``, which break ties of the mean validation score (smaller is better).
        test: the scores by which the chosen rate is judged, ``(R, n)``.

    Raises:
        ValueError: the shapes do not fit, the rates do not rise, or a number is NaN (or a score infinite).
    """

    rates: np.ndarray
    validation: np.ndarray
    loss: np.ndarray
    test: np.ndarray

    def __post_init__(self) -> None:
        for name in ("rates", "validation", "loss", "test"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=float))
        if self.rates.ndim != 1 or not len(self.rates) or not (np.diff(self.rates) > 0).all():
            raise ValueError(f"rates {self.rates.tolist()}: rising numbers are needed")
        for name in ("validation", "loss", "test"):
            values = getattr(self, name)
            if values.shape != self.validation.shape or values.ndim != 2 or len(values) != len(self.rates):
                raise ValueError(
                    f"{name} of shape {values.shape}: one row for each of {len(self.rates)} rates is needed"
                )
            finite = ~np.isnan(values) if name == "loss" else np.isfinite(values)
            if not finite.all():
                raise ValueError(f"{name} has values that are not numbers: a diverged run counts as the worst score")

    @property
    def seeds(self) -> int:
        """How many seeds there are."""
        return int(self.validation.shape[1])

    @cached_property
    def chosen(self) -> int:
        """The rate that all seeds together choose; of rates tied in score and loss, the middle one."""
        tied = np.flatnonzero(_choices(self, np.ones((1, self.seeds)))[:, 0])
        return int(tied[len(tied) // 2])

    @property
    def at_edge(self) -> Literal["", "low", "high"]:
        """``low`` or ``high`` if the chosen rate is the first or last of several, so that the range must grow."""
        if len(self.rates) == 1 or 0 < self.chosen < len(self.rates) - 1:
            return ""
        return "low" if self.chosen == 0 else "high"


def expected_best(grid: ArmGrid, trials: int) -> float:
    """The test score to expect of the run with the best validation among ``trials``, drawn without replacement.

    A trial is a run of the grid, at one of its rates with one of its seeds. The expectation is exact, over all draws
    (Dodge et al. 2019, who draw with replacement). Ties in validation go to the lower loss.

    Raises:
        ValueError: there are fewer runs than trials, or no trial.
    """
    runs = grid.test.size
    if not 1 <= trials <= runs:
        raise ValueError(f"trials {trials}: from 1 to the {runs} runs of the grid")
    worst_first = np.lexsort((-grid.loss.ravel(), grid.validation.ravel()))
    draws = [math.comb(below, trials - 1) for below in range(runs)]  # in which the run is the best
    return float(np.array(draws, dtype=float) @ grid.test.ravel()[worst_first] / math.comb(runs, trials))


@dataclass(frozen=True)
class CrossFit:
    """Two arms compared with the choice of the rate as part of each (see `cross_fit`).

    Attributes:
        first: each seed's score under the first arm at rates chosen without it, ``(n,)``.
        second: the same for the second arm.
        pseudo_values: the jackknife's, ``(n,)``: their mean is the estimate, their spread that of the whole procedure,
            including the choice of the rate. Use them wherever a method takes paired differences.
        first_choices: how often each rate of the first arm was chosen, ``(R,)``, shares that sum to 1.
        second_choices: the same for the second arm.
        widening: the factor by which the pseudo-values were spread, because two halves say little about the luck of a
            choice.
    """

    first: np.ndarray
    second: np.ndarray
    pseudo_values: np.ndarray
    first_choices: np.ndarray
    second_choices: np.ndarray
    widening: float

    @property
    def mean(self) -> float:
        """The estimate: how much better the first arm is than the second, each tuned on half of the seeds."""
        return float(np.mean(self.first - self.second))


def cross_fit(first: ArmGrid, second: ArmGrid) -> CrossFit:
    """Compare two tuned arms so that no seed is judged at a rate it helped to choose.

    The seeds are split in halves. On one half each arm's rate is chosen by mean validation score, with ties broken by
    mean validation loss; on the other half the chosen rates are compared by test score; then the halves swap roles
    (cross-fitting, Chernozhukov et al. 2018). A single split would add its own luck, so the result is the average over
    all splits, or over a fixed sample of them from 14 seeds on. Rates tied in score and loss share the choice equally.

    The variance is the jackknife's: each seed in turn is left out of both choosing and judging, and everything is
    repeated. Averaging over splits makes the estimate smooth in the data, which the jackknife needs; a single choice of
    the best rate is not smooth (Efron 2014, *Estimation and accuracy after model selection*). But the data say little
    about the luck of the choice, since only two halves share no seeds. So the part of the variance that comes from
    choosing counts with 2 degrees of freedom, against n - 1 for the rest (Satterthwaite 1946).

    Args:
        first: the arm for which a positive difference speaks.
        second: the arm it is compared with, at the same rates, on the same seeds.

    Raises:
        ValueError: the arms have different rates or numbers of seeds, or fewer than 3 seeds choose among rates.
    """
    if not np.array_equal(first.rates, second.rates):
        raise ValueError(f"unequal grids: rates {first.rates.tolist()} and {second.rates.tolist()}")
    n = first.seeds
    if second.seeds != n:
        raise ValueError(f"{n} seeds of one arm and {second.seeds} of the other do not pair")
    if len(first.rates) == 1:  # nothing is chosen
        one, other = first.test[0], second.test[0]
        return CrossFit(one, other, one - other, np.ones(1), np.ones(1), 1.0)
    if n < FEWEST_SEEDS:
        raise ValueError(f"{n} seeds: choosing a rate on some and judging it on others needs at least {FEWEST_SEEDS}")
    halves = _halves(n)
    choices = [_choices(grid, halves.choosing) for grid in (first, second)]
    one, other = (
        (choice @ halves.judged / halves.times * grid.test).sum(0)
        for choice, grid in zip(choices, (first, second), strict=True)
    )
    mean = float(np.mean(one - other))
    differences = choices[0].T @ first.test - choices[1].T @ second.test  # (S, n)
    # [i, j]: how seed i fares at rates chosen without i and without j
    without = (halves.judged * differences).T @ halves.judged / halves.together
    left_out = (without.sum(0) - np.diag(without)) / (n - 1)
    pseudo = n * mean - (n - 1) * left_out
    widening = _widening(float(np.var(pseudo)), float(np.var(one - other)), n)
    pseudo = mean + widening * (pseudo - pseudo.mean())
    return CrossFit(one, other, pseudo, choices[0].mean(1), choices[1].mean(1), widening)


def _widening(whole: float, judged: float, n: int) -> float:
    """How much wider Student's interval is because the luck of the choice has only `CHOICE_DEGREES` degrees of freedom.

    Args:
        whole: the variance of the pseudo-values.
        judged: the variance of the seeds at fixed shares of the rates, without the luck of the choice.
        n: how many seeds there are.
    """
    from scipy.special import stdtrit

    if not whole > judged:
        return 1.0
    chosen = whole - judged
    degrees = whole**2 / (judged**2 / (n - 1) + chosen**2 / CHOICE_DEGREES)
    return max(1.0, float(stdtrit(degrees, 0.975) / stdtrit(n - 1, 0.975)))


def tuned_difference(conditions: Sequence[tuple[ArmGrid, ArmGrid]], stepped: bool = False) -> StudentisedMean:
    """The mean over conditions of the tuned difference, an estimate that `decide_estimate` judges.

    The rate is chosen for each condition separately. The seed remains the replicate: its pseudo-values in all
    conditions are averaged, so conditions that share seeds may depend on each other.

    Args:
        conditions: the grids of the two arms, one pair per condition (or task), all on the same seeds.
        stepped: as of `StudentisedMean`.

    Raises:
        ValueError: there is no condition, or the grids do not fit each other.
    """
    fits = [cross_fit(first, second) for first, second in conditions]
    if not fits or len({len(fit.pseudo_values) for fit in fits}) > 1:
        raise ValueError("one or more conditions, all on the same seeds, are needed")
    return StudentisedMean(np.mean([fit.pseudo_values for fit in fits], axis=0), stepped)


def tuned_proportions(first: ArmGrid, second: ArmGrid) -> WiderOf:
    """The tuned difference of the shares of seeds that solve a task: an estimate that `decide_estimate` judges.

    Each limit of the interval is the farther of two: that of `PairedProportions`, exact without tuning, with the pairs
    won and lost counted at rates chosen without them and averaged over the splits; and that of `cross_fit`, which
    includes the luck of the choice.

    Args:
        first: the first arm; its test scores are 1 where the seed solves the task, else 0.
        second: the second arm, on the same rates and seeds.

    Raises:
        ValueError: a test score is neither 0 nor 1, or the grids do not fit each other.
    """
    if not all(np.isin(grid.test, (0.0, 1.0)).all() for grid in (first, second)):
        raise ValueError("test scores of solve-or-fail must be 0 or 1")
    fit = cross_fit(first, second)
    if len(first.rates) == 1:
        won, lost = first.test[0] * (1 - second.test[0]), second.test[0] * (1 - first.test[0])
    else:
        halves = _halves(first.seeds)
        one, other = (_choices(grid, halves.choosing).T @ grid.test for grid in (first, second))  # (S, n)
        won, lost = ((halves.judged * pairs).sum(0) / halves.times for pairs in (one * (1 - other), other * (1 - one)))
    wins, losses = float(won.sum()), float(lost.sum())
    return WiderOf(PairedProportions(wins, losses, first.seeds), StudentisedMean(fit.pseudo_values))


def _choices(grid: ArmGrid, choosing: np.ndarray) -> np.ndarray:
    """The share of each rate in the choice of each set of seeds ``(S, n)``: ``(R, S)``, columns that sum to 1."""
    best = _is_best(grid.validation @ choosing.T)
    if (best.sum(0) > 1).any():
        # infinite losses (diverged runs) times 0 would be NaN
        loss = np.nan_to_num(grid.loss, posinf=np.finfo(float).max / (4 * grid.seeds), neginf=-1e300 / grid.seeds)
        best = _is_best(np.where(best, -(loss @ choosing.T), -math.inf))
    return best / best.sum(0)


def _is_best(scores: np.ndarray) -> np.ndarray:
    """Which of the scores ``(R, S)`` are the largest of their column, apart from rounding."""
    top = scores.max(0)
    return scores >= top - 1e-9 * np.abs(top)


@dataclass(frozen=True)
class _Halves:
    """Ways to split the seeds, ``S`` of them.

    Attributes:
        choosing: 1 for a seed that chooses, else 0, ``(S, n)``.
        judged: 1 for a seed that is judged, else 0, ``(S, n)``.
        times: how often each seed is judged, ``(n,)``.
        together: how often each two are judged together, ``(n, n)``.
    """

    choosing: np.ndarray
    judged: np.ndarray
    times: np.ndarray
    together: np.ndarray


@lru_cache(maxsize=16)
def _halves(n: int) -> _Halves:
    """All ways to split ``n`` seeds, or a seeded sample of `MOST_SUBSETS`, each with the halves swapped."""
    size = n // 2
    if math.comb(n, size) <= MOST_SUBSETS:
        members = np.array(list(combinations(range(n), size)))
        choosing = np.zeros((len(members), n))
        np.put_along_axis(choosing, members, 1.0, axis=1)
    else:
        order = np.argsort(np.random.default_rng(n).random((MOST_SUBSETS // 2, n)), axis=1)
        choosing = np.concatenate([order < size, order >= n - size]).astype(float)
    judged = 1 - choosing
    return _Halves(choosing, judged, judged.sum(0), np.maximum(judged.T @ judged, 1))
