"""A training that was interrupted ends as if it had not been, bit for bit."""

import dataclasses
import os
import pickle

import numpy as np
import pytest
import torch

from rnncompare.tasks.adding import Adding
from rnncompare.tasks.contract import Examples, stream
from rnncompare.tasks.parity import Parity
from rnncompare.training.batches import Split
from rnncompare.training.checkpoints import CheckpointFile
from rnncompare.training.experiment import run_experiment
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

ADDING = Adding(size=70, sequence_length=10, validation_examples=40, test_examples=40)
PARITY = Parity(size=50, sequence_length=12, longer=(), validation_examples=40, test_examples=40)


class StopError(Exception):
    pass


def settings(data=ADDING, model=None, **training):
    return RunSettings(
        model=ModelSettings(**{"name": "lstm", "hidden_size": 6, "dropout": 0.3, "num_layers": 2, **(model or {})}),
        data=data,
        train=TrainSettings(**{"max_updates": 40, "validate_every": 4, "target": 0.5, **training}),
        device="cpu",
    ).resolved()


def interrupted_at(update):
    def progress(now, metric):
        if now == update:
            raise StopError

    return progress


def outcome(run):
    record = dataclasses.replace(run.record, speed=run.record.speed.updates, memory=None, provenance=None)
    return record, run.record.speed.updates_to_target, [dataclasses.replace(point, seconds=0) for point in run.curve]


@pytest.mark.parametrize(
    "run",
    [
        settings(),
        settings(PARITY, {"name": "torch_gru", "bidirectional": True}, optimizer="rmsprop", batch_size=16),
        settings(model={"name": "rnn"}, optimizer="sgd", learning_rate=0.3, clip_norm=0.1),
        settings(schedule="cosine"),
        settings(model={"name": "gru", "input_dropout": 0.2}, optimizer="adamw", patience=3, learning_rate=0.1),
        settings(model={"initialisation": "keras"}, settle=0.02, min_updates=30, patience=None, max_updates=90),
        settings(fused=True),
    ],
    ids=["lstm", "bidirectional", "sgd", "schedule", "patience", "settle", "fused"],
)
def test_interrupted_twice_it_ends_in_the_same_record(tmp_path, run):
    whole = run_experiment(run)
    updates = whole.record.speed.updates
    for stop in (8, updates - 4):
        with pytest.raises(StopError):
            run_experiment(run, interrupted_at(stop), CheckpointFile(tmp_path / "state", 0))
    resumed_at = []
    resumed = run_experiment(run, lambda now, metric: resumed_at.append(now), CheckpointFile(tmp_path / "state", 0))
    assert resumed_at[0] == updates - 4  # the state before was kept, this validation not
    assert outcome(resumed) == outcome(whole)


@pytest.mark.parametrize("patience", [3, None])
def test_killed_after_its_last_update_it_ends_in_the_same_record(tmp_path, patience):
    run = settings(model={"name": "gru"}, patience=patience, learning_rate=0.1)
    whole = run_experiment(run, checkpointer=CheckpointFile(tmp_path / "state", 0))
    assert outcome(run_experiment(run, checkpointer=CheckpointFile(tmp_path / "state", 0))) == outcome(whole)
    assert whole.record.model.implementation is not None


def test_the_time_trained_before_counts(tmp_path):
    run = settings()
    with pytest.raises(StopError):
        run_experiment(run, interrupted_at(24), CheckpointFile(tmp_path / "state", 0))
    kept = CheckpointFile(tmp_path / "state", 0).load()
    seconds = kept["training"]["step_seconds"]
    assert len(seconds) == 20
    resumed = run_experiment(run, checkpointer=CheckpointFile(tmp_path / "state", 0))
    assert resumed.curve[4].seconds == pytest.approx(float(seconds.sum()))
    assert resumed.record.speed.training_seconds > resumed.curve[4].seconds


def test_a_divergence_after_going_on_is_found_at_its_update(tmp_path):
    # the first loss, by which an explosion is judged, was seen before the interruption
    run = settings(
        model={"name": "rnn", "dropout": 0.0}, optimizer="sgd", learning_rate=3.0, clip_norm=None, validate_every=1
    )
    whole = run_experiment(run)
    assert whole.record.status == "diverged"
    assert whole.record.diverged_at > 2
    with pytest.raises(StopError):
        run_experiment(run, interrupted_at(len(whole.curve)), CheckpointFile(tmp_path / "state", 0))
    assert outcome(run_experiment(run, checkpointer=CheckpointFile(tmp_path / "state", 0))) == outcome(whole)


class Harm:
    def __reduce__(self):
        return (os.mkdir, ("harmed",))


@pytest.mark.parametrize("damage", ["torn", "empty", "foreign", "harmful", "other software", "folder"])
def test_a_state_that_cannot_be_used_is_left_and_the_run_starts_anew(tmp_path, monkeypatch, damage):
    monkeypatch.chdir(tmp_path)
    run, path = settings(), tmp_path / "state"
    with pytest.raises(StopError):
        run_experiment(run, interrupted_at(24), CheckpointFile(path, 0))
    whole = path.read_bytes()
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "other software":
        content = torch.load(path, weights_only=True)
        torch.save({**content, "made_by": ["0.0", "1.0"]}, path)
    else:
        harmful = pickle.dumps({"made_by": Harm(), "state": {}})
        path.write_bytes({"torn": whole[:-300], "empty": b"", "foreign": b"{}", "harmful": harmful}[damage])
    updates = []
    run_experiment(run, lambda now, metric: updates.append(now), CheckpointFile(path, 1e9))
    assert updates[0] == 4
    assert not (tmp_path / "harmed").exists()


def test_the_state_is_kept_as_often_as_asked_and_no_temporary_file_stays(tmp_path):
    run_experiment(settings(), checkpointer=CheckpointFile(tmp_path / "never", 1e9))
    run_experiment(settings(), checkpointer=CheckpointFile(tmp_path / "run" / "always", 0))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["always"]


def test_a_place_in_the_order_is_found_again_in_the_middle_of_an_epoch():
    examples = Examples(np.arange(10, dtype=np.float32).reshape(10, 1, 1), np.arange(10))
    split = Split(examples, "last", torch.device("cpu"))
    first, second = split.shuffled(3, stream(0, "order")), split.shuffled(3, stream(1, "other"))
    for batches in range(8):
        second.restore(first.state())
        expected = [next(first).targets.tolist() for _ in range(5)]
        assert [next(second).targets.tolist() for _ in range(5)] == expected, batches
        second.restore(first.state())
        next(first)
