"""What a budget carries: the question first, then others with what is left; and a plan that stays."""

import dataclasses
import json
import time
from types import SimpleNamespace

import pytest

from rnncompare.composition.compose import compose
from rnncompare.studies.own_data import conduct
from rnncompare.studies.own_data.plan import (
    ENOUGH_PAIRS,
    FEWEST_PAIRS,
    FOR_TRAINING,
    enlarged,
    fit,
    keep,
    kept,
    runs_of,
    words,
)
from rnncompare.studies.own_data.question import Question
from rnncompare.sweep.resources import jobs_at_a_time

SECONDS, FIXED, JOBS = {"gru": 10.0, "lstm": 12.0}, {"gru": 2.0, "lstm": 2.0}, 2
A_PAIR = 3 * 22 / JOBS


@pytest.fixture
def question(tmp_path):
    gru, lstm, rnn = compose([[f"model={name}", f"results_dir={tmp_path}"] for name in ("gru", "lstm", "rnn")])
    return Question(models={"gru": gru, "lstm": lstm}, plain=rnn, budget=100.0)


def planned(question, pairs):
    """The plan for a budget that carries so many pairs of whole runs."""
    return fit(question, SECONDS, FIXED, 1.0001 * pairs * A_PAIR / FOR_TRAINING, JOBS)


def test_a_budget_for_the_pairs_goes_to_the_pairs_alone(question):
    plan = planned(question, 8)
    assert (plan.pairs, plan.updates, plan.plain, plan.half) == (8, 1.0, 0, 0)


def test_a_plain_rnn_and_half_of_the_data_come_with_time_left_and_can_be_switched_off(question):
    plan = planned(question, 2.5 * ENOUGH_PAIRS)
    assert (plan.pairs, plan.plain, plan.half) == (ENOUGH_PAIRS, ENOUGH_PAIRS, ENOUGH_PAIRS)
    alone = dataclasses.replace(question, plain=None, sizes=False)
    plan = planned(alone, 2.5 * ENOUGH_PAIRS)
    assert (plan.pairs, plan.plain, plan.half) == (25, 0, 0)


def test_runs_are_cut_so_that_the_fewest_pairs_fit_and_the_budget_that_would_do_is_said(question):
    left = 0.6 * FEWEST_PAIRS * A_PAIR / FOR_TRAINING
    plan = fit(question, SECONDS, FIXED, left, JOBS)
    assert plan.pairs == FEWEST_PAIRS
    assert plan.updates == pytest.approx((0.6 * 22 - 4) / 18, abs=0.01)  # what is fixed is not cut
    assert FEWEST_PAIRS * plan.pair_seconds(JOBS) <= FOR_TRAINING * left
    assert "budget=" in words(plan, question, left, JOBS)


def test_a_kept_plan_is_found_again_and_a_larger_budget_adds_pairs_to_the_same_runs(question):
    plan = planned(question, 4)
    keep(plan, question)
    again = kept(dataclasses.replace(question, budget=1000.0))
    assert again == plan
    larger = enlarged(again, question, 30 * plan.pair_seconds(JOBS), JOBS)
    assert larger.pairs > plan.pairs
    assert larger.updates == plan.updates
    before, after = (list(runs_of(one, question, 100)["pairs"]) for one in (plan, larger))
    assert after[: len(before)] == before
    assert enlarged(again, question, 1.0, JOBS) == plan  # a smaller one takes none away


def test_a_plan_that_is_torn_is_made_anew(question, tmp_path):
    keep(planned(question, 8), question)
    (path,) = tmp_path.glob("own_data-*.json")
    path.write_text(path.read_text()[:40])
    assert kept(question) is None


def test_models_take_turns_at_each_rate_and_seed(question):
    runs = list(runs_of(planned(question, 6), question, 100)["pairs"].values())
    turns = [(run.seed, run.train.learning_rate, run.model.name) for run in runs]
    assert turns == sorted(turns)
    assert [run.model.name for run in runs[:4]] == ["gru", "lstm", "gru", "lstm"]


def test_all_is_tuned_with_the_same_trials_of_every_model_within_its_range(question):
    tuned = dataclasses.replace(question, tune="all", trials=9)
    assert tuned.key() != question.key()
    plan = planned(tuned, 6)
    runs = list(runs_of(plan, tuned, 100)["pairs"].values())
    settings = {
        name: {
            (run.seed, run.train.learning_rate, run.model.hidden_size, run.model.dropout)
            for run in runs
            if run.model.name == name
        }
        for name in ("gru", "lstm")
    }
    assert settings["gru"] == settings["lstm"]
    assert len(settings["gru"]) == 9 * plan.pairs
    _, rates, widths, dropouts = map(set, zip(*settings["gru"], strict=True))
    assert min(rates) < 0.001
    assert max(rates) > 0.01
    assert widths == {64, 128, 256}
    assert len(dropouts) == 3
    keep(plan, tuned)
    assert kept(tuned) == plan
    assert kept(question) is None


def test_a_plan_that_was_kept_before_more_than_rates_were_tuned_is_gone_on_with(question, tmp_path):
    plan = planned(question, 8)
    keep(plan, question)
    (path,) = tmp_path.glob("own_data-*.json")
    content = json.loads(path.read_text())
    content["rates"] = [trial["rate"] for trial in content.pop("trials")]
    path.write_text(json.dumps(content))
    assert kept(question) == plan


def test_where_no_pair_was_finished_the_budget_said_is_what_was_spent_before_training_and_the_time_of_the_pairs(
    question, monkeypatch
):
    spent = []
    monkeypatch.setattr(conduct, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + sum(spent)))
    monkeypatch.setattr(conduct, "seconds_of", lambda kinds, reporter: dict.fromkeys(kinds, 10.0))
    monkeypatch.setattr(conduct, "_alone", lambda models, seconds: {})

    def train(runs, watcher):
        spent[:] = [900.0]
        yield from ()

    outcome = conduct.conduct(dataclasses.replace(question, budget=1000.0), train)
    found = kept(outcome.question)
    whole = FEWEST_PAIRS * found.pair_seconds(jobs_at_a_time(outcome.question.models.values())) / FOR_TRAINING
    said = int(outcome.situation.needed.removesuffix("min")) * 60
    assert whole <= said <= whole + 300
