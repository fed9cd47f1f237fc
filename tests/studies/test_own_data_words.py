"""The answer says nothing that its numbers do not: a grid of situations, not its wording."""

import itertools
import re

import numpy as np
import pandas as pd
import pytest

from rnncompare.studies.own_data.judging import Score, compare, score, scored, whole_pairs
from rnncompare.studies.own_data.question import Facts
from rnncompare.studies.own_data.words import Situation, paragraph
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


def situation(scores, higher=True, lost=(), **known):
    found = facts(higher)
    runs = scored(records(scores, higher, lost), found) if any(len(v) for v in scores.values()) else None
    names = list(scores)
    if runs is None:
        results, comparisons = [Score(model=name, rate=np.nan, test=np.zeros(0)) for name in names], []
    else:
        runs = whole_pairs(runs, names, len(RATES))
        results, comparisons = [score(runs, name, found) for name in names], compare(runs, names, found, 0.0)
    return Situation(
        metric=found.metric,
        higher_is_better=higher,
        trivial=found.trivial,
        perfect=found.perfect,
        margin=found.margin,
        scores=results,
        comparisons=comparisons,
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
            assert said.startswith("Neither: a ridge regression does better")
        else:
            assert "ridge" not in said
        if "Take the" in said and gap == 0.0:  # alike: only a time that was taken decides
            assert cost == "very unequal"
            assert "Take the GRU" in said
        if pairs >= 6 and gap and spread and baseline != "better":
            assert said.startswith("Take the GRU.")


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


def test_the_interval_of_splits_that_overlap_is_wider():
    found = facts(True)
    scores = {"gru": values(0.80, 0.02, 10), "lstm": values(0.78, 0.02, 10, 1)}
    runs = scored(records(scores, True), found)
    (alone,), (overlapping,) = (compare(runs, ["gru", "lstm"], found, share) for share in (0.0, 0.2))
    widths = [one.decision.effect.high - one.decision.effect.low for one in (alone, overlapping)]
    assert widths[1] == pytest.approx(widths[0] * np.sqrt(3), rel=0.02)
