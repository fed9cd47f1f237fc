"""Studies as a user makes them: commands, answers, and requests that cannot be met."""

import dataclasses
import json

import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.claims import load, names
from rnncompare.composition.compose import compose
from rnncompare.studies.planning import plan
from rnncompare.studies.protocol import asked_for, load_task, protocol, task_names
from rnncompare.studies.reporter import SILENT
from rnncompare.studies.study_settings import StudySettings, check_beside_claims, check_beside_data, split
from tests.commands import QUICK, files_in, run

OWN = ["data=adding", "data.size=32", *QUICK, "pairs=3", "most_pairs=3", "preset=standard"]


def study(folder, *words):
    return run(folder, *words, module="study")


def test_claims_that_code_decides_need_no_runs(tmp_path):
    done = study(tmp_path, "claim=gru_is_rnn,fewer_parameters")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("supported *") == 2
    assert [path.name for path in files_in(tmp_path)] == ["study.json"]


def test_a_study_of_the_earlier_protocol_is_named_and_left_alone(tmp_path):
    folder = tmp_path / "results" / "study"
    folder.mkdir(parents=True)
    (folder / "study.json").write_text('{"schema_version": 1, "claims": []}')
    done = study(tmp_path, "claim=gru_is_rnn")
    assert done.returncode == 2
    assert "earlier protocol" in done.stderr
    assert json.loads((folder / "study.json").read_text())["schema_version"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["claim=folklore"], "claim=folklore"),
        ([], "claim=null"),
        (["claim=all", "budget=soon"], "budget=soon"),
        (["claim=all", "pairs=1"], "pairs=1"),
        (["claim=all", "pairs=20", "most_pairs=10"], "most_pairs=10"),
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


def test_every_task_of_a_study_composes_and_goes_on_until_it_has_settled():
    claims = [load(name) for name in names()]
    used = {name for claim in claims for name in claim.tasks}
    tasks = {name: load_task(name) for name in task_names()}
    assert used <= set(tasks)
    for task, settings in zip(tasks.values(), compose(task.words for task in tasks.values()), strict=True):
        train = settings.train
        assert train.settle == pytest.approx(task.scale.margin / 4 / task.scale.factor, rel=1e-4), task.name
        assert train.min_updates < train.max_updates, task.name
        assert (train.patience, train.schedule) == (None, "constant"), task.name
        assert task.usual in task.values, task.name


def test_claims_share_their_entries():
    first, second = load("better_on_little_data"), load("needs_less_data")
    tasks = {name: load_task(name) for name in second.tasks}
    together = protocol([first, second], tasks)
    assert set(together.entries) == set(protocol([second], tasks).entries)
    assert set(together.entries.values()) == {first.priority, second.priority}


def test_a_task_whose_data_cannot_be_had_is_left_out_of_every_claim():
    claim = load("regular_languages")
    tasks = {name: load_task(name) for name in claim.tasks if name != "parity"}
    assert {entry.task for entry in protocol([claim], tasks).entries} == set(tasks)


@pytest.mark.parametrize(
    ("budget", "seconds"), [("90s", 90), ("10min", 600), ("1.5h", 5400), ("2d", 172_800), ("45", 45), (None, None)]
)
def test_a_budget_is_a_time(budget, seconds):
    assert StudySettings(budget=budget).seconds() == seconds


@pytest.mark.parametrize("budget", ["", "-5min", "10 minutes", "0s", "min", "1e3", "nan"])
def test_what_is_no_time_is_refused(budget):
    with pytest.raises(SettingError, match="budget"):
        StudySettings(budget=budget).seconds()


@pytest.mark.parametrize(
    ("pairs", "most", "looks"), [(10, 50, (10, 20, 30, 50)), (6, 6, (6,)), (3, 15, (3, 10, 15)), (30, 50, (30, 50))]
)
def test_a_study_is_looked_at_after_its_first_pairs_and_then_as_planned(pairs, most, looks):
    assert StudySettings(pairs=pairs, most_pairs=most).looks == looks


def test_words_are_parted_into_those_of_the_study_and_of_its_runs():
    own, runs = split(["claim=a,b", "preset=quick", "device=cpu", "--help", "hydra/launcher=joblib", "data=file"])
    assert sorted(own) == sorted(["claim='a,b'", "preset=quick", "--help", "hydra/launcher=joblib"])
    assert runs == ["device=cpu", "data=file"]
    with pytest.raises(SettingError, match="optimizer"):
        check_beside_claims(["train.optimizer=sgd"])
    check_beside_claims(["device=cpu", "stale=keep"])
    check_beside_data(["train.optimizer=sgd", "model.hidden_size=4"])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"arms": {"gru": ("model=gruu",), "lstm": ("model=lstm",)}}, "arm gru on adding: model=gruu: one of gru, "),
        ({"size": ("model.paramters=9",)}, "arm gru on adding: model.paramters: "),
    ],
)
def test_what_is_wrong_in_an_arm_is_said_with_the_claim_that_has_it(changed, said):
    claim = dataclasses.replace(load("large_networks"), tasks=("adding",), **changed)
    with pytest.raises(DataError, match=f"^experiments/large_networks/claim.yaml, {said}"):
        plan(StudySettings(), [claim], {"adding": load_task("adding")}, [], SILENT)


def test_a_task_that_no_file_is_of_is_said_with_the_claim_that_names_it(monkeypatch):
    wrong = dataclasses.replace(load("large_networks"), tasks=("adding", "nope"))
    monkeypatch.setattr("rnncompare.studies.protocol.load", lambda name: wrong)
    with pytest.raises(SettingError, match=r"^experiments/large_networks/claim.yaml: tasks=nope: of adding, "):
        asked_for("large_networks")


def test_what_is_wrong_in_the_settings_of_a_command_is_no_claims_fault():
    claim = dataclasses.replace(load("large_networks"), tasks=("adding",))
    with pytest.raises(SettingError, match=r"^device=tpu"):
        plan(StudySettings(), [claim], {"adding": load_task("adding")}, ["device=tpu"], SILENT)
