"""What a budget carries: the question first, then others with what is left; and a plan that stays."""

import dataclasses
import json
import re
import time
from types import SimpleNamespace

import pytest

from rnncompare.composition.compose import compose
from rnncompare.studies.own_data import conduct, deadline
from rnncompare.studies.own_data.plan import (
    ENOUGH_PAIRS,
    FEWEST_PAIRS,
    FEWEST_TRIALS,
    FOR_TRAINING,
    LEAST_SHARE,
    budget_for,
    enlarged,
    fit,
    keep,
    kept,
    runs_of,
    shortfall,
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
    alone = dataclasses.replace(question, plain=None, sizes=False, tune="rate")
    plan = planned(alone, 2.5 * ENOUGH_PAIRS)
    assert (plan.pairs, plan.plain, plan.half, plan.trials) == (25, 0, 0, 0)


def test_width_and_dropout_are_tuned_with_more_time_left_and_then_there_are_more_pairs(question):
    assert planned(question, 4 * ENOUGH_PAIRS).trials == 0  # not enough for trials that are worth it
    plan = planned(question, 5 * ENOUGH_PAIRS)
    assert (plan.pairs, plan.plain, plan.half) == (ENOUGH_PAIRS, ENOUGH_PAIRS, ENOUGH_PAIRS)
    assert FEWEST_TRIALS <= plan.trials < question.trials
    plan = planned(question, 10 * ENOUGH_PAIRS)
    assert plan.trials == question.trials
    assert plan.pairs > ENOUGH_PAIRS


def test_runs_are_cut_so_that_the_fewest_pairs_fit_and_the_budget_that_would_do_is_said(question):
    left = 0.6 * FEWEST_PAIRS * A_PAIR / FOR_TRAINING
    plan = fit(question, SECONDS, FIXED, left, JOBS)
    assert plan.pairs == FEWEST_PAIRS
    assert plan.updates == pytest.approx((0.6 * 22 - 4) / 18, abs=0.01)  # what is fixed is not cut
    assert FEWEST_PAIRS * plan.pair_seconds(JOBS) <= FOR_TRAINING * left
    assert "budget=" in shortfall(plan, question, left, JOBS, 0)
    assert shortfall(planned(question, 8), question, 8.1 * A_PAIR / FOR_TRAINING, JOBS, 0) == ""


def test_runs_are_not_cut_where_that_saves_little(question):
    plan = fit(question, SECONDS, {"gru": 9.0, "lstm": 11.0}, 2 * A_PAIR, JOBS)
    assert (plan.pairs, plan.updates) == (FEWEST_PAIRS, 1.0)
    assert "about 1 pair will be finished" in shortfall(plan, question, 2 * A_PAIR, JOBS, 0)
    assert fit(question, SECONDS, FIXED, 0.1 * A_PAIR, JOBS).updates == LEAST_SHARE


@pytest.mark.parametrize("left", [-30.0, 0.0, 1e-3, 5.0])
def test_where_nothing_is_left_the_budget_said_is_what_was_spent_and_the_time_of_the_pairs(question, left):
    plan = fit(question, SECONDS, FIXED, left, JOBS)
    said = shortfall(plan, question, left, JOBS, 0)
    assert "-" not in said.replace("data.size", "")
    (needed,) = re.findall(r"budget=(\d+)min", said)
    whole = FEWEST_PAIRS * A_PAIR / FOR_TRAINING
    assert 0 <= 60 * int(needed) - (question.budget - left + whole) <= 60


@pytest.mark.parametrize("budget", [None, 1000.0])
def test_a_larger_budget_lifts_the_cut_of_an_earlier_call_and_the_same_one_does_not(question, budget):
    plan = fit(question, SECONDS, FIXED, 0.6 * FEWEST_PAIRS * A_PAIR / FOR_TRAINING, JOBS)
    keep(plan, question)
    left = 20 * A_PAIR
    assert enlarged(kept(question), question, left, JOBS).updates == plan.updates
    larger = dataclasses.replace(question, budget=budget)
    again = enlarged(kept(larger), larger, None if budget is None else left, JOBS)
    assert again.updates == 1.0
    assert not set(runs_of(again, larger, 100)["pairs"]) & set(runs_of(plan, larger, 100)["pairs"])
    keep(again, larger)
    assert enlarged(kept(question), question, 1.0, JOBS) == again  # a smaller one does not cut them again


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


def test_pairs_that_are_recorded_count_as_finished(question):
    plan = planned(question, 8)
    assert shortfall(plan, question, 0.0, JOBS, FEWEST_PAIRS) == ""
    assert "about 5 pairs will be finished" in shortfall(plan, question, 2.1 * A_PAIR / FOR_TRAINING, JOBS, 3)
    one, all_of_them = (budget_for(plan, question, 0.0, JOBS, done) for done in (FEWEST_PAIRS - 1, 0))
    assert int(one.rstrip("smin")) < int(all_of_them.rstrip("smin"))


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


def test_what_is_switched_off_is_not_gone_on_with(question):
    plan = planned(question, 10 * ENOUGH_PAIRS)
    keep(plan, question)
    less = dataclasses.replace(question, plain=None, sizes=False)
    assert kept(less) == plan
    runs = runs_of(plan, less, 100)
    assert (len(runs["plain"]), len(runs["half"])) == (0, 0)
    assert runs["pairs"] == runs_of(plan, question, 100)["pairs"]


def test_a_plan_that_was_kept_by_an_earlier_version_is_gone_on_with(question, tmp_path):
    plan = planned(question, 8)
    keep(plan, question)
    (path,) = tmp_path.glob("own_data-*.json")
    content = json.loads(path.read_text())
    content["trials"] = [{"rate": rate, "width": 1.0, "dropout": None} for rate in content.pop("rates")]
    path.write_text(json.dumps(content))
    assert kept(question) == plan
    content.pop("trials")
    path.write_text(json.dumps({**content, "rates": plan.rates}))
    assert kept(question) == plan


def test_where_no_pair_was_finished_the_budget_said_is_what_was_spent_before_training_and_the_time_of_the_pairs(
    question, monkeypatch
):
    spent = []
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(spent))
    for module in (conduct, deadline):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(conduct, "seconds_of", lambda kinds, reporter: dict.fromkeys(kinds, 10.0))
    monkeypatch.setattr(conduct, "alone", lambda models, seconds: {})

    def train(runs, watcher):
        spent[:] = [900.0]
        yield from ()

    outcome = conduct.conduct(dataclasses.replace(question, budget=1000.0), train)
    found = kept(outcome.question)
    whole = FEWEST_PAIRS * found.pair_seconds(jobs_at_a_time(outcome.question.models.values())) / FOR_TRAINING
    said = int(outcome.situation.needed.removesuffix("min")) * 60
    assert whole <= said <= whole + 300
