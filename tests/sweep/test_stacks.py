"""``hydra/launcher=stacked``: which runs are trained as one, and that nothing is lost when a stack fails."""

import dataclasses
import os
import signal
from types import SimpleNamespace

import psutil
import pytest
from processes import TINY, comparable, records, temporary_files

from rnncompare.base.isolation import IsolatedError
from rnncompare.composition.compose import compose
from rnncompare.records import read_record
from rnncompare.sweep import find_missing, plan, record_path, stacked_on_gpu, stacks, train_stacked
from rnncompare.sweep.keeper import Keeper
from rnncompare.sweep.stacks import find_stacks
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings
from tests.commands import run as command

SILENT = SimpleNamespace(update=lambda *_: None, note=lambda _: None)
WORDS = ["data=adding", "data.size=20", "data.sequence_length=5", "data.validation_examples=20"]
WORDS += ["data.test_examples=20", "model.hidden_size=4", "train.max_updates=8", "train.validate_every=2"]


class Notes(list):
    """A watcher that keeps what it is told."""

    note = list.append

    def update(self, name, update, metric):
        self.append((name, update))


def asked(folder, seeds, *words):
    return plan(compose([[*WORDS, f"results_dir={folder}", f"seed={seed}", *words] for seed in seeds]))


def changed(settings, **values):
    """The settings with ``part__name=value`` for a setting of a part."""
    for name, value in values.items():
        part, _, own = name.partition("__")
        value = dataclasses.replace(getattr(settings, part), **{own: value}) if own else value
        settings = dataclasses.replace(settings, **{part: value})
    return settings


BASE = RunSettings(ModelSettings("gru", 4), Adding(size=20), TrainSettings(), device="cpu").resolved()


@pytest.mark.parametrize(
    ("values", "together"),
    [
        ({"seed": 1}, True),
        ({"train__learning_rate": 0.1}, True),
        ({"train__clip_norm": None}, True),
        ({"train__patience": 3}, True),
        ({"model__initialisation": "keras"}, True),
        ({"model__forget_bias": 1.0}, True),
        ({"model__hidden_size": 5}, False),
        ({"model__name": "lstm"}, False),
        ({"data__size": 21}, False),
        ({"train__batch_size": 4}, False),
        ({"train__max_updates": 4}, False),
        ({"train__optimizer": "sgd"}, False),
        ({"device": "cuda"}, False),
    ],
)
def test_runs_that_differ_in_nothing_that_has_a_shape_are_stacked(values, together):
    runs = {"a": BASE, "b": changed(BASE, **values)}
    assert find_stacks(runs) == ([runs] if together else [])


@pytest.mark.parametrize(
    "values",
    [
        {"model__name": "torch_gru"},
        {"model__dropout": 0.1},
        {"model__input_dropout": 0.1},
        {"model__bidirectional": True},
        {"run_timeout": 9.0},
    ],
)
def test_what_cannot_be_stacked_is_trained_alone(values):
    assert find_stacks({str(seed): changed(BASE, seed=seed, **values) for seed in range(3)}) == []


def test_a_stack_has_so_many_runs_at_most_and_two_at_least():
    runs = {str(seed): changed(BASE, seed=seed) for seed in range(9)}
    assert [list(stack) for stack in find_stacks(runs, most=4)] == [list("0123"), list("4567")]


def test_a_stacked_sweep_leaves_the_records_that_one_without_leaves(tmp_path):
    words = ["-m", "model=gru,torch_gru", "seed=0,1", "train.learning_rate=0.01,0.002", *TINY]
    done = command(tmp_path, *words, "results_dir=stacked", "hydra/launcher=stacked")
    assert done.returncode == 0, done.stderr
    command(tmp_path, *words, "results_dir=alone")
    together, apart = records(tmp_path / "stacked"), records(tmp_path / "alone")
    assert together.keys() == apart.keys()
    assert len(together) == 8
    for name, record in together.items():
        one, other = comparable(record), comparable(apart[name])
        assert record["speed"]["stacked"] == (4 if record["model"]["name"] == "gru" else None)
        mine, theirs = one.pop("quality"), other.pop("quality")
        one["model"].pop("implementation"), other["model"].pop("implementation")  # fused_c alone, the loop in a stack
        assert one == other
        numbers = {key: value for key, value in theirs.items() if isinstance(value, float)}
        assert {key: mine[key] for key in numbers} == pytest.approx(numbers, rel=1e-4)
    assert temporary_files(tmp_path) == []
    alone = command(tmp_path, "model=gru", "seed=1", "train.learning_rate=0.01", *TINY, "results_dir=stacked")
    assert "4, as one of 4 runs trained together" in alone.stdout
    written = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}
    assert command(tmp_path, *words, "results_dir=stacked", "hydra/launcher=stacked").returncode == 0
    assert written == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}


def test_a_stack_of_fewer_than_two_is_refused(tmp_path):
    done = command(tmp_path, "-m", "seed=0,1", *TINY, "hydra/launcher=stacked", "hydra.launcher.runs_per_stack=1")
    assert done.returncode == 2
    assert "hydra.launcher.runs_per_stack=1: a whole number from 2" in done.stderr


def test_runs_recorded_or_trained_by_others_meanwhile_are_not_trained_again(tmp_path):
    runs = asked(tmp_path, range(4))
    recorded, locked, *_ = runs
    watcher = Notes()
    with Keeper.of(runs.values(), SILENT) as other:
        missing = {run.name: run for run in stacks.as_missing(runs)}
        assert other.claim(missing[locked]) is None
        sweep = train_stacked(runs, watcher)
        finished = {next(sweep).run_id for _ in range(3)}
        other.release(missing[locked])
    finished |= {record.run_id for record in sweep}
    assert finished == set(runs)
    assert read_record(record_path(locked, runs[locked])).speed.stacked is None
    assert read_record(record_path(recorded, runs[recorded])).speed.stacked == 3


def test_a_stack_that_fails_is_said_and_its_runs_are_trained_one_by_one(tmp_path, monkeypatch):
    def fails(runs, *_):
        raise IsolatedError("out of memory")

    monkeypatch.setattr(stacks, "train_stack_apart", fails)
    runs, watcher = asked(tmp_path, range(3)), Notes()
    finished = list(train_stacked(runs, watcher))
    assert {record.run_id for record in finished} == set(runs)
    assert {record.status for record in finished} == {"completed"}
    assert "3 runs could not be trained as one (out of memory); those left are trained one by one" in watcher


def test_runs_whose_networks_differ_are_trained_one_by_one(tmp_path, monkeypatch):
    runs = asked(tmp_path, [0]) | asked(tmp_path, [1], "data.size=24")
    monkeypatch.setattr(stacks, "find_stacks", lambda runs, most: [dict(runs)])
    watcher = Notes()
    assert {record.run_id for record in train_stacked(runs, watcher)} == set(runs)
    assert any("could not be trained as one" in note for note in watcher if isinstance(note, str))


class KillsWhen(Notes):
    """Kills the stack once one of its runs is written and another has gone on."""

    def __init__(self, folder):
        super().__init__()
        self.folder, self.killed = folder, False

    def update(self, name, update, metric):
        super().update(name, update, metric)
        if not self.killed and list(self.folder.glob("*/record.json")):
            self.killed = True
            children = [process for process in _children() if process.name().startswith("python")]
            for process in children:
                os.kill(process.pid, signal.SIGKILL)


def _children():
    servers = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [child for server in servers for child in server.children()]


@pytest.mark.alone
def test_a_stack_that_is_killed_loses_no_finished_run(tmp_path):
    longer = ["checkpoint_seconds=0", "train.max_updates=400"]
    first = asked(tmp_path, [0], "train.patience=1", "train.learning_rate=1e-30", *longer)
    others = asked(tmp_path, [1, 2], "train.patience=null", *longer)
    runs, watcher = first | others, KillsWhen(tmp_path)
    finished = {record.run_id: record for record in train_stacked(runs, watcher)}
    assert watcher.killed
    assert set(finished) == set(runs)
    (name,) = first
    assert finished[name].speed.stacked == 3
    assert {finished[other].speed.stacked for other in others} == {None}
    assert {record.status for record in finished.values()} == {"completed"}
    assert temporary_files(tmp_path) == []


def test_closing_a_stacked_sweep_ends_it_and_the_next_goes_on(tmp_path):
    short = asked(tmp_path, [0], "train.patience=1", "train.learning_rate=1e-30", "train.max_updates=100000")
    endless = asked(tmp_path, [1, 2], "train.patience=null", "train.max_updates=100000")
    sweep = train_stacked(short | endless, SILENT)
    assert next(sweep).run_id in short
    sweep.close()
    assert set(find_missing(short | endless)) == set(endless)
    assert not list(tmp_path.glob(".locks/*"))


def test_on_a_cpu_a_study_trains_one_by_one_and_on_a_gpu_stacks(tmp_path, monkeypatch):
    asked_of = {}

    def note(name):
        def train(runs, *_):
            asked_of.setdefault(name, set()).update(runs)
            yield from ()

        return train

    monkeypatch.setattr(stacks, "train_stacked", note("stacked"))
    monkeypatch.setattr(stacks, "train_all", note("alone"))
    runs = {str(seed): changed(BASE, seed=seed, device="cuda" if seed % 2 else "cpu") for seed in range(4)}
    assert not list(stacked_on_gpu(runs, SILENT))
    assert asked_of == {"stacked": {"1", "3"}, "alone": {"0", "2"}}
