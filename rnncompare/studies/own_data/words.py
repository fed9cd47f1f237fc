"""The answer in words: every sentence follows from the numbers of a `Situation`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnncompare.base.wording import counted, metric_label
from rnncompare.statistics import Interval
from rnncompare.studies.own_data.judging import MOST_CUT, Comparison, Score
from rnncompare.studies.own_data.situation import ROUNDING, Situation, alike, has_interval
from rnncompare.tasks.contract.simple_models import FITTED


def paragraph(situation: Situation) -> str:
    """Which to take, and how surely."""
    if not situation.known:
        lost = [_name(score.model) for score in situation.scores if score.diverged == 1]
        if lost:
            return f"No answer: no run of the {_listed(lost)} completed. The first: {situation.error}."
        return "No answer: the budget ended before one pair was finished." + _more_time(situation)
    sentences = [_first(situation)]
    sentences += [_compared(situation, comparison) for comparison in situation.comparisons]
    sentences += [_lost(score) for score in situation.scores if score.diverged > 0]
    sentences += [_cut(situation), _covers(situation), _tuned(situation), _plain(situation), _more_data(situation)]
    return " ".join(sentence for sentence in sentences if sentence)


def _first(situation: Situation) -> str:
    known, metric = situation.known, metric_label(situation.metric)
    best = known[0]
    splits = f", on the first {situation.first_splits} splits" if situation.first_splits else ""
    if (baseline := situation.beaten_by()) is not None:
        simple, value, network, mean = baseline
        read = f" on the last {situation.window} rows" if situation.window and simple in FITTED else ""
        name = _article(simple) + read
        verb, ahead = _beside(situation, value, network, mean)
        neither = "Neither" if len(situation.scores) == 2 else "None of them"
        where = f"{splits}; {best.mean:.4g} is the best mean over all splits" if splits else ""
        against = f"{metric} {value:.4g} against {mean:.4g} for the {_name(network)}{ahead}{where}"
        return f"{neither}: {name} {verb} ({against})."
    if situation.all_perfect():
        take = _cheaper_words(situation)
        on = f" on {_examples(situation)}" if situation.test_examples else ""
        names = _listed([_name(score.model) for score in situation.scores])
        return f"{names} are at the optimum ({metric} {best.mean:.4g}{on}), so these data do not tell them apart.{take}"
    mean = float(situation.beside_baselines(best).mean())
    against = f"({metric} {mean:.4g} against {situation.trivial:.4g}{splits})"
    if not situation.better(mean, situation.trivial):
        return f"None beats the trivial baseline {against}."
    beside = [situation.beside_trivial.get(score.model) for score in known]
    if all(found is not None and found.narrow.low <= 0 for found in beside):  # one side, at 5 %
        return f"None can be told from the trivial baseline {against}."
    if (winner := situation.winner()) is not None:
        return f"Take the {_name(winner)}."
    decided = [comparison for comparison in situation.comparisons if comparison.decision is not None]
    if not decided:
        pairs = min((comparison.pairs for comparison in situation.comparisons), default=0)
        return f"Cannot tell yet: {pairs} pair{'s' * (pairs != 1)} finished.{_more_time(situation)}"
    if all(alike(comparison) for comparison in situation.comparisons):
        names = _listed([_name(score.model) for score in situation.scores])
        return f"{names} do equally well: no difference of {situation.margin:.3g} or more.{_cheaper_words(situation)}"
    wanted = [comparison.wanted for comparison in situation.comparisons if comparison.wanted is not None]
    more = f" About {max(wanted):,} pairs in all would likely settle it." if wanted else ""
    return f"Cannot tell whether {_listed([_name(s.model) for s in situation.scores], 'or')} does better.{more}"


def _beside(situation: Situation, value: float, network: str, mean: float) -> tuple[str, str]:
    """What the best baseline does beside the best network, which is not ahead of it, and by how much it is ahead."""
    found = situation.beside_baseline.get(network)
    if found is None or not found.effect.low < found.effect.high:
        same = "does no worse" if situation.better(value, mean) else "scores the same"
        return ("does better" if found is not None and found.direction < 0 else same), ""
    effect = found.effect
    ahead = f", ahead by {_interval(Interval(-effect.mean, -effect.high, -effect.low, effect.n))}"
    if found.verdict == "equivalent":
        return "does as well", ahead
    if found.direction < 0:
        return "does better", ahead
    return ("is ahead, if perhaps by less than matters" if effect.high < 0 else "does no worse"), ahead


def _compared(situation: Situation, comparison: Comparison) -> str:
    """The difference of two models with its interval, where there is one."""
    first, second = _name(comparison.first), _name(comparison.second)
    if not comparison.pairs:
        return ""
    if comparison.decision is None:
        pairs = f"{comparison.pairs} pair{'s' * (comparison.pairs > 1)}"
        return f"{first} less {second}, better counted positive: {comparison.differences.mean():+.3g} in {pairs}."
    effect = comparison.decision.effect
    if not has_interval(comparison):
        mean = 0.0 if abs(effect.mean) < ROUNDING * situation.margin else effect.mean
        return f"{first} less {second}, better counted positive: {mean:+.3g} in each of {comparison.pairs} pairs."
    level = "95 % interval" if len(situation.comparisons) == 1 else "interval, 95 % for all comparisons together"
    p = comparison.decision.p * len(situation.comparisons)
    decided = comparison.decision.verdict != "inconclusive" and not math.isnan(p)
    chance = f", p {'< 0.001' if p < 0.001 else f'= {min(p, 1):.3f}'}" if decided else ""
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
    cut = [score for score in situation.known if score.cut > MOST_CUT and not situation.is_perfect(score)]
    shares = [(score.cut, _name(score.model)) for score in cut]
    if not shares:
        return ""
    longer = "a larger budget" if situation.updates < 1 else "train.max_updates"
    which = _listed([f"{share:.0%} of the runs of the {name}" for share, name in shares])
    return f"{which} ended with their updates, not for lack of improvement: {longer} may change this."


def _covers(situation: Situation) -> str:
    """What the luck is that the interval covers."""
    if not any(has_interval(comparison) for comparison in situation.comparisons):
        return ""
    if situation.same_test:
        count = _examples(situation)
        return f"The interval covers the luck of seeds and of tuning, not of the {count}, which all pairs share."
    on = f", {_examples(situation)}" if situation.test_examples else ""
    return f"Each pair has a split of its own{on}: the interval covers the luck of seeds, tuning and test set."


def _examples(situation: Situation) -> str:
    """How many the test split of a pair has."""
    return counted(situation.test_examples, "test example")


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
    """The name of a baseline as it stands in a sentence."""
    one = baseline.endswith(("regression", "model"))
    return f"{'an' if baseline[0] in 'aeiou' else 'a'} {baseline}" if one else baseline


def _listed(names: Sequence[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
