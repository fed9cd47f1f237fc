"""A study that tunes width and dropout too: as many trials of each model, judged a pair at a time, and gone on with."""

import dataclasses

import pandas as pd
import pytest
from commands import QUICK, run

from rnncompare.composition.compose import compose
from rnncompare.studies.own_data.tuning import HIGHEST_RATE, LOWEST_RATE, MOST_DROPOUT, RATES, propose

WORDS = ["data=adding", "data.size=32", *QUICK, "pairs=3", "most_pairs=3", "preset=standard", "plain=false"]


def test_trials_come_after_the_rates_and_what_was_chosen_is_in_the_table_and_in_the_command(tmp_path):
    words = [*WORDS, "sizes=false", "study.tune=all", "study.trials=2"]
    done = run(tmp_path, *words, module="study")
    assert done.returncode == 0, done.stderr
    assert "at 3 learning rates, 18 runs; then 2 trials of rate, width and dropout for each model" in done.stdout
    assert len(list(tmp_path.rglob("record.json"))) == 18 + 12
    assert len(list(tmp_path.rglob("model.pt"))) == 1
    assert "the best by validation of 5 settings of rate, width and dropout" in done.stdout
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("train it")]
    assert "model.hidden_size=" in line
    assert "model.dropout=" in line
    assert "hidden size" in done.stdout
    again = run(tmp_path, *words, module="study")
    assert again.returncode == 0, again.stderr
    assert len(list(tmp_path.rglob("record.json"))) == 18 + 12
    alone = run(tmp_path, *WORDS, "sizes=false", "study.tune=rate", module="study")
    assert alone.returncode == 0, alone.stderr
    assert "hidden size" not in alone.stdout
    assert len(list(tmp_path.rglob("record.json"))) == 18 + 12


def test_the_command_to_train_it_has_the_updates_that_the_runs_were_cut_to_and_keeps_once(tmp_path):
    words = [*WORDS, "sizes=false", "study.tune=rate", "updates=0.5", "keep=best"]
    done = run(tmp_path, *words, module="study")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("train it")]
    assert line.count("train.max_updates") == line.count("keep=best") == 1
    assert "train.max_updates=2" in line.split()


def test_another_thing_to_tune_is_named(tmp_path):
    wrong = run(tmp_path, *WORDS, "study.tune=width", module="study")
    assert wrong.returncode == 2
    assert "study.tune=width" in wrong.stderr


@pytest.fixture
def runs():
    gru, lstm = compose([["model=gru"], ["model=lstm"]])
    return [dataclasses.replace(run, seed=3) for run in (gru, lstm)]


def searched(run, trials, score):
    """A search of so many trials after the rates, on a function of rate, width and dropout."""
    tried = []
    for rate in RATES:
        tried.append((rate, run.model.hidden_size, 0.0))
    for _ in range(trials):
        rows = [(*place, score(*place)) for place in tried]
        found = propose(run, pd.DataFrame(rows, columns=["rate", "width", "dropout", "validation"]))
        tried.append((found.train.learning_rate, found.model.hidden_size, found.model.dropout))
    return tried


def test_both_models_get_the_same_trials_for_the_same_scores_within_the_range(runs):
    gru, lstm = (searched(run, 12, lambda rate, width, dropout: rate - dropout) for run in runs)
    assert gru == lstm
    rates, widths, dropouts = zip(*gru[len(RATES) :], strict=True)
    assert LOWEST_RATE <= min(rates) < max(rates) <= HIGHEST_RATE
    assert 64 <= min(widths) < max(widths) <= 256
    assert 0 <= min(dropouts) < max(dropouts) <= MOST_DROPOUT
    assert len(set(gru)) == len(gru)


def test_the_search_follows_what_it_has_seen(runs):
    """Far more of its later trials than chance would put there lie where it was told that the best is."""

    def score(rate, width, dropout):
        return -abs(dropout - 0.4) - abs(width - 220) / 220

    late = searched(runs[0], 40, score)[-20:]
    assert sum(dropout > 0.25 and width > 160 for _, width, dropout in late) >= 12
