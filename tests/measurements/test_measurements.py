"""What each probe measures; no time is asserted."""

import dataclasses

import numpy as np
import pytest
import torch

from rnncompare.measurements import interleaved_timing as turns
from rnncompare.measurements.jacobians import embedded, log_norms, slope, steppable
from rnncompare.measurements.measurement import GradientFlow, Memory, StepTime
from rnncompare.measurements.store import Request, load_measurements, measure_missing, measurement_id, missing
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import Examples
from rnncompare.training.experiment import initialise, run_experiment
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

pytestmark = pytest.mark.usefixtures("process_as_before")


def settings(model="gru", task=None, model_settings=None, **train):
    return RunSettings(
        model=ModelSettings(name=model, hidden_size=5, **(model_settings or {})),
        data=task or task_class("adding")(size=64, sequence_length=9, validation_examples=20, test_examples=20),
        train=TrainSettings(**{"max_updates": 6, "validate_every": 3} | train),
        device="cpu",
    ).resolved()


def test_flow_is_that_of_the_run_of_the_same_seed_untrained_and_trained():
    run = dataclasses.replace(settings(), seed=7)
    values = GradientFlow(settings(), sequences=11).measure(7)
    data = run.data.load(7)
    inputs = torch.from_numpy(data.validation.inputs[:11]).transpose(0, 1)
    network = initialise(run, data, torch.device("cpu"))
    norms = log_norms(steppable(network), embedded(network, inputs))
    assert values["untrained.slope"] == slope(norms)
    assert [values[f"untrained.log_norm.{lag}"] for lag in (1, 2, 4, 8, 9)] == list(norms[[1, 2, 4, 8, 9]])
    assert sum(name.startswith("trained.log_norm.") for name in values) == 5
    assert values["trained.slope"] != values["untrained.slope"]
    quality = run_experiment(run).record.quality
    assert values["trained.validation"] == quality.validation
    assert (values["baseline"], values["optimum"]) == (quality.baseline, 0)


def test_a_training_that_diverges_leaves_the_untrained_flow():
    values = GradientFlow(settings("rnn", optimizer="sgd", learning_rate=1e20, clip_norm=None)).measure(0)
    assert values["untrained.slope"] < 0
    trained = [value for name, value in values.items() if name.startswith("trained.")]
    assert len(trained) == 7
    assert trained == [None] * 7


def test_flow_is_known_by_its_run_without_what_cannot_change_it():
    one = measurement_id(Request(GradientFlow(settings()), 0))
    same = dataclasses.replace(settings(), seed=3, results_dir="elsewhere", force=True)
    assert measurement_id(Request(GradientFlow(same), 0)) == one
    others = [
        GradientFlow(settings("lstm")),
        GradientFlow(settings(learning_rate=0.1)),
        GradientFlow(settings(), lags=4),
    ]
    assert len({one, *(measurement_id(Request(other, 0)) for other in others)}) == 4


def test_sequences_are_cut_to_what_all_of_them_have(monkeypatch):
    inputs = np.random.default_rng(0).random((3, 8, 2)).astype(np.float32)
    ragged = Examples(inputs, np.zeros((3, 1), np.float32), np.array([8, 5, 2]))
    run = settings(max_updates=1, validate_every=1)
    data = dataclasses.replace(run.data.load(0), validation=ragged)
    monkeypatch.setattr(type(run.data), "load", lambda self, seed: data)
    values = GradientFlow(run, sequences=2).measure(0)
    network = initialise(run, data, torch.device("cpu"))
    cut = torch.from_numpy(inputs[:2, :5]).transpose(0, 1)
    assert values["untrained.slope"] == slope(log_norms(steppable(network), embedded(network, cut)))


def test_step_times_of_each_cell_by_each_implementation():
    values = StepTime(3, 2, 4, 5, seconds=1e-6, repeats=2).measure(0)
    expected = {f"{part}.{cell}.torch" for part in ("forward_backward", "update") for cell in ("lstm", "gru", "rnn")}
    assert expected <= set(values)
    assert {name.replace(".auto", ".torch") for name in values} - {"other_load"} == expected
    assert all(value > 0 for name, value in values.items() if name != "other_load")


def test_what_computes_something_else_is_not_timed(monkeypatch):
    monkeypatch.setattr(turns, "disagreement", lambda layer, *_: "the output: off by 1")
    with pytest.raises(RuntimeError, match=r"lstm torch.*off by 1"):
        StepTime(3, 2, 4, 5, cells=("lstm",), implementations=("torch",), repeats=1).measure(0)


def test_memory_grows_with_the_sequence(tmp_path):
    requests = [Request(Memory(steps, 16, 8, 64, cell="lstm", implementation="loop"), 0) for steps in (100, 400)]
    assert [outcome.error for outcome in measure_missing(requests, tmp_path)] == [None, None]
    peaks = load_measurements(tmp_path).set_index("settings.sequence_length")["values.peak_mb"]
    kept = 16 * 64 * 4 * 4 / 2**20  # MiB a step, of four gates alone
    assert peaks[400] - peaks[100] > 300 * kept


def test_what_a_run_measured_is_known_to_be_there(tmp_path):
    request = Request(GradientFlow(settings(), sequences=2), 0)
    assert [outcome.error for outcome in measure_missing([request], tmp_path)] == [None]
    assert missing([request], tmp_path) == []
