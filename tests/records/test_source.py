"""The fingerprint of code, and what becomes of records that other code has made."""

import dataclasses
import importlib
import itertools
import os
import shutil
import subprocess
import sys

import pytest
from synthetic_records import record

import rnncompare
from rnncompare.base.errors import SettingError
from rnncompare.base.source import remember_loaded, source_sha256
from rnncompare.measurements.measurement import Measurement
from rnncompare.measurements.store import Request, measure_missing, missing, read_measurement, write_measurement
from rnncompare.models import own_module
from rnncompare.models.cells import cell_class
from rnncompare.records import ProvenanceFields, compact, load_records, run_id, write_record
from rnncompare.records.parquet_store import NAME, write_frame
from rnncompare.sweep import find_missing, train_all
from rnncompare.sweep import recorded as found
from rnncompare.tasks.adding import Adding
from rnncompare.training.experiment import source_of
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

CODE = '''"""A module."""
import math

RATE = 2


def helper(x):
    """What it does."""
    return x * RATE


class Base:
    def shared(self):
        return 1


class Cell(Base):
    """A cell."""

    size: int = 3

    def step(self, x):
        # a comment
        return helper(x) + self.shared()
'''
numbers = itertools.count()


@pytest.fixture
def fingerprint(tmp_path, monkeypatch):
    """The fingerprint of ``Cell`` in a module of the given text, in a file of another name each time."""
    monkeypatch.syspath_prepend(tmp_path)

    def of(text):
        name = f"cells_{next(numbers)}"
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        module = importlib.import_module(name)
        monkeypatch.delitem(sys.modules, name, raising=False)
        sys.modules[name] = module
        return source_sha256(module.Cell)

    return of


def test_our_modules_have_one_without_triton(tmp_path):
    """The code of the layers imports the kernels for GPUs when first used; Triton is not installed everywhere."""
    (tmp_path / "triton.py").write_text("raise ModuleNotFoundError(name='triton')")
    code = "import rnncompare; from rnncompare.base.source import source_sha256; print(source_sha256(rnncompare.GRU))"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == source_sha256(rnncompare.GRU), done.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# a comment", "# another"),
        ('"""A cell."""', '"""A cell, described better."""'),
        ('    """What it does."""\n', ""),
        ("import math\n", "import math, os\nUNUSED = 1\n"),
        ("helper(x) + self.shared()", "(helper(x)\n            + self.shared())"),
    ],
)
def test_what_computes_nothing_does_not_count(fingerprint, before, after):
    assert before in CODE
    assert fingerprint(CODE.replace(before, after)) == fingerprint(CODE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("+ self.shared()", "- self.shared()"),
        ("return x * RATE", "return x / RATE"),
        ("RATE = 2", "RATE = 3"),
        ("return 1", "return 2"),
        ("size: int = 3", "size: int = 4"),
    ],
)
def test_code_of_the_class_of_its_bases_and_of_what_it_names_counts(fingerprint, before, after):
    assert before in CODE
    assert fingerprint(CODE.replace(before, after)) != fingerprint(CODE)


HELD = [
    ("tanh = lambda x: x + 1", "tanh = lambda x: x + 2"),
    ("if True:\n    def tanh(x):\n        return x + 1", "if True:\n    def tanh(x):\n        return x + 2"),
    ("tanh = functools.partial(pow, 2)", "tanh = functools.partial(pow, 3)"),
    ("def act(x):\n    return 1\ntanh = {'a': act}", "def act(x):\n    return 2\ntanh = {'a': act}"),
    ("tanh = np.array([0, 1])", "tanh = np.array([1, 1])"),
    ("tanh = torch.tensor(1.0)", "tanh = torch.tensor(2.0)"),
    ("tanh = torch.ones(2, dtype=torch.bfloat16)", "tanh = torch.zeros(2, dtype=torch.bfloat16)"),
    ("tanh = torch.ones(2, device='meta'), 1", "tanh = torch.ones(2, device='meta'), 2"),
    ("if True:\n    class tanh:\n        a = 1", "if True:\n    class tanh:\n        a = 2"),
]


@pytest.mark.parametrize(("before", "after"), HELD)
def test_what_is_named_counts_whatever_it_is(fingerprint, before, after):
    head = "import functools\nimport numpy as np\nimport torch\n"
    tail = "\nclass Cell:\n    def step(self, x):\n        return tanh\n"
    first, again, other = (fingerprint(head + text + tail) for text in (before, before, after))
    assert first == again != other


def test_cells_differ_and_torchs_modules_go_by_their_equations():
    names = ("gru", "lstm", "lstm_coupled", "rnn")
    assert len({source_sha256(cell_class(name)) for name in names}) == len(names)
    assert source_of("torch_gru", Adding) == source_of("gru", Adding) != source_of("lstm", Adding)


def test_code_that_is_loaded_is_known_by_what_it_was_when_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(rnncompare, "__path__", [*rnncompare.__path__, str(tmp_path)])
    edited, loaded = CODE.replace("RATE = 2", "RATE = 3").replace("return 1", "return 2"), {}
    for name in ("before", "after"):
        (tmp_path / f"cells_{name}.py").write_text(CODE)
        loaded[name] = importlib.import_module(f"rnncompare.cells_{name}")
    remember_loaded()
    (tmp_path / "cells_after.py").write_text(edited)
    assert source_sha256(loaded["after"].Cell) == source_sha256(loaded["before"].Cell)


def recorded(folder, source, **changes):
    """A run and its settings, recorded as made by the code of that fingerprint."""
    asked = RunSettings(ModelSettings("gru", 64), Adding(size=100), results_dir=str(folder), device="cpu", **changes)
    made, curve = record()
    name = run_id(asked.config())
    made = dataclasses.replace(made, run_id=name, config=asked.config())
    made.provenance.source_sha256 = source
    write_record(folder, made, curve, "")
    return {name: asked}


@pytest.mark.parametrize("kept", ["files", "compacted", "store alone"])
def test_a_record_of_other_code_is_trained_again_unless_it_is_to_be_kept(tmp_path, kept):
    now = source_of("gru", Adding)
    for source, stale, is_missing in (
        (now, "rerun", False),
        (None, "rerun", False),  # made before there were fingerprints
        ("0" * 64, "rerun", True),
        ("0" * 64, "keep", False),
    ):
        runs = recorded(tmp_path, source, stale=stale)
        if kept == "compacted":
            compact(tmp_path)
        elif kept == "store alone":
            (tmp_path / NAME).unlink(missing_ok=True)
            write_frame(tmp_path / NAME, load_records(tmp_path).drop(columns="path"))
            shutil.rmtree(tmp_path / next(iter(runs)))
        assert bool(find_missing(runs)) == is_missing, (source, stale)
        assert list(found(runs)["run_id"]) == list(runs)


def test_a_run_in_a_store_alone_is_trained_again_where_its_model_is_wanted(tmp_path):
    runs = recorded(tmp_path, None)
    write_frame(tmp_path / NAME, load_records(tmp_path).drop(columns="path"))
    shutil.rmtree(tmp_path / next(iter(runs)))
    assert not find_missing(runs)
    assert find_missing({name: dataclasses.replace(asked, keep="best") for name, asked in runs.items()}).keys() == (
        runs.keys()
    )


def test_keeping_what_is_stale_is_no_other_run(tmp_path):
    assert recorded(tmp_path, None).keys() == recorded(tmp_path, None, stale="keep").keys()


@dataclasses.dataclass(frozen=True)
class OfGRU(Measurement):
    """Measures nothing of the GRU."""

    name = "of_gru"

    def code(self):
        return [cell_class("gru")]

    def device_name(self):
        return "cpu"

    def measure(self, replicate):
        return {"replicate": float(replicate)}


def test_a_measurement_of_other_code_is_made_again_unless_it_is_to_be_kept(tmp_path):
    request = Request(OfGRU(), 0)
    path = write_measurement(tmp_path, request, {"replicate": 0.0}, ProvenanceFields(source_sha256="0" * 64))
    assert missing([dataclasses.replace(request, keep_stale=True)], tmp_path) == []
    assert missing([request], tmp_path) == [request]
    assert [outcome.path for outcome in measure_missing([request], tmp_path)] == [path]
    assert read_measurement(path).provenance.source_sha256 == source_sha256(cell_class("gru"))
    assert sorted(path.parent.iterdir()) == [path]
    assert missing([request], tmp_path) == []
    write_measurement(tmp_path, request, {"replicate": 0.0}, ProvenanceFields())
    assert missing([request], tmp_path) == []


def test_code_edited_in_a_session_is_read_again_and_once(tmp_path, monkeypatch):
    runs = recorded(tmp_path, "a" * 64)
    plan, read = sys.modules["rnncompare.sweep.plan"], []
    monkeypatch.setattr(plan, "call_isolated", lambda *_: read.append(0) or ["ab"[len(read) - 1] * 64])
    for stamp, missing_then, times in ((1, False, 1), (1, False, 1), (2, True, 2), (2, True, 2)):
        monkeypatch.setattr(plan, "package_stamp", lambda stamp=stamp: (tmp_path, stamp))
        assert (bool(find_missing(runs)), len(read)) == (missing_then, times)


def test_a_module_of_ones_own_whose_file_has_changed_is_refused_until_it_is_loaded_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "own_cells.py").write_text(CODE)
    own = importlib.import_module("own_cells")
    before = own_module.fingerprint(own.Cell)
    (tmp_path / "own_cells.py").write_text(CODE.replace("return 1", "return 2"))
    os.utime(tmp_path / "own_cells.py", ns=(0, 0))  # whatever the clock's resolution
    with pytest.raises(SettingError, match=r"models=Cell: .* importlib\.reload"):
        own_module.fingerprint(own.Cell)
    assert own_module.fingerprint(importlib.reload(own).Cell) != before


class Watcher:
    """Keeps what a sweep says."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def update(self, name, update, metric):
        pass


def test_a_sweep_names_the_stale_run_and_replaces_its_record(tmp_path):
    task = Adding(size=20, sequence_length=4, validation_examples=5, test_examples=5)
    train = TrainSettings(max_updates=2, validate_every=1, batch_size=4)
    asked = RunSettings(ModelSettings("gru", 3), task, train, results_dir=str(tmp_path), device="cpu").resolved()
    name = run_id(asked.config())
    watcher = Watcher()
    for _ in range(2):
        (made,) = train_all(find_missing({name: asked}), watcher)
        assert (made.run_id, made.provenance.source_sha256) == (name, source_of("gru", Adding))
        assert find_missing({name: asked}) == {}
        stale = dataclasses.replace(made, provenance=dataclasses.replace(made.provenance, source_sha256="0" * 64))
        write_record(tmp_path, stale, [], "")
    (note,) = watcher.notes
    assert name in note
    assert "stale" in note
