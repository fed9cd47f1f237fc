"""Pairs of two networks on a user's own data, judged at settings that were chosen without them."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.statistics import (
    ArmGrid,
    Decision,
    Interval,
    StudentisedMean,
    cross_fit,
    decide_estimate,
    pairs_to_settle,
)
from rnncompare.statistics.tuned import FEWEST_SEEDS
from rnncompare.studies.own_data.facts import Facts

if TYPE_CHECKING:
    import pandas as pd

MOST_CUT = 0.2  # of the runs at the chosen rate; with more, the networks were not trained to their end


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one model scored.

    Attributes:
        model: its name.
        rate: the learning rate that all of its seeds together choose by validation, or where each seed has settings of
            its own, that of ``best_run``; nan where there was none to choose.
        width: the hidden size with it; nan where it follows from a budget of parameters.
        dropout: the dropout with it.
        runs: identities of the chosen runs, one a seed.
        seeds: theirs, ``(n,)``, rising.
        test: their metric, ``(n,)``; of a run that diverged the worst.
        cut: share of these runs that still improved when the budget of updates ended.
        diverged: share of its runs, with all settings, that diverged or failed.
        best_run: identity of the chosen run that validated best; empty where none completed.
    """

    model: str
    rate: float = math.nan
    width: float = math.nan
    dropout: float = math.nan
    runs: tuple[str, ...] = ()
    seeds: np.ndarray = field(default_factory=lambda: np.zeros(0))
    test: np.ndarray = field(default_factory=lambda: np.zeros(0))
    cut: float = 0.0
    diverged: float = 0.0
    best_run: str = ""

    @property
    def mean(self) -> float:
        """Of the metric over seeds; nan where there are none."""
        return float(self.test.mean()) if len(self.test) else math.nan

    def tuned(self) -> dict[str, float]:
        """The settings of the model that are chosen beside the learning rate, by name, as far as they are known."""
        known = {"hidden_size": self.width, "dropout": self.dropout}
        return {name: value for name, value in known.items() if not math.isnan(value)}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two models compared on seeds that both have with as many settings.

    Attributes:
        first: name of a model.
        second: name of the other.
        pairs: seeds.
        decision: of the difference, signed so that a positive one speaks for ``first``, in units of the metric; None
            where there are too few pairs.
        differences: of each pair, ``(n,)``.
        wanted: pairs in all that would likely settle it; None where it is settled or not known.
    """

    first: str
    second: str
    pairs: int
    decision: Decision | None
    differences: np.ndarray
    wanted: int | None = None


def scored(runs: pd.DataFrame, facts: Facts) -> pd.DataFrame:
    """The columns that judging needs: ``model``, ``seed``, ``rate``, ``width``, ``dropout``, ``validation``, ...

    Scores are signed so that larger ones are better. A run that diverged or failed has the worst score of all, or that
    of the trivial baseline where this is worse.
    """
    sign = 1.0 if facts.higher_is_better else -1.0
    found = runs[["run_id", "model.name", "seed", "config.train.learning_rate", "status"]].copy()
    found.columns = ["run_id", "model", "seed", "rate", "status"]
    for name, column in {"width": "hidden_size", "dropout": "dropout"}.items():
        found[name] = runs[f"config.model.{column}"].astype(float) if f"config.model.{column}" in runs else math.nan
    usual = facts.metric == runs["quality.metric"].dropna().iloc[0] if runs["quality.metric"].notna().any() else True
    lost = (runs["status"] != "completed").to_numpy()
    for split in ("validation", "test"):
        column = f"quality.{split}" if usual else f"quality.metrics.{split}.{facts.metric}"
        values = sign * (runs[column].astype(float) if column in runs else runs["quality.test"] * math.nan)
        worst = min([sign * facts.trivial, *values[~lost].dropna()])
        found[split] = values.where(~lost).fillna(worst).to_numpy()
    found["loss"] = runs["quality.validation_loss"].astype(float).where(~lost).fillna(math.inf).to_numpy()
    found["cut"] = runs["quality.converged"].eq(False).to_numpy() & ~lost  # null is neither
    found["lost"] = lost
    return found


def score(runs: pd.DataFrame, model: str, facts: Facts, searched: bool = False) -> Score:
    """What a model scored.

    Args:
        runs: as `scored` gives them.
        model: its name.
        facts: of the data.
        searched: whether each seed's settings were searched for on their own; else a rate is chosen for all of them.
    """
    own = runs[runs["model"] == model]
    chosen = _best_of_each_seed(own) if searched else _at_chosen_rate(own)
    if chosen is None:
        return Score(model=model, diverged=float(own["lost"].mean()) if len(own) else 0)
    whole = chosen[~chosen["lost"]]
    shown = (whole if len(whole) else chosen).nlargest(1, "validation").iloc[0]
    return Score(
        model=model,
        **{name: float(shown[name]) for name in ("rate", "width", "dropout")},
        runs=tuple(chosen["run_id"]),
        seeds=chosen["seed"].to_numpy(),
        test=(1.0 if facts.higher_is_better else -1.0) * chosen["test"].to_numpy(),
        cut=float(chosen["cut"].mean()),
        diverged=float(own["lost"].mean()),
        best_run=str(shown["run_id"]) if len(whole) else "",
    )


def _best_of_each_seed(own: pd.DataFrame) -> pd.DataFrame | None:
    """The run of each seed that validated best, ties to the lower loss, by seed; None where there are no runs."""
    best = own.sort_values(["validation", "loss"], ascending=[False, True]).groupby("seed").head(1)
    return best.sort_values("seed") if len(best) else None


def _at_chosen_rate(own: pd.DataFrame) -> pd.DataFrame | None:
    """The runs at the rate that all seeds together choose, by seed; None where no seed has every rate."""
    grid, seeds = _grid(own)
    if grid is None:
        return None
    return own[(own["rate"] == grid.rates[grid.chosen]) & own["seed"].isin(seeds)].sort_values("seed")


def _grid(own: pd.DataFrame) -> tuple[ArmGrid | None, list[int]]:
    """Every rate on every seed that has them all; None where no seed does."""
    tables = [
        own.pivot(index="rate", columns="seed", values=name).sort_index() for name in ("validation", "loss", "test")
    ]
    whole = tables[0].columns[tables[0].notna().all(axis=0)] if len(tables[0]) else []
    if not len(whole):
        return None, []
    values = [table[whole].to_numpy(float) for table in tables]
    return ArmGrid(tables[0].index.to_numpy(float), *values), list(whole)


def compare(
    runs: pd.DataFrame, models: list[str], facts: Facts, train_share: float, searched: bool = False
) -> list[Comparison]:
    """Every two of the ``models`` compared, at a level that holds for all comparisons together (Bonferroni).

    The luck of tuning is in the interval: a rate is chosen without the seeds that it is judged on (`cross_fit`), and
    where each seed's settings were searched for on their own, every pair is a whole tuning of both models.

    Args:
        runs: as `scored` gives them, of whole pairs: as many trials of all models for each seed.
        models: names.
        facts: of the data.
        train_share: test examples for each training example, of splits that differ by seed: they overlap, and the
            variance of their mean is larger by this share of all pairs (Nadeau and Bengio 2003); 0 for one test split.
        searched: whether each seed's settings were searched for on their own.
    """
    couples = list(combinations(models, 2))
    return [_compare(runs, first, second, facts, train_share, searched, len(couples)) for first, second in couples]


def whole_pairs(runs: pd.DataFrame, models: list[str], trials: int) -> pd.DataFrame:
    """The runs of the seeds on which every model was trained with so many settings."""
    own = runs[runs["model"].isin(models)]
    counts = own.groupby("seed")["run_id"].nunique()
    return own[own["seed"].isin(counts.index[counts == trials * len(models)])]


def _compare(
    runs: pd.DataFrame, first: str, second: str, facts: Facts, train_share: float, searched: bool, couples: int
) -> Comparison:
    one, other = (runs[runs["model"] == name] for name in (first, second))
    differences, values = _searched_differences(one, other) if searched else _tuned_differences(one, other)
    pairs = len(differences)
    if pairs < FEWEST_SEEDS:
        return Comparison(first=first, second=second, pairs=pairs, decision=None, differences=differences)
    values = widened(values, train_share)
    estimate = StudentisedMean(values)
    decision = decide_estimate(estimate, facts.margin, "equivalent", 0.05 / couples, 0.10 / couples)
    known = decision.direction or decision.verdict == "equivalent" or not estimate.spread
    wanted = None if known else pairs_to_settle(values, facts.margin, "equivalent")
    return Comparison(
        first=first,
        second=second,
        pairs=pairs,
        decision=_in_range(decision, facts),
        differences=differences,
        wanted=None if wanted is None else max(wanted, pairs + 1),
    )


def ahead(score: Score, baseline: np.ndarray, facts: Facts) -> Decision | None:
    """How far a model is ahead of a baseline, on the splits that both have; None on too few of them.

    Args:
        score: of the model.
        baseline: its metric on each split, ``(n,)``: one where all seeds share one test split.
        facts: of the data.
    """
    seeds = score.seeds.astype(int)
    of_seed = np.repeat(baseline, 1 + seeds.max(initial=0)) if len(baseline) == 1 else baseline
    both = seeds < len(of_seed)
    differences = score.test[both] - of_seed[seeds[both]]
    if len(differences) < FEWEST_SEEDS:
        return None
    signed = differences if facts.higher_is_better else -differences
    decision = decide_estimate(StudentisedMean(widened(signed, facts.overlap)), facts.margin, "equivalent")
    return _in_range(decision, facts)


def widened(values: np.ndarray, overlap: float) -> np.ndarray:
    """The values with the spread that their mean has where splits overlap (Nadeau and Bengio 2003)."""
    if not overlap or not np.ptp(values):
        return values  # as they are, without rounding
    return values.mean() + (values - values.mean()) * math.sqrt(1 + len(values) * overlap)


def within(interval: Interval, least: float, most: float) -> Interval:
    """An interval cut to the values that are possible."""
    return dataclasses.replace(interval, low=max(interval.low, least), high=min(interval.high, most))


def _in_range(decision: Decision, facts: Facts) -> Decision:
    """The decision with intervals of a difference that the metric can have."""
    least, most = facts.limits
    effect, narrow = (within(found, least - most, most - least) for found in (decision.effect, decision.narrow))
    return dataclasses.replace(decision, effect=effect, narrow=narrow)


def _searched_differences(one: pd.DataFrame, other: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair, twice: every pair is a whole tuning, so their spread is that of the procedure."""
    best = [_best_of_each_seed(own) for own in (one, other)]
    if best[0] is None or best[1] is None:
        return np.zeros(0), np.zeros(0)
    differences = best[0]["test"].to_numpy() - best[1]["test"].to_numpy()
    return differences, differences


def _tuned_differences(one: pd.DataFrame, other: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Of each pair at rates chosen without it, and the pseudo-values whose spread is that of the whole procedure."""
    first, second = (_grid(own)[0] for own in (one, other))
    if first is None or second is None:
        return np.zeros(0), np.zeros(0)
    if first.seeds < FEWEST_SEEDS:
        differences = first.test[first.chosen] - second.test[second.chosen]
        return differences, differences
    fit = cross_fit(first, second)
    return fit.first - fit.second, fit.pseudo_values
