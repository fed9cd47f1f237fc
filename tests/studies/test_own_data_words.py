"""The answer says nothing that its numbers do not: a grid of situations, not its wording."""

import dataclasses
import itertools
import re

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from rnncompare.studies.own_data.facts import Facts
from rnncompare.studies.own_data.judging import Score, ahead, compare, score, scored, whole_pairs
from rnncompare.studies.own_data.situation import Situation
from rnncompare.studies.own_data.words import paragraph
from tests.covering import covering_and_nightly

RATES = (0.001, 0.00316, 0.01)


def facts(higher, **changed):
    trivial, perfect = (0.5, 1.0) if higher else (1.0, 0.0)
    metric = "accuracy" if higher else "mean_squared_error"
    known = {"chosen_because": "", "baselines": pd.DataFrame(), "splits": 1, "same_test": True, "overlap": 0.0}
    known |= {"metric": metric, "higher_is_better": higher, "trivial": trivial, "perfect": perfect}
    return Facts(**known | {"train_examples": 700, "test_examples": 150} | changed)


def records(scores, higher, lost=()):
    """Records of models whose runs score ``scores[model]`` at the middle rate and worse at others."""
    rows = []
    for model, values in scores.items():
        for (seed, value), (place, rate) in itertools.product(enumerate(values), enumerate(RATES)):
            shown = value if place == 1 else value - (0.05 if higher else -0.05)
            rows.append(
                {
                    "run_id": f"{model}{seed}{place}",
                    "model.name": model,
                    "seed": seed,
                    "config.train.learning_rate": rate,
                    "status": "diverged" if model in lost and seed == 0 else "completed",
                    "quality.metric": "accuracy" if higher else "mean_squared_error",
                    "quality.validation": shown,
                    "quality.test": shown,
                    "quality.validation_loss": 1 - shown,
                    "quality.converged": True,
                }
            )
    return pd.DataFrame(rows)


def situation(scores, higher=True, lost=(), best_baseline=None, **known):
    found = facts(higher)
    runs = scored(records(scores, higher, lost), found) if any(len(v) for v in scores.values()) else None
    names = list(scores)
    if runs is None:
        results, comparisons = [Score(model=name, rate=np.nan, test=np.zeros(0)) for name in names], []
    else:
        runs = whole_pairs(runs, names, len(RATES))
        results, comparisons = [score(runs, name, found) for name in names], compare(runs, names, found, 0.0)
    best = np.full(known.get("baseline_splits") or 1, best_baseline[1]) if best_baseline else np.zeros(0)
    return Situation(
        best_baseline=best_baseline,
        beside_baseline={one.model: ahead(one, best, found) for one in results},
        beside_trivial={one.model: ahead(one, np.array([found.trivial]), found) for one in results},
        metric=found.metric,
        higher_is_better=higher,
        trivial=found.trivial,
        perfect=found.perfect,
        margin=found.margin,
        scores=results,
        comparisons=comparisons,
        at_rates=results,
        same_test=True,
        test_examples=150,
        **known,
    )


def values(mean, spread, pairs, seed=0):
    return mean + spread * np.random.default_rng(seed).normal(size=pairs)


COST = {"very unequal": {"gru": 1.0, "lstm": 9.0}, "alike": {"gru": 1.0, "lstm": 1.02}, "not timed": {}}


@covering_and_nightly(
    "situations",
    [0, 1, 2, 3, 6, 10],
    [True, False],
    [0.0, 0.01],
    [0.0, 0.2],
    [*COST],
    [None, "worse", "better"],
    strength=3,
)
def test_no_sentence_says_more_than_the_numbers(situations):
    for pairs, higher, spread, gap, cost, baseline in situations:
        centre = 0.75 if higher else 0.4
        scores = {
            "gru": values(centre, spread, pairs),
            "lstm": values(centre - gap * (1 if higher else -1), spread, pairs, 1),
        }
        best = None if baseline is None else ("ridge regression", {"worse": 0.51, "better": 0.99}[baseline])
        if best is not None and not higher:
            best = (best[0], 1 - best[1])
        found = situation(scores, higher, milliseconds=COST[cost], best_baseline=best, needed="9min")
        said = paragraph(found)
        assert "nan" not in said
        assert "inf" not in said
        if pairs < 3:
            assert "interval" not in said
            assert "p =" not in said
            assert found.winner() is None
            assert not re.search(r"Take the", said)
        assert ("pair" in said) == (pairs > 0 or "before one pair" in said)
        if pairs and baseline == "better":
            surely = "does better" if pairs >= (3 if spread else 6) else "does no worse"
            assert said.startswith(f"Neither: a ridge regression {surely}")
        else:
            assert "ridge" not in said
        if "Take the" in said and gap == 0.0:  # alike: only a time that was taken decides
            assert cost == "very unequal"
            assert "Take the GRU" in said
        if pairs >= 6 and gap and spread and baseline != "better":
            assert said.startswith("Take the GRU.")


@pytest.mark.parametrize("rounding", [-1e-16, 0.0, 1e-16])
def test_a_baseline_with_the_same_score_but_for_rounding_is_not_better(rounding):
    scores = {"gru": np.full(10, 0.9), "lstm": values(0.8, 0.01, 10)}
    said = paragraph(situation(scores, best_baseline=("gradient boosting", 0.9 + rounding)))
    assert said.startswith("Neither: gradient boosting scores the same (accuracy 0.9 against 0.9 for the GRU).")


def test_a_mean_that_is_not_in_the_table_says_of_which_splits_it_is():
    scores = {"gru": np.array([0.5, 0.52, 0.49, 0.55, 0.6]), "lstm": np.array([0.5, 0.51, 0.5, 0.53, 0.6])}
    said = paragraph(situation(scores, baseline_splits=3))
    assert said.startswith(
        "None can be told from the trivial baseline (accuracy 0.5033 against 0.5, on the first 3 splits)."
    )


def test_a_baseline_with_the_same_mean_is_not_as_good_for_sure():
    scores = {"gru": np.array([0.9, 1.0, 0.95, 0.8, 0.85]), "lstm": np.full(5, 0.6)}
    said = paragraph(situation(scores, best_baseline=("gradient boosting", 0.9)))
    assert said.startswith(
        "Neither: gradient boosting does no worse (accuracy 0.9 against 0.9 for the GRU, ahead by +0 ["
    )


@pytest.mark.parametrize(("simple", "words"), [("ridge regression", " on the last 14 rows"), ("last value", "")])
def test_only_baselines_that_read_the_window_are_said_to_read_it(simple, words):
    scores = {"gru": values(0.8, 0.01, 6), "lstm": values(0.7, 0.01, 6)}
    said = paragraph(situation(scores, best_baseline=(simple, 0.9), window=14))
    assert f"{simple}{words} does better" in said


@pytest.mark.parametrize(("simple", "beaten"), [(0.8, True), (0.6, False)])
def test_baselines_are_held_against_networks_on_the_splits_that_they_were_fitted_on(simple, beaten):
    """The first splits are the hard ones: all of them together flatter the networks."""
    hard_first = np.concatenate([np.full(3, 0.7), np.full(7, 0.95)])
    scores = {"gru": hard_first, "lstm": hard_first - 0.05}
    found = situation(scores, best_baseline=("ridge regression", simple), baseline_splits=3)
    assert (found.beaten_by() is not None) == beaten
    if beaten:
        assert (
            "(accuracy 0.8 against 0.7 for the GRU, on the first 3 splits; 0.875 is the best mean over all splits)"
            in paragraph(found)
        )
    assert situation(scores, best_baseline=("ridge regression", 0.8)).beaten_by() is None


SURE = Score(model="lstm", seeds=np.arange(4), test=np.array([0.62, 0.63, 0.61, 0.62]))


def test_a_baseline_that_is_ahead_for_sure_if_perhaps_by_little_is_said_to_be_ahead():
    behind = {"gru": 0.9 + np.array([0.001, -0.001, 0.002, -0.001]), "lstm": values(0.8, 0.001, 4)}
    said = paragraph(situation(behind, best_baseline=("gradient boosting", 0.912)))
    assert said.startswith("Neither: gradient boosting is ahead, if perhaps by less than matters")
    assert "for the GRU, ahead by +0.0118 [+0." in said
    assert "p =" not in said.split("GRU less LSTM")[0]


def test_an_open_comparison_has_an_interval_and_no_p_and_one_without_spread_neither():
    noisy = {"gru": values(0.8, 0.05, 6), "lstm": values(0.8, 0.05, 6, 1)}
    said = paragraph(situation(noisy))
    assert "95 % interval, 6 pairs; " in said
    same = paragraph(situation({"gru": np.full(6, 0.8), "lstm": np.full(6, 0.8 + 1e-17)}))
    assert "+0 in each of 6 pairs" in same
    assert "the interval covers" not in same.lower()


def test_what_may_be_luck_is_not_said_to_be_better():
    scores = {"gru": 0.5 + np.array([0.06, -0.05, 0.02, -0.01]), "lstm": 0.5 + np.array([-0.03, 0.04, -0.06, 0.02])}
    simple = paragraph(situation(scores, best_baseline=("logistic regression", 0.52)))
    assert simple.startswith("Neither: a logistic regression does no worse")
    alone = paragraph(situation(scores))
    assert alone.startswith("None can be told from the trivial baseline (accuracy 0.505 against 0.5)")
    one_of_two = dataclasses.replace(
        found := situation(scores),
        beside_trivial={**found.beside_trivial, "lstm": ahead(SURE, np.array([0.5]), facts(True))},
    )
    assert "None can be told" not in paragraph(one_of_two)
    near = {"gru": values(0.9, 0.001, 10), "lstm": values(0.8, 0.001, 10)}
    assert "does as well" in paragraph(situation(near, best_baseline=("gradient boosting", 0.902)))


def test_a_model_is_held_against_a_baseline_split_by_split_where_each_seed_has_its_own():
    """The splits differ far more than the two do on any of them."""
    hard = np.linspace(0.5, 0.9, 6)
    one = Score(model="gru", seeds=np.arange(6), test=hard + 0.03 + values(0, 0.001, 6))
    own = facts(True, same_test=False, overlap=0.25)
    assert ahead(one, hard, own).direction == 1
    assert ahead(one, np.array([hard.mean()]), own).direction == 0
    assert ahead(one, hard[:2], own) is None


def test_what_is_perfect_at_the_rate_of_all_seeds_alone_is_not_at_the_optimum():
    runs = records({"gru": np.ones(3), "lstm": np.ones(3)}, True)
    found = situation({"gru": np.ones(3), "lstm": np.ones(3)})
    assert found.all_perfect()
    apart = dataclasses.replace(found.comparisons[0], differences=np.full(3, 0.25))
    said = paragraph(dataclasses.replace(found, comparisons=[apart]))
    assert "optimum" not in said
    cut = scored(runs.assign(**{"quality.converged": False}), facts(True))
    perfect = dataclasses.replace(found, scores=[score(cut, name, facts(True)) for name in ("gru", "lstm")])
    assert "ended with their updates" not in paragraph(perfect)  # nothing can become better


def test_no_interval_leaves_the_range_of_its_metric():
    runs = scored(records({"gru": [1.0, 0.0, 1.0], "lstm": [0.0, 1.0, 0.0]}, True), facts(True))
    (found,) = compare(runs, ["gru", "lstm"], facts(True), 0.25)
    assert found.decision.effect.low >= -1
    assert found.decision.effect.high <= 1
    errors = scored(records({"gru": [9.0, 1.0, 9.0], "lstm": [1.0, 9.0, 1.0]}, False), facts(False))
    (found,) = compare(errors, ["gru", "lstm"], facts(False), 0.25)
    assert found.decision.effect.high > 1


@pytest.mark.parametrize("pairs", [1, 3, 10])
def test_of_two_models_that_are_both_lost_nothing_is_recommended(pairs):
    scores = {"gru": values(0.5, 0.0, pairs), "lstm": values(0.5, 0.0, pairs)}
    said = paragraph(situation(scores, milliseconds=COST["very unequal"]))
    assert "None beats the trivial baseline" in said
    assert "Take" not in said
    assert "nan" not in said


@pytest.mark.parametrize("diverging", ["gru", "lstm"])
@pytest.mark.parametrize("pairs", [1, 3, 10])
@pytest.mark.parametrize("cost", COST)
def test_one_that_diverges_is_named_with_its_share_and_the_other_is_not(pairs, diverging, cost):
    scores = {"gru": values(0.8, 0.01, pairs), "lstm": values(0.8, 0.01, pairs, 1)}
    found = situation(scores, lost=(diverging,), milliseconds=COST[cost])
    said = paragraph(found)
    other = "LSTM" if diverging == "gru" else "GRU"
    assert f"{1 / pairs:.0%} of the runs of the {diverging.upper()} diverged" in said
    assert f"runs of the {other} diverged" not in said
    assert found.known[0].model == other.lower()
    assert "nan" not in said


def test_at_the_optimum_and_below_the_baseline_are_two_sentences():
    perfect = paragraph(situation({"gru": np.ones(10), "lstm": np.ones(10)}, milliseconds={"gru": 1.0, "lstm": 2.0}))
    assert "at the optimum" in perfect
    assert "baseline" not in perfect
    assert "Take the GRU" in perfect
    hopeless = paragraph(situation({"gru": values(0.45, 0.01, 10), "lstm": values(0.44, 0.01, 10, 1)}))
    assert "None beats the trivial baseline" in hopeless
    assert "optimum" not in hopeless
    assert "Take" not in hopeless


def test_a_model_of_which_a_seed_diverges_loses_it_and_that_is_said():
    scores = {"gru": values(0.8, 0.01, 10), "lstm": values(0.8, 0.01, 10, 1)}
    found = situation(scores, lost=("lstm",))
    assert "runs of the LSTM diverged" in paragraph(found)
    assert found.known[0].model == "gru"
    assert found.scores[1].test.min() == pytest.approx(0.5)  # as the trivial baseline


def test_three_models_are_judged_together_and_the_winner_beats_both():
    scores = {
        name: values(mean, 0.01, 10, i) for i, (name, mean) in enumerate([("gru", 0.7), ("lstm", 0.9), ("mgu", 0.7)])
    }
    found = situation(scores)
    assert found.winner() == "lstm"
    assert paragraph(found).startswith("Take the LSTM.")
    assert paragraph(found).count("all comparisons together") == 3


def searched_records(best):
    """Records of searches of three settings a seed; the ``best`` width of a model does better by a tenth."""
    rows = []
    for model, seed in itertools.product(best, range(8)):
        for rate, width in [(0.01, 16), (0.01, 64), (0.001 * (1 + seed), 16)]:
            score_ = 0.8 + 0.01 * np.random.default_rng(seed).normal() - 0.1 * (width != best[model])
            (row,) = records({model: [score_]}, True).iloc[[1]].to_dict("records")
            own = {"run_id": f"{model}{seed}{rate}{width}", "seed": seed, "config.train.learning_rate": rate}
            own |= {"quality.validation_loss": rate}
            rows.append({**row, **own, "config.model.hidden_size": width, "config.model.dropout": 0.0})
    return pd.DataFrame(rows)


def test_where_each_seed_has_its_own_settings_the_best_of_each_by_validation_and_then_by_loss_are_compared():
    found = facts(True)
    runs = scored(searched_records({"gru": 16, "lstm": 64}), found)
    gru, lstm = (score(runs, name, found, searched=True) for name in ("gru", "lstm"))
    assert (gru.width, lstm.width, lstm.rate) == (16, 64, 0.01)
    assert gru.runs == tuple(f"gru{seed}{0.001 * (1 + seed)}16" for seed in range(8))  # the lower loss
    (one,) = compare(runs, ["gru", "lstm"], found, 0.0, searched=True)
    assert one.pairs == 8
    assert one.differences == pytest.approx(np.zeros(8), abs=1e-12)


def test_tables_of_rates_and_of_trials_put_together_are_numbered_twice_and_scored_all_the_same():
    found = facts(True)
    runs = scored(searched_records({"gru": 16, "lstm": 64}), found)
    twice = runs.set_axis([0] * len(runs))
    one, other = (score(table, "gru", found, searched=True) for table in (runs, twice))
    assert (other.best_run, other.rate, other.width) == (one.best_run, one.rate, one.width)


def test_the_interval_of_pairs_tuned_on_their_own_is_that_of_their_differences():
    found, random = facts(True), np.random.default_rng(5)
    frame = searched_records({"gru": 16, "lstm": 64})
    frame["quality.test"] += 0.02 * random.normal(size=len(frame))
    runs = scored(frame, found)
    (one,) = compare(runs, ["gru", "lstm"], found, 0.0, searched=True)
    low, high = scipy.stats.t.interval(0.95, 7, one.differences.mean(), scipy.stats.sem(one.differences))
    effect = one.decision.effect
    assert effect.mean == pytest.approx(one.differences.mean())
    assert effect.low <= low + 1e-12
    assert effect.high >= high - 1e-12


def test_a_plain_rnn_is_held_against_models_tuned_as_it_was():
    gru, lstm, plain = (Score(model=name, test=np.full(8, value)) for name, value in SCORES_AT_RATES.items())
    better = [dataclasses.replace(score, test=score.test + 0.2) for score in (gru, lstm)]
    base = situation({"gru": values(0.9, 0.02, 8), "lstm": values(0.9, 0.02, 8, 1)})
    found = dataclasses.replace(base, scores=better, trials=11, at_rates=[gru, lstm], plain=plain, half=[gru])
    assert "A plain RNN is ahead of them on average (0.75 against 0.7, with the rate alone tuned)" in paragraph(found)
    assert "GRU +0, with the rate alone tuned" in paragraph(found)
    assert "the best by validation of 11 settings" in paragraph(found)


SCORES_AT_RATES = {"gru": 0.7, "lstm": 0.65, "rnn": 0.75}


def test_the_interval_of_splits_that_overlap_is_wider():
    found = facts(True)
    scores = {"gru": values(0.80, 0.02, 10), "lstm": values(0.78, 0.02, 10, 1)}
    runs = scored(records(scores, True), found)
    (alone,), (overlapping,) = (compare(runs, ["gru", "lstm"], found, share) for share in (0.0, 0.2))
    widths = [one.decision.effect.high - one.decision.effect.low for one in (alone, overlapping)]
    assert widths[1] == pytest.approx(widths[0] * np.sqrt(3), rel=0.02)
