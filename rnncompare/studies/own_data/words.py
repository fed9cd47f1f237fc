"""The answer in words: every sentence follows from the numbers of a `Situation`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncompare.base.wording import metric_label
from rnncompare.statistics import Interval
from rnncompare.studies.own_data.judging import MOST_CUT, Comparison, Score

CHEAPER = 0.9  # of the other's time an update: less of a difference is none
ROUNDING = 1e-9  # of a metric: nearer ones are the same; of an interval: a mean nearer to 0 is 0
AT_OPTIMUM = 0.1  # of a margin


@dataclass(frozen=True, kw_only=True)
class Situation:
    """All that the words rest on.

    Attributes:
        metric: that decides.
        higher_is_better: of the metric.
        trivial: the metric of the best prediction that ignores the inputs.
        perfect: the best value of the metric; None where unknown.
        margin: the difference that matters.
        scores: of the models asked for, in order.
        comparisons: of every two of them.
        best_baseline: name and metric of the best baseline; None where there are none.
        baseline_splits: seeds, the first, on whose splits baselines were fitted; None where all share one test split.
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
    """

    metric: str
    higher_is_better: bool
    trivial: float
    perfect: float | None
    margin: float
    scores: Sequence[Score]
    comparisons: Sequence[Comparison]
    best_baseline: tuple[str, float] | None = None
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

    @property
    def known(self) -> list[Score]:
        """The models that have a score, the best first."""
        return self._best_first(self.scores)

    @property
    def known_at_rates(self) -> list[Score]:
        """The same with the learning rate alone tuned."""
        return self._best_first(self.at_rates)

    def _best_first(self, scores: Sequence[Score]) -> list[Score]:
        found = [score for score in scores if len(score.test)]
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

    def all_perfect(self) -> bool:
        """Whether every network is at the optimum."""
        if self.perfect is None or not self.known:
            return False
        return all(abs(self.perfect - score.mean) <= AT_OPTIMUM * self.margin for score in self.known)

    def winner(self) -> str | None:
        """The model that is better than every other beyond the margin; None where there is none."""
        for score in self.known:
            against = [signed for other in self.comparisons if (signed := _direction(other, score.model)) is not None]
            if len(against) == len(self.scores) - 1 and all(sign > 0 for sign in against):
                return score.model
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
        alike = self.all_perfect() or (self.comparisons and all(_alike(other) for other in self.comparisons))
        if alike and (cheap := self.cheaper()) is not None:
            return cheap[0]
        return self.winner() or self.known[0].model


def _direction(comparison: Comparison, model: str) -> int | None:
    """1 where the model is better than the other beyond the margin; None where it is not in the comparison."""
    if comparison.decision is None or model not in (comparison.first, comparison.second):
        return None
    return comparison.decision.direction * (1 if model == comparison.first else -1)


def _alike(comparison: Comparison) -> bool:
    return comparison.decision is not None and comparison.decision.verdict == "equivalent"


def paragraph(situation: Situation) -> str:
    """Which to take, and how surely."""
    if not situation.known:
        lost = [score.model for score in situation.scores if score.diverged > 0]
        if lost:
            return f"No answer: no run of {_listed(lost)} completed."
        return "No answer: the budget ended before one pair was finished." + _more_time(situation)
    sentences = [_first(situation)]
    sentences += [_compared(situation, comparison) for comparison in situation.comparisons]
    sentences += [_lost(score) for score in situation.scores if score.diverged > 0]
    sentences += [_cut(situation), _covers(situation), _tuned(situation), _plain(situation), _more_data(situation)]
    return " ".join(sentence for sentence in sentences if sentence)


def _first(situation: Situation) -> str:
    known, metric = situation.known, metric_label(situation.metric)
    best = known[0]
    if (baseline := situation.beaten_by()) is not None:
        simple, value, network, mean = baseline
        name = _article(simple) + (f" on the last {situation.window} rows" if situation.window else "")
        verb = "does better" if situation.better(value, mean) else "does as well"
        neither = "Neither" if len(situation.scores) == 2 else "None of them"
        where = ""
        if situation.first_splits:
            where = f", on the first {situation.first_splits} splits; {best.mean:.4g} is the best mean over all splits"
        return f"{neither}: {name} {verb} ({metric} {value:.4g} against {mean:.4g} for the {_name(network)}{where})."
    if situation.all_perfect():
        take = _cheaper_words(situation)
        return f"All are at the optimum ({metric} {best.mean:.4g}), so these data do not tell them apart.{take}"
    if not situation.better(best.mean, situation.trivial):
        return f"None beats the trivial baseline ({metric} {best.mean:.4g} against {situation.trivial:.4g})."
    if (winner := situation.winner()) is not None:
        return f"Take the {_name(winner)}."
    decided = [comparison for comparison in situation.comparisons if comparison.decision is not None]
    if not decided:
        pairs = min((comparison.pairs for comparison in situation.comparisons), default=0)
        return f"Cannot tell yet: {pairs} pair{'s' * (pairs != 1)} finished.{_more_time(situation)}"
    if all(_alike(comparison) for comparison in situation.comparisons):
        names = _listed([_name(score.model) for score in situation.scores])
        return f"{names} do equally well: no difference of {situation.margin:.3g} or more.{_cheaper_words(situation)}"
    wanted = [comparison.wanted for comparison in situation.comparisons if comparison.wanted is not None]
    more = f" About {max(wanted):,} pairs in all would likely settle it." if wanted else ""
    return f"Cannot tell whether {_listed([_name(s.model) for s in situation.scores], 'or')} does better.{more}"


def _compared(situation: Situation, comparison: Comparison) -> str:
    """The difference of two models with its interval, where there is one."""
    first, second = _name(comparison.first), _name(comparison.second)
    if not comparison.pairs:
        return ""
    if comparison.decision is None:
        pairs = f"{comparison.pairs} pair{'s' * (comparison.pairs > 1)}"
        return f"{first} less {second}, better counted positive: {comparison.differences.mean():+.3g} in {pairs}."
    effect = comparison.decision.effect
    if not comparison.decision.narrow.low < comparison.decision.narrow.high:
        return (
            f"{first} less {second}, better counted positive: {effect.mean:+.3g} in each of {comparison.pairs} pairs."
        )
    level = "95 % interval" if len(situation.comparisons) == 1 else "interval, 95 % for all comparisons together"
    p = comparison.decision.p * len(situation.comparisons)
    chance = "" if math.isnan(p) else f", p {'< 0.001' if p < 0.001 else f'= {min(p, 1):.3f}'}"
    return (
        f"{first} less {second} in {metric_label(situation.metric)}, better counted positive: "
        f"{_interval(effect)} ({level}, {comparison.pairs} pairs{chance}; {situation.margin:.3g} matters)."
    )


def _interval(found: Interval) -> str:
    mean = 0.0 if abs(found.mean) < ROUNDING * (found.high - found.low) else found.mean
    return f"{mean:+.3g} [{found.low:+.3g}, {found.high:+.3g}]"


def _cheaper_words(situation: Situation) -> str:
    """Which is cheaper, by times that were taken with the machine to itself; nothing where there are none."""
    if (cheap := situation.cheaper()) is None:
        return ""
    first, second, share = cheap
    return f" Take the {_name(first)}: its updates take {share:.0%} of the time of the {_name(second)}'s."


def _lost(score: Score) -> str:
    return f"{score.diverged:.0%} of the runs of the {_name(score.model)} diverged or failed and count as the worst."


def _cut(situation: Situation) -> str:
    """That networks were not trained to their end."""
    shares = [(score.cut, _name(score.model)) for score in situation.known if score.cut > MOST_CUT]
    if not shares:
        return ""
    longer = "a larger budget" if situation.updates < 1 else "train.max_updates"
    which = _listed([f"{share:.0%} of the runs of the {name}" for share, name in shares])
    return f"{which} ended with their updates, not for lack of improvement: {longer} may change this."


def _covers(situation: Situation) -> str:
    """What the luck is that the interval covers."""
    if not any(comparison.decision for comparison in situation.comparisons):
        return ""
    if situation.same_test:
        count = f"{situation.test_examples:,} test examples"
        return f"The interval covers the luck of seeds and of tuning, not of the {count}, which all pairs share."
    return "Each pair has a split of its own: the interval covers the luck of seeds, tuning and test set."


def _tuned(situation: Situation) -> str:
    """How the models were tuned, where it was more than the learning rate."""
    if not situation.trials:
        return ""
    tried = f"the best by validation of {situation.trials} settings of rate, width and dropout"
    return f"Each pair is tuned on its own: {tried} for each model; the table shows those of its best run."


def _plain(situation: Situation) -> str:
    """What a plain RNN does; a comparison of means, and said as one."""
    if situation.plain is None or not len(situation.plain.test) or not situation.known_at_rates:
        return ""
    plain, best = situation.plain.mean, situation.known_at_rates[0]
    verb = "is ahead of them" if situation.better(plain, best.mean) else "is behind"
    if abs(plain - best.mean) < situation.margin:
        verb = "does as well as the best of them to within what matters"
    return f"A plain RNN {verb} on average ({plain:.4g} against {best.mean:.4g}{_at_rates(situation)})."


def _more_data(situation: Situation) -> str:
    """What the second half of the data gave each model."""
    sign = 1 if situation.higher_is_better else -1
    gains = []
    for score in situation.half:
        whole = next((other for other in situation.known_at_rates if other.model == score.model), None)
        if whole is not None and len(score.test):
            gains.append(f"{_name(score.model)} {sign * (whole.mean - score.mean):+.3g}")
    if not gains:
        return ""
    return f"Gain from the second half of the data, on average: {', '.join(gains)}{_at_rates(situation)}."


def _at_rates(situation: Situation) -> str:
    return ", with the rate alone tuned" if situation.trials else ""


def _more_time(situation: Situation) -> str:
    return f" budget={situation.needed} would give enough." if situation.needed else ""


def _name(model: str) -> str:
    return model.upper() if model in ("gru", "lstm", "rnn") else model


def _article(baseline: str) -> str:
    return f"{'an' if baseline[0] in 'aeiou' else 'a'} {baseline}" if baseline.endswith("regression") else baseline


def _listed(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
