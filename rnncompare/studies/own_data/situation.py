"""The numbers that an answer rests on, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.statistics import Decision
from rnncompare.studies.own_data.facts import Facts
from rnncompare.studies.own_data.judging import Comparison, Score, ahead, compare, score, scored, whole_pairs
from rnncompare.studies.own_data.plan import Plan
from rnncompare.studies.own_data.question import Question

if TYPE_CHECKING:
    import pandas as pd

CHEAPER = 0.9  # of the other's time an update: less of a difference is none
ROUNDING = 1e-9  # of a metric: nearer ones are the same; of an interval: a mean nearer to 0 is 0
AT_OPTIMUM = 0.1  # of a margin


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that the words rest on.

    Attributes:
        metric: that decides.
        higher_is_better: of the metric.
        trivial: the metric of the best prediction that ignores the inputs, on the splits of the baselines.
        perfect: the best value of the metric; None where unknown.
        margin: the difference that matters.
        scores: of the models asked for, in order.
        comparisons: of every two of them.
        best_baseline: name and metric of the best baseline; None where there are none.
        beside_baseline: how far each model is ahead of it on the splits that both have; None on too few of them.
        beside_trivial: the same for the best prediction that ignores the inputs.
        baseline_splits: seeds, the first, on whose splits baselines were fitted; None where all share one.
        window: rows that a forecast reads; 0 where it is none.
        same_test: whether all pairs have one test split.
        test_examples: in it.
        updates: share of the updates that runs had.
        trials: settings of which each model has the best on each seed; 0 where a rate was chosen for all seeds.
        at_rates: the scores of the models at a learning rate chosen for all seeds, tuned as ``plain`` and ``half`` are.
        milliseconds: of an update of each model, timed with the machine to itself; empty where it was not.
        needed: a budget that would do, where there were too few pairs for lack of time; else empty.
        plain: the score of a plain RNN; None where none was trained.
        half: the scores of the models on half of the data.
        error: why the first run that did not complete did not; empty where all did.
    """

    metric: str
    higher_is_better: bool
    trivial: float
    perfect: float | None
    margin: float
    scores: Sequence[Score]
    comparisons: Sequence[Comparison]
    best_baseline: tuple[str, float] | None = None
    beside_baseline: Mapping[str, Decision | None] = field(default_factory=dict)
    beside_trivial: Mapping[str, Decision | None] = field(default_factory=dict)
    baseline_splits: int | None = None
    window: int = 0
    same_test: bool = False
    test_examples: int = 0
    updates: float = 1.0
    trials: int = 0
    at_rates: Sequence[Score] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)
    needed: str = ""
    plain: Score | None = None
    half: Sequence[Score] = ()
    error: str = ""

    @property
    def known(self) -> list[Score]:
        """The models that have a score, the best first; none where no run of any model completed."""
        return self._best_first(self.scores)

    @property
    def known_at_rates(self) -> list[Score]:
        """The same with the learning rate alone tuned."""
        return self._best_first(self.at_rates)

    def _best_first(self, scores: Sequence[Score]) -> list[Score]:
        found = [score for score in scores if len(score.test)] if any_completed(scores) else []
        return sorted(found, key=lambda score: score.mean, reverse=self.higher_is_better)

    def better(self, one: float, other: float) -> bool:
        """Whether a metric is better than another, beyond rounding."""
        if math.isclose(one, other, rel_tol=ROUNDING):
            return False
        return one > other if self.higher_is_better else one < other

    @property
    def first_splits(self) -> int | None:
        """The splits, the first, on which baselines were fitted, where they are fewer than those of networks."""
        splits = self.baseline_splits
        return splits if splits is not None and any(len(one.test) > splits for one in self.known) else None

    def beside_baselines(self, score: Score) -> np.ndarray:
        """The scores of a model on the splits that baselines were fitted on."""
        return score.test if self.first_splits is None else score.test[score.seeds < self.first_splits]

    def beaten_by(self) -> tuple[str, float, str, float] | None:
        """The best baseline and its metric, and the best network and its metric on the same splits, if it is no better.

        None if a network is better, or there are no baselines.
        """
        beside = {score.model: self.beside_baselines(score) for score in self.known}
        means = {model: float(found.mean()) for model, found in beside.items() if len(found)}
        if self.best_baseline is None or not means:
            return None
        best = (max if self.higher_is_better else min)(means, key=means.__getitem__)
        return None if self.better(means[best], self.best_baseline[1]) else (*self.best_baseline, best, means[best])

    def is_perfect(self, score: Score) -> bool:
        """Whether a network is at the optimum."""
        return self.perfect is not None and abs(self.perfect - score.mean) <= AT_OPTIMUM * self.margin

    def all_perfect(self) -> bool:
        """Whether every network is at the optimum, at the rate that all seeds choose and at those that are judged."""
        apart = [abs(float(other.differences.mean())) for other in self.comparisons if other.pairs]
        perfect = bool(self.known) and all(self.is_perfect(score) for score in self.known)
        return perfect and max(apart, default=0.0) <= AT_OPTIMUM * self.margin

    def winner(self) -> str | None:
        """The model that is better than every other beyond the margin; None where there is none."""
        for one in self.known:
            against = [signed for other in self.comparisons if (signed := _direction(other, one.model)) is not None]
            if len(against) == len(self.scores) - 1 and all(sign > 0 for sign in against):
                return one.model
        return None

    def cheaper(self) -> tuple[str, str, float] | None:
        """The cheapest model, the next, and the share of its time that the cheapest takes; None if not clearly so."""
        if set(self.milliseconds) != {score.model for score in self.scores} or len(self.milliseconds) < 2:
            return None
        first, second = sorted(self.milliseconds, key=self.milliseconds.__getitem__)[:2]
        share = self.milliseconds[first] / self.milliseconds[second]
        return (first, second, share) if share < CHEAPER else None

    def chosen(self) -> str | None:
        """The model to keep: the winner, else the cheaper of models that are alike, else the one that is ahead."""
        if not self.known:
            return None
        same = self.all_perfect() or (self.comparisons and all(alike(other) for other in self.comparisons))
        if same and (cheap := self.cheaper()) is not None:
            return cheap[0]
        return self.winner() or self.known[0].model


def _direction(comparison: Comparison, model: str) -> int | None:
    """1 where the model is better than the other beyond the margin; None where it is not in the comparison."""
    if comparison.decision is None or model not in (comparison.first, comparison.second):
        return None
    return comparison.decision.direction * (1 if model == comparison.first else -1)


def any_completed(scores: Sequence[Score]) -> bool:
    """Whether some run of some model completed."""
    return any(len(score.test) and score.diverged < 1 for score in scores)


def alike(comparison: Comparison) -> bool:
    """Whether two models do not differ by what matters."""
    return comparison.decision is not None and comparison.decision.verdict == "equivalent"


def has_interval(comparison: Comparison) -> bool:
    """Whether the difference has an interval: there are pairs enough, and they are not all the same."""
    return comparison.decision is not None and comparison.decision.narrow.low < comparison.decision.narrow.high


def situation_of(
    question: Question, plan: Plan, facts: Facts, frames: Mapping[str, pd.DataFrame], trials: int
) -> Situation:
    """The numbers.

    Args:
        question: what was asked.
        plan: that was followed.
        facts: of the data.
        frames: the records of each part.
        trials: settings of each model on each seed that were tried beside the rates.
    """
    import pandas as pd

    names, rates = list(question.models), len(plan.rates)
    found = {part: scored(frame, facts) if len(frame) else None for part, frame in frames.items()}
    whole = {
        part: None if found[part] is None else whole_pairs(found[part], names, rates) for part in ("pairs", "half")
    }
    pairs, half = whole["pairs"], whole["half"]
    tuned = pd.concat([pairs, found["trials"]], ignore_index=True) if trials else pairs
    searched = trials > 0
    scores = _scores(tuned, names, facts, searched)
    errors = frames["pairs"]["error"].dropna().tolist() if len(frames["pairs"]) else []
    best = facts.on_splits(facts.best_baseline[0]) if facts.best_baseline else np.zeros(0)
    trivial = facts.on_splits(facts.trivial_model) if facts.trivial_model else np.array([facts.trivial])
    return Situation(
        metric=facts.metric,
        higher_is_better=facts.higher_is_better,
        trivial=facts.trivial_beside,
        perfect=facts.perfect,
        margin=facts.margin,
        scores=scores,
        comparisons=compare(tuned, names, facts, facts.overlap, searched) if any_completed(scores) else [],
        best_baseline=facts.best_baseline,
        beside_baseline={score.model: ahead(score, best, facts) for score in scores},
        beside_trivial={score.model: ahead(score, trivial, facts) for score in scores},
        baseline_splits=facts.splits if facts.splits > 1 else None,
        window=facts.window,
        same_test=facts.same_test,
        test_examples=facts.test_examples,
        updates=plan.updates,
        trials=rates + trials if searched else 0,
        at_rates=_scores(pairs, names, facts),
        plain=None if found["plain"] is None else score(found["plain"], "rnn", facts),
        half=[] if half is None else _scores(half, names, facts),
        error=errors[0] if errors else "",
    )


def _scores(runs: pd.DataFrame | None, names: Sequence[str], facts: Facts, searched: bool = False) -> list[Score]:
    return [Score(model=name) if runs is None else score(runs, name, facts, searched) for name in names]
