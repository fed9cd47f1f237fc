"""What the machine refuses a sweep is not a failure of its runs; and a sweep leaves the processes of others alone."""

import dataclasses
import inspect
import multiprocessing
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from processes import ROOT, TINY, Command, records, temporary_files

from rnncompare.base import isolation
from rnncompare.base.errors import DataError, RefusedError
from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.records import DataFields, ModelFields, Record, Run, run_id
from rnncompare.sweep import checked, train_all
from rnncompare.sweep import runs as sweep_runs
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

# as the kernel does where the user has as many processes as a limit allows; it exempts root, who may run this
FEW_PROCESSES = """import os
fork = os.fork
def few():
    with open(f"/proc/self/task/{os.getpid()}/children") as children:
        if len(children.read().split()) >= int(os.environ["FORKS"]):
            raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()
os.fork = few
"""


@pytest.fixture
def few_processes(tmp_path):
    """The environment of a command whose server may fork ``FORKS`` processes at a time."""
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches" / "sitecustomize.py").write_text(FEW_PROCESSES)  # every interpreter imports it at its start
    return {"PYTHONPATH": f"{tmp_path / 'patches'}:{ROOT}"}


def test_where_a_second_process_is_refused_a_sweep_trains_all_one_at_a_time(tmp_path, few_processes):
    words = ["-m", "seed=range(0,4)", *TINY, "train.max_updates=300", "hydra/launcher=parallel"]
    sweep = Command(tmp_path, *words, "hydra.launcher.n_jobs=2", FORKS="1", **few_processes)
    code, output, errors = sweep.finish()
    assert code == 0, output + errors
    assert [record["status"] for record in records(tmp_path).values()] == ["completed"] * 4
    assert "the machine refused to start another run" in output
    assert "going on with 1 at a time" in output
    assert "Traceback" not in errors
    assert sweep.leaves_nobody()
    assert temporary_files(tmp_path) == []


def test_where_no_process_is_to_be_had_a_line_says_so_and_nothing_is_recorded(tmp_path, few_processes):
    code, _, errors = Command(tmp_path, *TINY, FORKS="0", **few_processes).finish()
    assert code == 1
    assert len(errors.strip().splitlines()) == 1, errors
    assert errors.startswith("error: ")
    assert records(tmp_path) == {}


class Notes:
    """A watcher that keeps what it is told."""

    def __init__(self):
        self.notes = []

    def update(self, name, update, metric):
        pass

    def note(self, text):
        self.notes.append(text)


def asked(tmp_path, count, **train):
    """Settings of runs by their identity."""
    train = TrainSettings(**{"max_updates": 4, "validate_every": 2, **train})
    data = Adding(size=20, sequence_length=5, validation_examples=20, test_examples=20)
    every = [
        RunSettings(ModelSettings("gru", 4), data, train, seed=seed, device="cpu", results_dir=str(tmp_path)).resolved()
        for seed in range(count)
    ]
    return {run_id(settings.config()): settings for settings in every}


class Machine:
    """Takes the place of `train_apart` where no more than ``most`` runs fit."""

    def __init__(self, most):
        self.most, self.inside, self.refused, self.lock = most, 0, 0, threading.Lock()

    def __call__(self, name, settings, *rest):
        with self.lock:
            if self.inside >= self.most:
                self.refused += 1
                raise RefusedError("Resource temporarily unavailable")
            self.inside += 1
        time.sleep(0.1)
        with self.lock:
            self.inside -= 1
        record = Record(
            run_id=name,
            status="completed",
            seed=settings.seed,
            device="cpu",
            config=settings.config(),
            model=ModelFields(name="gru"),
            data=DataFields(name="adding"),
        )
        return Run(record, [])


def test_a_sweep_goes_on_with_as_many_as_the_machine_takes(tmp_path, monkeypatch):
    machine, watcher = Machine(3), Notes()
    monkeypatch.setattr(sweep_runs, "train_apart", machine)
    finished = list(train_all(asked(tmp_path, 20), watcher, jobs=8, memory_mb=1e9))
    assert {record.status for record in finished} == {"completed"}
    assert len(finished) == 20
    assert machine.refused <= 8
    assert "going on with 3 at a time" in watcher.notes[-1]
    assert temporary_files(tmp_path) == []


def test_threads_that_cannot_be_started_count_as_refused(tmp_path, monkeypatch):
    start, calls = isolation.start_thread, []

    def refuse_second(function, *arguments):
        calls.append(function)
        if len(calls) == 2:
            raise RefusedError("can't start new thread")
        start(function, *arguments)

    monkeypatch.setattr(sweep_runs, "start_thread", refuse_second)
    monkeypatch.setattr(sweep_runs, "train_apart", Machine(9))
    watcher = Notes()
    assert len(list(train_all(asked(tmp_path, 4), watcher, jobs=2, memory_mb=1e9))) == 4
    assert "can't start new thread" in watcher.notes[0]


def test_it_gives_up_where_not_even_one_can_start(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep_runs, "train_apart", Machine(0))
    monkeypatch.setattr(sweep_runs, "LOOK_AGAIN", 0.001)
    watcher = Notes()
    with pytest.raises(RefusedError, match="recorded before is kept"):
        list(train_all(asked(tmp_path, 2), watcher, jobs=2, memory_mb=1e9))
    assert records(tmp_path) == {}
    assert len(watcher.notes) <= 2
    assert temporary_files(tmp_path) == []


def no_thread(send):
    raise RuntimeError("can't start new thread")


def no_memory(send):
    raise MemoryError


def test_a_call_that_was_refused_a_thread_is_told_from_one_that_failed():
    with pytest.raises(RefusedError, match="thread"):
        call_isolated(no_thread)
    with pytest.raises(IsolatedError, match="MemoryError"):
        call_isolated(no_memory)


class Faulty(Adding):
    """A user's task with an error in it, which a compiled library raises."""

    def load(self, seed):
        return np.random.default_rng(seed).integers(3, 2)


def test_an_error_in_a_users_task_is_a_line_with_its_place_and_nothing_is_trained(tmp_path):
    runs = [
        RunSettings(
            model=ModelSettings(name="gru", hidden_size=4), data=data, train=TrainSettings(), results_dir=str(tmp_path)
        ).resolved()
        for data in (Adding(size=10), Faulty(size=10))
    ]
    line = inspect.getsourcelines(Faulty.load)[1] + 1
    with pytest.raises(DataError, match=rf"data=.*: ValueError: low >= high \({Path(__file__).name}, line {line}\)$"):
        checked(runs, lambda words: None)


def test_threads_are_asked_for_before_native_code_needs_them(monkeypatch):
    started, start = [], threading.Thread.start

    def limited(thread):
        if len(started) == 3:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    with pytest.raises(RefusedError):
        isolation.require_threads(4)
    for thread in started:  # none stays behind
        thread.join(10)
        assert not thread.is_alive()
    started.clear()
    isolation.require_threads(3)


def test_a_sweep_that_is_stopped_ends_its_own_processes_and_no_others(tmp_path):
    other = multiprocessing.get_context("forkserver").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        short = asked(tmp_path, 1)
        ((name, long),) = asked(tmp_path / "long", 1, max_updates=10**6, patience=None).items()
        sweep = train_all({**short, name: dataclasses.replace(long, results_dir=str(tmp_path))}, Notes(), jobs=2)
        assert next(sweep).status == "completed"
        children = {child.pid for child in multiprocessing.active_children()}
        sweep.close()
        assert other.is_alive()
        assert {child.pid for child in multiprocessing.active_children()} == {other.pid} < children
        os.kill(other.pid, 0)
    finally:
        other.kill()
        other.join()
