"""Studies as a user makes them, and their parts."""

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncompare.base.errors import DataError, SettingError
from rnncompare.claims import load, names
from rnncompare.claims.evidence import Evidence
from rnncompare.claims.judge import judge
from rnncompare.composition.compose import compose
from rnncompare.records import DataFields, ModelFields, QualityFields, Record, to_frame, write_record
from rnncompare.studies import cost, own_data, tuning
from rnncompare.studies.command_line import check_beside_claims, check_beside_data, split
from rnncompare.studies.manifest import Book, BookedEntry, read_book
from rnncompare.studies.protocol import load_task, protocol, task_names
from rnncompare.studies.settings import StudySettings
from rnncompare.studies.verdicts import read_study
from rnncompare.training.experiment import run_experiment
from tests.cli.test_commands import QUICK, files_in, run

OWN = ["data=adding", "data.size=32", *QUICK, "trials=2", "pairs=3", "preset=quick", "updates=1"]


def study(folder, *words):
    return run(folder, *words, module="study")


def test_a_study_of_data_goes_to_an_answer_and_trains_nothing_twice(tmp_path):
    done = study(tmp_path, *OWN)
    assert done.returncode == 0, done.stderr
    assert "GRU" in done.stdout
    assert "learning rate" in done.stdout
    assert "from 16 to 32 examples" in done.stdout
    book = json.loads((tmp_path / "results/study/study.json").read_text())
    assert [entry["value"] for entry in book["entries"]] == [8, 16, 32] * 3
    assert len({run for entry in book["entries"] for run in entry["tuning"]}) == 18
    records = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}
    assert len(records) == 9 * (2 + 3)

    again = study(tmp_path, *OWN)
    assert again.returncode == 0, again.stderr
    assert "18 runs, 18 recorded already" in again.stdout
    assert "27 runs, 27 recorded already" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")} == records

    kept = {entry["evaluation"]["0"] for entry in book["entries"] if entry["value"] == 32}
    for path in records:
        if path.parent.name not in kept:
            path.unlink()
    few = own_data.answer(read_study(tmp_path / "results/study"))  # as a budget leaves it that ended too soon
    assert "do not tell GRU and LSTM apart" in few or "cannot tell" in few
    assert "too few runs to see what more data would change" in few or "too few examples" in few
    assert "nan" not in few


def test_claims_that_code_decides_need_no_runs(tmp_path):
    done = study(tmp_path, "claim=gru_is_rnn,fewer_parameters")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("supported") == 2
    assert [path.name for path in files_in(tmp_path)] == ["study.json"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["claim=folklore"], "claim=folklore"),
        ([], "claim=None"),
        (["claim=all", "budget=soon"], "budget=soon"),
        (["claim=all", "pairs=0"], "pairs=0"),
        (["claim=all", "preset=slow"], "quick"),
        (["claim=all", "data=adding"], "data=adding"),
        (["data=adding", "model=lstm"], "model=lstm"),
        (["data=file", "data.path=nowhere.csv"], "nowhere.csv"),
        (["-m", "claim=all"], "-m"),
        (["clam=all"], "clam"),
    ],
)
def test_a_wrong_request_is_a_line_and_leaves_nothing(words, said, tmp_path):
    done = study(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert files_in(tmp_path) == []


def test_help_lists_the_settings_and_the_presets(tmp_path):
    done = study(tmp_path, "--help")
    assert done.returncode == 0
    for word in ("budget=null", "preset=NAME  one of full, quick, standard", "claim=all"):
        assert word in done.stdout


def test_every_claim_names_tasks_whose_settings_compose():
    claims = [load(name) for name in names()]
    tasks = {name: load_task(name) for claim in claims for name in claim.tasks}
    assert set(tasks) == set(task_names())
    plan = protocol(claims, tasks, pairs=3, more_pairs=5)
    one_of_each = {entry.task: entry for entry in plan.entries}
    for settings in compose(entry.overrides for entry in one_of_each.values()):
        assert settings.train.max_updates
    assert set(plan.pairs.values()) == {3, 5}


def test_claims_share_their_entries():
    first, second = load("better_on_little_data"), load("needs_less_data")
    tasks = {name: load_task(name) for name in second.tasks}
    together = protocol([first, second], tasks, 3, 5)
    assert set(together.entries) == set(protocol([second], tasks, 3, 5).entries)


def test_a_task_whose_data_cannot_be_had_is_left_out_of_every_claim():
    claim = load("regular_languages")
    tasks = {name: load_task(name) for name in claim.tasks if name != "parity"}
    assert {entry.task for entry in protocol([claim], tasks, 3, 5).entries} == set(tasks)


@given(st.integers(1, 40), st.floats(1e-6, 1e-3), st.floats(1.1, 1e3))
def test_learning_rates_lie_within_bounds_and_more_of_them_keep_the_first(count, low, ratio):
    rates = tuning.learning_rates((low, low * ratio), count)
    assert all(low * 0.99 <= rate <= low * ratio * 1.01 for rate in rates)
    assert tuning.learning_rates((low, low * ratio), count + 3)[:count] == rates


def test_learning_rates_spread_evenly_over_the_logarithm():
    logs = sorted(math.log10(rate) for rate in tuning.learning_rates((1e-4, 1e-2), 3))
    assert logs == pytest.approx([-3.5, -3, -2.5], abs=0.01)


def test_tuning_takes_the_rate_that_validated_best_and_none_that_never_had_a_score():
    (settings,) = compose([["data=adding"]])
    runs = {name: tuning.with_rate(settings, rate, 0) for name, rate in (("a", 0.1), ("b", 0.2), ("c", 0.3))}
    frame = pd.DataFrame({"run_id": list(runs), "quality.validation": [0.5, 0.2, math.nan]})
    assert tuning.choose(runs, frame.assign(**{"quality.higher_is_better": False})) == 0.2
    assert tuning.choose(runs, frame.assign(**{"quality.higher_is_better": True})) == 0.1
    assert tuning.choose(runs, frame.assign(**{"quality.validation": math.nan})) == 0.1


def test_tuning_and_evaluation_share_no_seed():
    (settings,) = compose([["data=adding"]])
    seeds = {trial.seed for trial in tuning.trials(settings, [0.1] * 50)}
    assert min(seeds) > 10_000


def test_a_random_rate_belongs_to_its_seed():
    rates = [tuning.random_rate((1e-4, 1.0), seed) for seed in range(200)]
    assert rates == [tuning.random_rate((1e-4, 1.0), seed) for seed in range(200)]
    assert 0.4 < np.mean(np.array(rates) < 1e-2) < 0.6


@given(st.floats(1, 1e6), st.floats(0.1, 1e5))
def test_a_budget_is_never_planned_beyond_what_it_allows(seconds, round_seconds):
    effort = cost.fit(seconds, round_seconds)
    assert effort.trials >= 2
    assert effort.pairs >= cost.FEWEST_PAIRS
    taken = (effort.trials + effort.pairs) * round_seconds * effort.updates
    assert taken <= seconds or effort.updates == 0.01


@pytest.mark.parametrize(
    ("budget", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400), ("2d", 172_800), ("45", 45), (None, None)]
)
def test_a_budget_is_a_time(budget, seconds):
    assert StudySettings(budget=budget).seconds() == seconds


@pytest.mark.parametrize("budget", ["", "-5min", "10 minutes", "0s", "min", "1e3", "nan"])
def test_what_is_no_time_is_refused(budget):
    with pytest.raises(SettingError, match="budget"):
        StudySettings(budget=budget).seconds()


def test_words_are_parted_into_those_of_the_study_and_of_its_runs():
    own, runs = split(["claim=a,b", "preset=quick", "device=cpu", "--help", "hydra/launcher=parallel", "data=file"])
    assert own == ["--help", "claim='a,b'", "preset=quick", "hydra/launcher=parallel"]
    assert runs == ["device=cpu", "data=file"]
    with pytest.raises(SettingError, match="optimizer"):
        check_beside_claims(["train.optimizer=sgd"])
    check_beside_data(["train.optimizer=sgd", "model.hidden_size=4"])
    for folder in (["--config-dir", "conf"], ["--config-dir=conf"]):  # the folder is the flag's, not a setting of runs
        assert split([*folder, "claim=x", "seed=1"]) == (["--config-dir", "conf", "claim=x"], ["seed=1"])


BOOK = Book(
    "python -m", {}, {"t": {}}, [own_data.CLAIM], {"own_data": {"gru": [0]}}, [BookedEntry("t", 5, [], 0.1, {"r": 0.1})]
)


def test_a_book_is_read_as_it_was_written(tmp_path):
    book = dataclasses.replace(BOOK, entries=[BookedEntry("t", 5, ["x=1"], 0.1, {"r": 0.1}, {0: "s"})])
    book.write(tmp_path)
    assert read_book(tmp_path) == book
    assert read_book(tmp_path / "elsewhere") is None


@pytest.mark.parametrize("change", ["torn", "schema", "foreign"])
def test_a_book_that_cannot_be_read_is_named(change, tmp_path):
    BOOK.write(tmp_path)
    path = tmp_path / "study.json"
    text = path.read_text()
    changed = {
        "torn": text[:-20],
        "schema": text.replace('"schema_version": 1', '"schema_version": 9'),
        "foreign": "[]",
    }
    path.write_text(changed[change])
    with pytest.raises(DataError, match=r"study\.json"):
        read_book(tmp_path)


def test_real_runs_of_a_gru_against_itself_are_never_found_to_differ():
    overrides = ["model=gru", "model.hidden_size=4", "data=adding", "data.size=64", *QUICK, "train.max_updates=20"]
    (settings,) = compose([overrides])
    records = {}
    for seed in range(20):
        arm = "gru" if seed < 10 else "lstm"  # the same cell under two names, on seeds of its own
        records[f"{arm} {seed % 10}"] = run_experiment(dataclasses.replace(settings, seed=seed)).record
    frame = to_frame(records.items()).assign(task="own_data", axis="data.size", value=64)
    frame[["arm", "seed"]] = [name.split() for name in records]
    claim = dataclasses.replace(own_data.CLAIM, compare=(("gru", "lstm"),), rule="equivalent")
    nothing = pd.DataFrame()
    (finding,) = judge(claim, Evidence(frame, nothing, nothing, nothing))
    assert len(finding.pairs) == 10
    assert finding.pairs["difference"].abs().max() > 0
    assert finding.verdict in ("equivalent", "inconclusive", "uninformative")


def test_only_kinds_of_which_a_run_is_missing_are_timed(tmp_path, monkeypatch, capsys):
    timed = []

    def seconds_of(kinds):
        timed.append({settings.model.name for settings in kinds.values()})
        return dict.fromkeys(kinds, 30.0)

    def train(runs, _):
        for name, settings in runs.items():
            score = 1 / (1 + settings.seed)
            quality = QualityFields(metric="accuracy", higher_is_better=True, validation=score, test=score, baseline=0)
            made = Record(
                run_id=name,
                status="completed",
                seed=settings.seed,
                device="cpu",
                config=settings.config(),
                model=ModelFields(name=settings.model.name),
                data=DataFields(name="adding"),
                quality=quality,
            )
            write_record(tmp_path, made, [], "")
            yield made

    def conduct():
        timed.clear()
        settings = StudySettings(trials=2, pairs=3, results_dir=str(tmp_path))
        made = own_data.conduct(settings, ["data=adding", "data.size=32", *QUICK], train, "")
        return made, capsys.readouterr().out

    monkeypatch.setattr(cost, "seconds_of", seconds_of)
    monkeypatch.setattr(cost, "jobs_at_a_time", lambda _: 2)
    made, said = conduct()
    assert timed == [{"gru", "lstm", "rnn"}]
    assert "18 trials to tune, 27 runs to compare; 45 at most to train: 11 min at most with 2 at a time" in said

    _, said = conduct()
    assert timed == [set()]
    assert "18 trials to tune, 27 runs to compare; all are recorded" in said

    entry = next(entry for entry in made.book.entries if "model=gru" in entry.overrides)
    (tmp_path / entry.evaluation[1] / "record.json").unlink()
    _, said = conduct()
    assert timed == [{"gru"}]
    assert "1 at most to train: 15 s" in said

    (tmp_path / min(entry.tuning) / "record.json").unlink()  # by it another rate may be chosen, so other pairs
    _, said = conduct()
    assert timed == [{"gru"}]
    assert "4 at most to train: 60 s" in said
