"""Several runs at a time: no more than fit into memory, one a GPU."""

import dataclasses
import threading
import time

import psutil
import pytest
from processes import TINY, Command, records

from rnncompare.records import DataFields, MemoryFields, ModelFields, Record, Run, run_id
from rnncompare.sweep import train_all
from rnncompare.sweep.resources import UNKNOWN_MB, Room, gpus
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings


def settings(hidden_size=8, seed=0, device="cpu"):
    return RunSettings(ModelSettings("gru", hidden_size), Adding(size=10), seed=seed, device=device).resolved()


def finished(peak_mb):
    fields = {"seed": 0, "device": "cpu", "config": {}, "model": ModelFields(name="gru")}
    record = Record(run_id="0" * 16, status="completed", data=DataFields(name="adding"), **fields)
    return dataclasses.replace(record, memory=MemoryFields(peak_mb=peak_mb))


def test_a_run_is_let_in_where_as_much_is_left_as_runs_of_its_kind_took():
    room = Room(memory_mb=1000)
    assert room.admits(settings())  # alone
    room.enter("a", settings())
    assert not room.admits(settings(seed=1))  # nothing is known of its kind yet
    room.leave("a", finished(300))
    room.enter("b", settings(seed=1))
    room.enter("c", settings(seed=2))
    assert room.admits(settings(seed=3))
    room.enter("d", settings(seed=3))
    assert not room.admits(settings(seed=4))
    room.leave("b", None)
    assert room.admits(settings(seed=4))
    assert not room.admits(settings(hidden_size=9))  # of a kind of its own
    assert UNKNOWN_MB > 700


def test_what_is_free_is_asked_of_the_machine():
    for megabytes, fits in ((1, True), (0.6 * psutil.virtual_memory().available / 2**20, False)):
        room = Room()
        room.enter("a", settings())
        room.leave("a", finished(megabytes))
        room.enter("b", settings())
        assert room.admits(settings()) == fits


def test_gpus_get_one_run_each_before_one_gets_two():
    room = Room(devices=["0", "3"])
    devices = [room.enter(str(seed), settings(seed=seed, device="cuda")) for seed in range(4)]
    assert devices == ["0", "3", "0", "3"]
    room.leave("1", None)
    assert room.enter("4", settings(device="cuda")) == "3"
    assert room.enter("5", settings()) is None


@pytest.mark.parametrize(
    ("visible", "count", "expected"),
    [(None, 3, ["0", "1", "2"]), ("5,7", 2, ["5", "7"]), ("GPU-a,GPU-b", 2, ["GPU-a", "GPU-b"]), ("2,9", 1, ["2"])],
)
def test_runs_are_spread_over_the_gpus_that_can_be_seen(monkeypatch, visible, count, expected):
    # there is no machine with several here: what CUDA would count is put in its place
    monkeypatch.setattr("rnncompare.sweep.resources.call_isolated", lambda function: count)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus([settings(), settings(device="cuda")]) == expected
    assert gpus([settings(), settings(device="cuda:1")]) == []  # as asked, all on that one


def test_as_many_runs_at_a_time_as_gpus_each_on_its_own(monkeypatch, tmp_path):
    seen, under_way, most = [], set(), 0
    both = threading.Barrier(2, timeout=60)

    def train_apart(name, run, checkpoint, gpu, *rest):
        nonlocal most
        assert gpu not in under_way
        under_way.add(gpu)
        most = max(most, len(under_way))
        both.wait()
        under_way.remove(gpu)
        seen.append(gpu)
        both.wait()
        return Run(dataclasses.replace(finished(10), run_id=name, seed=run.seed, config=run.config()), [])

    monkeypatch.setattr("rnncompare.sweep.runs.gpus", lambda runs: ["0", "3"])
    monkeypatch.setattr("rnncompare.sweep.runs.train_apart", train_apart)
    asked = [dataclasses.replace(settings(seed=seed, device="cuda"), results_dir=str(tmp_path)) for seed in range(6)]
    runs = {run_id(run.config()): run for run in asked}
    assert len(list(train_all(runs, None, -1, memory_mb=1e9))) == 6
    assert (most, sorted(seen)) == (2, ["0", "0", "0", "3", "3", "3"])


def test_a_sweep_has_no_more_runs_under_way_than_its_memory_allows(tmp_path):
    words = ["-m", "seed=range(0,5)", *TINY, "train.max_updates=400", "hydra/launcher=parallel"]
    words += ["hydra.launcher.n_jobs=4"]
    sweep = Command(tmp_path, *words, "hydra.launcher.memory_mb=900")
    most = 0
    while sweep.process.poll() is None:
        most = max(most, len(sweep.workers()))
        time.sleep(0.05)
    code, _, errors = sweep.finish()
    assert code == 0, errors
    peaks = [record["memory"]["peak_mb"] for record in records(tmp_path).values()]
    assert len(peaks) == 5
    assert 1 < most <= 900 / min(peaks)
