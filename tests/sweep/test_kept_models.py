"""keep=best: the model is there before the record, and a run without one is trained again when it is wanted."""

from types import SimpleNamespace

import pytest

from rnncompare import load_model
from rnncompare.base.errors import SettingError, StorageError
from rnncompare.composition.compose import compose
from rnncompare.sweep import find_missing, plan, train_all
from rnncompare.training.kept_model import KeptModel

WORDS = ["data=adding", "data.size=20", "data.sequence_length=5", "data.validation_examples=20"]
WORDS += ["data.test_examples=20", "model.hidden_size=4", "train.max_updates=4", "train.patience=null"]
SILENT = SimpleNamespace(update=lambda *_: None, note=lambda _: None)


def runs(folder, *words):
    return plan(compose([[*WORDS, f"results_dir={folder}", *words]]))


def train(asked):
    return list(train_all(find_missing(asked), SILENT))


def test_a_run_that_has_no_model_is_trained_again_when_it_is_wanted_and_then_not_again(tmp_path):
    (name,) = plain = runs(tmp_path)
    assert [record.status for record in train(plain)] == ["completed"]
    assert not (tmp_path / name / "model.pt").exists()
    wanted = runs(tmp_path, "keep=best")
    assert list(wanted) == [name]  # the setting does not name another run
    assert [record.run_id for record in train(wanted)] == [name]
    model = load_model(tmp_path / name)
    assert (model.run_id, model.config["model"]["name"]) == (name, "gru")
    assert not find_missing(wanted)
    assert not find_missing(plain)
    assert not list(tmp_path.glob("*/.*"))


def test_a_model_that_cannot_be_written_leaves_no_record_of_a_completed_run(tmp_path, monkeypatch):
    wanted = runs(tmp_path, "keep=best")
    (name,) = wanted
    (tmp_path / name / "model.pt" / "in the way").mkdir(parents=True)  # a folder: the model cannot take its place
    with pytest.raises(StorageError, match=r"model\.pt: Is a directory; what was recorded before is kept"):
        list(train_all(wanted, SILENT))
    assert not (tmp_path / name / "record.json").exists()


def test_a_run_that_diverged_keeps_no_model_and_is_not_trained_for_one_again(tmp_path):
    wanted = runs(tmp_path, "keep=best", "train.learning_rate=1e30", "train.clip_norm=null", "train.max_updates=50")
    (record,) = train(wanted)
    assert record.status == "diverged"
    assert not list(tmp_path.glob("*/model.pt"))
    assert not find_missing(wanted)


def test_keep_is_none_or_best():
    with pytest.raises(SettingError, match="keep=all: none or best"):
        compose([["keep=all"]])


def test_the_model_is_that_of_the_best_validation(tmp_path):
    wanted = runs(tmp_path, "keep=best")
    (record,) = train(wanted)
    model: KeptModel = load_model(tmp_path / record.run_id)
    error = float(((model.test_outputs - model.test_targets) ** 2).mean())
    assert error == pytest.approx(record.quality.test, rel=1e-5)
