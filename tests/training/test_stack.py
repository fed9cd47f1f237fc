"""Runs trained as one against the same runs trained alone: their records, decisions and what they leave behind."""

import dataclasses
import math
from types import SimpleNamespace

import pytest
import torch

from rnncompare.base.errors import DataError
from rnncompare.models.architecture import Architecture
from rnncompare.models.network import Network
from rnncompare.records import CurvePoint
from rnncompare.tasks.adding import Adding
from rnncompare.tasks.contract.objectives import Classification, Frames, Regression
from rnncompare.training import loop, stack
from rnncompare.training.batches import Batch
from rnncompare.training.checkpoints import CheckpointFile
from rnncompare.training.experiment import run_experiment
from rnncompare.training.loop import TrainingState
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings
from rnncompare.training.stack import Member, Stack
from rnncompare.training.stacked_experiments import run_stacked
from tests.composition.test_configs import choices, compose, quick

CLOSE = {"rel": 2e-4, "abs": 1e-6}  # float32 whose sums are taken in another order, over tens of updates
SHORT = ["device=cpu", "train.max_updates=12", "train.validate_every=4", "train.batch_size=4", "model.parameters=null"]
STACKABLE = ["model.dropout=0", "model.input_dropout=0", "model.bidirectional=false"]


def settings(seed=0, *, model="gru", size=64, starts=None, **changed):
    changed = {"max_updates": 20, "validate_every": 5, **changed}
    return RunSettings(
        model=ModelSettings(name=model, hidden_size=6, implementation="loop", **(starts or {})),
        data=Adding(size=size, sequence_length=8, validation_examples=40, test_examples=40),
        train=TrainSettings(**changed),
        seed=seed,
        device="cpu",
    ).resolved()


def stacked(runs, **given):
    """The runs by position, and the order in which they ended."""
    found = list(run_stacked(runs, **given))
    return [run for _, run in sorted(found, key=lambda pair: pair[0])], [position for position, _ in found]


def assert_alike(together, alone):
    """Two runs agree in all but speed, memory and time, numbers to the rounding of float32."""
    one, other = together.record, alone.record
    assert one.run_id == other.run_id
    assert (one.status, one.error, one.diverged_at) == (other.status, other.error, other.diverged_at)
    assert (one.seed, one.config, one.model, one.data) == (other.seed, other.config, other.model, other.data)
    assert one.provenance.source_sha256 == other.provenance.source_sha256
    assert (one.speed.updates, one.speed.updates_to_target) == (other.speed.updates, other.speed.updates_to_target)
    quality, expected = dataclasses.asdict(one.quality), dataclasses.asdict(other.quality)
    for part in (quality, expected):
        by_length, by_split = part.pop("by_length") or {}, part.pop("metrics") or {}
        part |= {f"at {length}": value for length, value in by_length.items()}
        part |= {f"{split} {name}": value for split, of in by_split.items() for name, value in of.items()}
    numbers = {name: value for name, value in expected.items() if isinstance(value, float)}
    assert {name: value for name, value in quality.items() if name not in numbers} == {
        name: value for name, value in expected.items() if name not in numbers
    }
    assert {name: quality[name] for name in numbers} == pytest.approx(numbers, **CLOSE)
    assert len(together.curve) == len(alone.curve)
    for mine, theirs in zip(together.curve, alone.curve, strict=True):
        values = {field: getattr(theirs, field) for field in CurvePoint.__annotations__ if field != "seconds"}
        assert {field: getattr(mine, field) for field in values} == pytest.approx(values, **CLOSE)


@pytest.mark.parametrize("data", choices("data"))
@pytest.mark.parametrize("model", ["lstm", "gru"])
def test_every_task_is_trained_as_alone(model, data, tmp_path):
    words = [f"model={model}", f"data={data}", "model.hidden_size=5", "model.implementation=loop", *SHORT, *STACKABLE]
    if data == "file":
        rows = [f"{i},{t},{i % 2},{i % 2}" for i in range(20) for t in range(3)]
        (tmp_path / "own.csv").write_text("\n".join(["id,t,x,label", *rows]))
        words += [f"data.path={tmp_path / 'own.csv'}", "data.target=label"]
    runs = [
        quick(compose(*words, f"seed={seed}", f"train.learning_rate={rate}")) for seed, rate in ((0, 0.01), (3, 0.002))
    ]
    try:
        alone = [run_experiment(run) for run in runs]
    except DataError as error:
        if "could not be fetched" not in str(error):
            raise
        pytest.skip(f"the real files of {data} are not at hand and cannot be fetched here")
    for together, apart in zip(stacked(runs)[0], alone, strict=True):
        assert_alike(together, apart)


@pytest.mark.parametrize("model", ["lstm_peephole", "lstm_chrono", "mut1", "min_gru", "rnn", "gru_reset_before"])
def test_every_kind_of_cell_is_trained_as_alone(model):
    runs = [settings(seed, model=model) for seed in (0, 1)]
    for together, apart in zip(stacked(runs)[0], map(run_experiment, runs), strict=True):
        assert_alike(together, apart)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_each_run_has_its_own_learning_rate_and_clipping(optimizer, schedule):
    shared = {"optimizer": optimizer, "schedule": schedule, "max_updates": 10}
    runs = [
        settings(0, **shared, learning_rate=0.1, clip_norm=0.05),
        settings(0, **shared, learning_rate=0.001, clip_norm=None),
        settings(0, **shared, learning_rate=0.01, clip_norm=1.0),
    ]
    alone = [run_experiment(run) for run in runs]
    assert len({run.curve[-1].train_loss for run in alone}) == 3
    for together, apart in zip(stacked(runs)[0], alone, strict=True):
        assert_alike(together, apart)


def test_runs_from_different_starts_are_trained_together():
    starts = [{}, {"forget_bias": 1.0}, {"initialisation": "keras"}]
    runs = [settings(0, model="lstm", starts=start) for start in starts]
    for together, apart in zip(stacked(runs)[0], map(run_experiment, runs), strict=True):
        assert_alike(together, apart)


def test_each_run_ends_when_it_would_end_alone_and_is_given_back_at_once():
    runs = [
        settings(0, max_updates=200, patience=2),
        settings(1, max_updates=200, learning_rate=1e12, clip_norm=None),  # it diverges
        settings(2, max_updates=200, patience=None, settle=0.05),
        settings(3, max_updates=200, patience=None, target=10.0),
        settings(4, max_updates=200, patience=1, min_updates=100),
    ]
    alone = [run_experiment(run) for run in runs]
    together, order = stacked(runs)
    for one, other in zip(together, alone, strict=True):
        assert_alike(one, other)
    assert together[1].record.status == "diverged"
    ends = [together[position].record.speed.updates for position in order]
    assert ends == sorted(ends)
    assert len(set(ends)) > 2


def test_times_and_memory_of_a_stack_are_no_runs_own():
    (first, _), _ = stacked([settings(0), settings(1)])
    speed = first.record.speed
    assert speed.stacked == 2
    assert speed.exclusive is False
    timed = (speed.training_seconds, speed.step_ms_median, speed.examples_per_second, speed.seconds_to_target)
    assert timed == (None,) * 4
    assert first.record.memory.peak_mb is None


def test_what_ran_is_recorded():
    runs = [
        dataclasses.replace(run, model=dataclasses.replace(run.model, implementation="auto"))
        for run in map(settings, (0, 1))
    ]
    assert {run.record.model.implementation for run in stacked(runs)[0]} == {"loop"}


class StopHereError(Exception):
    """Ends a training from within."""


def test_an_interrupted_stack_goes_on_and_so_does_a_run_of_it_alone(tmp_path):
    runs = [settings(seed, max_updates=40, learning_rate=rate) for seed, rate in ((0, 0.01), (1, 0.003), (2, 0.001))]
    files = [CheckpointFile(tmp_path / f"{seed}.pt", every=0) for seed in range(3)]

    def interrupt(_position, update, _metric):
        if update == 20:
            raise StopHereError

    with pytest.raises(StopHereError):
        stacked(runs, progress=interrupt, checkpointers=files)
    assert [file.load()["training"]["updates"] for file in files] == [15] * 3
    alone = run_experiment(runs[1], checkpointer=CheckpointFile(tmp_path / "1.pt", every=math.inf))
    assert_alike(alone, run_experiment(runs[1]))

    seen = []
    together, _ = stacked(runs, progress=lambda position, update, metric: seen.append(update), checkpointers=files)
    assert min(seen) == 20
    for one, run in zip(together, runs, strict=True):
        assert_alike(one, run_experiment(run))


def test_runs_that_go_on_from_different_updates_are_stacks_of_their_own(tmp_path):
    runs = [settings(seed, max_updates=20) for seed in range(3)]
    files = [CheckpointFile(tmp_path / f"{seed}.pt", every=0) for seed in range(3)]

    def interrupt(update, _metric):
        if update == 10:
            raise StopHereError

    with pytest.raises(StopHereError):
        run_experiment(runs[2], interrupt, files[2])
    for one, run in zip(stacked(runs, checkpointers=files)[0], runs, strict=True):
        assert_alike(one, run_experiment(run))


def test_the_best_state_is_kept_with_each_run():
    runs = [settings(seed, max_updates=60, learning_rate=0.05) for seed in (0, 1)]
    kept = {}
    keeps = [lambda model, own=own: kept.update({own: model}) for own in range(2)]
    together, _ = stacked(runs, keeps=keeps)
    for position, run in enumerate(together):
        best = max(run.curve, key=lambda point: -point.validation_metric)
        assert run.record.quality.validation == pytest.approx(best.validation_metric, rel=1e-5)
        assert set(kept) == {0, 1}
        assert kept[position].run_id == run.record.run_id


def test_data_of_different_shape_are_refused():
    with pytest.raises(RuntimeError):
        stacked([settings(0, size=64), settings(1, size=40)])


def test_a_stack_leaves_the_order_of_examples_to_each_run(monkeypatch):
    """The batches are those that each run would see alone."""
    shown = []
    run = settings(0, max_updates=3, validate_every=3)
    plain = loop.update_function

    def watched(*arguments):
        update = plain(*arguments)
        return lambda batch: (shown.append(batch.inputs), update(batch))[1]

    monkeypatch.setattr(loop, "update_function", watched)
    run_experiment(run)
    together = []
    original = Stack.update

    def seen(self, batch, rates):
        together.append(batch.inputs)
        return original(self, batch, rates)

    monkeypatch.setattr(stack.Stack, "update", seen)
    stacked([settings(5, max_updates=3, validate_every=3), run])
    for one, other in zip(shown, together, strict=True):
        torch.testing.assert_close(other[1], one, rtol=0, atol=0)


@pytest.mark.parametrize("objective", [Regression(1, "last"), Classification(5, "every"), Frames(5, "every")])
def test_an_update_stays_on_its_device(objective):
    """On one without values, which refuses tensors of the CPU as a GPU does."""
    device = torch.device("meta")
    plan = Architecture("gru", objective.outputs, objective.readout, features=2, hidden_size=6)
    split = SimpleNamespace(shuffled=lambda *_: None)
    states = [TrainingState.begin(Network(plan).to(device), split, TrainSettings(), 0, device) for _ in range(3)]
    together = Stack([Member(state, TrainSettings(), split, split, None) for state in states], objective)
    of_step = (3, 4) if objective.readout == "last" else (3, 6, 4)
    if isinstance(objective, Classification):
        targets = torch.zeros(of_step, dtype=torch.long, device=device)
    else:
        targets = torch.zeros(*of_step, objective.outputs, device=device)
    losses = together.update(
        Batch(torch.randn(3, 6, 4, 2, device=device), targets, None, None), torch.ones(3, device=device)
    )
    assert (losses.shape, losses.device) == ((3,), device)
    together.keep_best([True, False, True])
    together.take_apart()
    assert {value.device for state in states for value in state.best_weights.values()} == {device}
