"""A file of each kind goes to a record, from Python and by the command, with no setting but the target."""

import dataclasses
import json

import files
import pytest

from rnncompare.tasks import from_arrays, from_frame
from rnncompare.tasks.file import File
from rnncompare.training.experiment import run_experiment
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings
from tests.commands import run

SAYS = {
    "recordings.csv": "classification, 60 sequences of 4 to 9 steps (by recording_id, ordered by frame), "
    "2 columns of numbers, target speaker (3 classes)",
    "power.csv": "forecasting, hourly, 2 series, target Last, from 48 steps the next 1; "
    "errors in units of the target's variance in train",
    "reviews.tsv": "text classification by words (data.units), 60 texts of 6 to 23 words, text review, "
    "target sentiment (2 classes)",
    "story.txt": "language modelling, 3,360 characters, 16 different ones, in windows of 16",
    "purchases.csv": "event streams, 60 sequences of 3 to 7 steps (by customer, ordered by timestamp), "
    "2 columns of numbers, embedded: action, channel, target left (2 classes)",
}


def trained(task, updates=120, name="gru"):
    train = TrainSettings(max_updates=updates, validate_every=20, learning_rate=0.01)
    settings = RunSettings(model=ModelSettings(name=name, hidden_size=12), data=task, train=train, device="cpu")
    return run_experiment(settings.resolved()).record


@pytest.mark.parametrize("name", files.MAKERS)
def test_a_file_of_each_kind_is_understood_and_learned(name, tmp_path):
    make, target = files.MAKERS[name]
    path = make(tmp_path / name)
    task = File(path=str(path), target=target)
    assert task.load(0).understood.splitlines()[0] == f"read as: {SAYS[name]}; change with data.kind="
    record = trained(task)
    assert record.status == "completed"
    quality = record.quality
    assert (quality.test > quality.baseline) if quality.higher_is_better else (quality.test < quality.baseline)
    assert record.config["data"]["path"] == str(path)
    assert record.data.sha256 == record.config["data"]["sha256"]


@pytest.mark.parametrize("name", files.MAKERS)
def test_the_command_says_what_it_understood_and_leaves_a_record(name, tmp_path):
    make, target = files.MAKERS[name]
    make(tmp_path / name)
    words = [f"data.path={name}", *([f"data.target={target}"] if target else []), "train.max_updates=2"]
    done = run(tmp_path, "model=gru", "data=file", *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"read as: {SAYS[name]}; change with data.kind="
    (record,) = tmp_path.glob("results/runs/*/record.json")
    assert json.loads(record.read_text())["status"] == "completed"


def test_a_bad_file_is_an_error_of_the_request_and_writes_nothing(tmp_path):
    (tmp_path / "bad.csv").write_text("date,load\n" + "2024-01-01,1\n2024-01-02,2\n" * 9)
    done = run(tmp_path, "data=file", "data.path=bad.csv", "data.target=load")
    assert done.returncode == 2
    assert "bad.csv: column date, row 4: the time 2024-01-01 00:00:00 stands in row 2 too" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


def test_the_same_from_python(tmp_path):
    import pandas as pd

    path = files.recordings(tmp_path / "recordings.csv")
    frame = pd.read_csv(path)
    before = frame.copy()
    task = from_frame(frame, target="speaker", name="recordings")
    pd.testing.assert_frame_equal(frame, before)
    from_file = File(path=str(path), target="speaker")
    one, other = task.load(3), from_file.load(3)
    assert one.understood == other.understood
    for part in ("train", "validation", "test"):
        a, b = getattr(one, part), getattr(other, part)
        assert (a.inputs == b.inputs).all()
        assert (a.targets == b.targets).all()
    record = trained(task, 2)
    assert record.data.name == "recordings"
    assert record.config["data"] == {"name": "recordings", "size": "full", "sha256": task.sha256}

    by_case = frame.groupby("recording_id")
    cases = [case[["c1", "c2"]].to_numpy() for _, case in by_case]
    given = from_arrays(cases, by_case["speaker"].first().to_numpy()).load(3)
    assert (given.train.inputs == one.train.inputs).all()
    assert (given.test.targets == one.test.targets).all()


def test_embedded_columns_train_with_torchs_modules_and_backwards_too(tmp_path):
    task = File(path=str(files.purchases(tmp_path / "p.csv")), target="left")
    assert trained(task, 2, "torch_lstm").status == "completed"
    both = ModelSettings(name="lstm", hidden_size=4, bidirectional=True, embedding_size=3)
    settings = RunSettings(model=both, data=task, train=TrainSettings(max_updates=2), device="cpu").resolved()
    record = run_experiment(settings).record
    assert record.model.parameters == record.model.recurrent_parameters + (5 + 3) * 3 + (2 * 4 + 1) * 2
    small = dataclasses.replace(settings, model=ModelSettings(name="lstm", parameters=1000)).resolved()
    assert 800 < run_experiment(small).record.model.parameters <= 1000
