"""Pairs of two networks on a user's own data, judged at settings that were chosen without them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.statistics import ArmGrid, Decision, StudentisedMean, cross_fit, decide_estimate, pairs_to_settle
from rnncompare.statistics.tuned import FEWEST_SEEDS
from rnncompare.studies.own_data.question import Facts

if TYPE_CHECKING:
    import pandas as pd

MOST_CUT = 0.2  # of the runs at the chosen rate; with more, the networks were not trained to their end


@dataclass(frozen=True, kw_only=True)
class Score:
    """What one model scored.

    Attributes:
        model: its name.
        rate: the learning rate that all of its seeds together choose by validation; nan where there was none to choose.
        width: the hidden size that they choose with it; nan where it follows from a budget of parameters.
        dropout: the dropout that they choose with it.
        runs: identities of the runs with these settings.
        test: the metric with them, ``(n,)``, a value a seed; of a run that diverged the worst.
        cut: share of these runs that still improved when the budget of updates ended.
        diverged: share of its runs, with all settings, that diverged or failed.
        best_run: identity of the one of them that validated best; empty where none completed.
    """

    model: str
    rate: float = math.nan
    width: float = math.nan
    dropout: float = math.nan
    runs: tuple[str, ...] = ()
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
    """Two models compared on seeds that both have with every trial.

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

    ``trial`` numbers the settings of a model that were tried, by rising rate. Scores are signed so that larger ones are
    better. A run that diverged or failed has the worst score of all, or that of the trivial baseline where this is
    worse.
    """
    sign = 1.0 if facts.higher_is_better else -1.0
    found = runs[["run_id", "model.name", "seed", "config.train.learning_rate", "status"]].copy()
    found.columns = ["run_id", "model", "seed", "rate", "status"]
    for name, column in {"width": "hidden_size", "dropout": "dropout"}.items():
        found[name] = runs[f"config.model.{column}"].astype(float) if f"config.model.{column}" in runs else math.nan
    for _, own in found.groupby("model"):
        tried = own[["rate", "width", "dropout"]].fillna(-1).groupby(["rate", "width", "dropout"])
        found.loc[own.index, "trial"] = tried.ngroup()
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


def score(runs: pd.DataFrame, model: str, facts: Facts) -> Score:
    """What a model scored, of its runs as `scored` gives them."""
    own = runs[runs["model"] == model]
    grid, seeds = _grid(own)
    if grid is None:
        return Score(model=model, diverged=float(own["lost"].mean()) if len(own) else 0)
    chosen = own[(own["trial"] == grid.rates[grid.chosen]) & own["seed"].isin(seeds)].sort_values("seed")
    whole = chosen[~chosen["lost"]]
    sign = 1.0 if facts.higher_is_better else -1.0
    return Score(
        model=model,
        **{name: float(chosen[name].iloc[0]) for name in ("rate", "width", "dropout")},
        runs=tuple(chosen["run_id"]),
        test=sign * chosen["test"].to_numpy(),
        cut=float(chosen["cut"].mean()),
        diverged=float(own["lost"].mean()),
        best_run=str(whole.loc[whole["validation"].idxmax(), "run_id"]) if len(whole) else "",
    )


def _grid(own: pd.DataFrame) -> tuple[ArmGrid | None, list[int]]:
    """Every trial on every seed that has them all, numbered in the place of rates; None where no seed does."""
    tables = [
        own.pivot(index="trial", columns="seed", values=name).sort_index() for name in ("validation", "loss", "test")
    ]
    whole = tables[0].columns[tables[0].notna().all(axis=0)] if len(tables[0]) else []
    if not len(whole):
        return None, []
    values = [table[whole].to_numpy(float) for table in tables]
    return ArmGrid(tables[0].index.to_numpy(float), *values), list(whole)


def compare(runs: pd.DataFrame, models: list[str], facts: Facts, train_share: float) -> list[Comparison]:
    """Every two of the ``models`` compared, at a level that holds for all comparisons together (Bonferroni).

    Args:
        runs: as `scored` gives them, of whole pairs: all trials of all models for each seed.
        models: names.
        facts: of the data.
        train_share: test examples for each training example, of splits that differ by seed: they overlap, and the
            variance of their mean is larger by this share of all pairs (Nadeau and Bengio 2003); 0 for one test split.
    """
    couples = list(combinations(models, 2))
    return [_compare(runs, first, second, facts, train_share, len(couples)) for first, second in couples]


def whole_pairs(runs: pd.DataFrame, models: list[str], trials: int) -> pd.DataFrame:
    """The runs of the seeds on which every model was trained with every one of so many trials."""
    own = runs[runs["model"].isin(models)]
    counts = own.groupby("seed")["run_id"].nunique()
    return own[own["seed"].isin(counts.index[counts == trials * len(models)])]


def _compare(runs: pd.DataFrame, first: str, second: str, facts: Facts, train_share: float, couples: int) -> Comparison:
    one, other = (_grid(runs[runs["model"] == name])[0] for name in (first, second))
    if one is None or other is None:
        return Comparison(first=first, second=second, pairs=0, decision=None, differences=np.zeros(0))
    pairs = one.seeds
    if pairs < FEWEST_SEEDS:
        differences = one.test[one.chosen] - other.test[other.chosen]
        return Comparison(first=first, second=second, pairs=pairs, decision=None, differences=differences)
    fit = cross_fit(one, other)
    centre = fit.pseudo_values.mean()
    widened = centre + (fit.pseudo_values - centre) * math.sqrt(1 + pairs * train_share)
    estimate = StudentisedMean(widened)
    decision = decide_estimate(estimate, facts.margin, "equivalent", 0.05 / couples, 0.10 / couples)
    known = decision.direction or decision.verdict == "equivalent" or not estimate.spread
    wanted = None if known else pairs_to_settle(widened, facts.margin, "equivalent")
    return Comparison(
        first=first,
        second=second,
        pairs=pairs,
        decision=decision,
        differences=fit.first - fit.second,
        wanted=None if wanted is None else max(wanted, pairs + 1),
    )
