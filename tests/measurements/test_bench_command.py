"""``python -m rnncompare.bench`` as a user types it, from another folder."""

import csv
import errno
import json

import pytest

from rnncompare.measurements import bench_suite
from tests.commands import ROOT, files_in, run, run_apart

TINY = ["seconds=0.001", "repeats=1", "threads=1", "shapes=[3,2,4,5]", "widths=[]", "lengths=[]", "device=cpu"]
FEW = ["implementation=[torch,loop,cell_loop]", "training_loop=false"]
WRONG_CELL = """import torch
right = torch.nn.GRUCell.forward
torch.nn.GRUCell.forward = lambda self, x, h=None: 1.001 * right(self, x, h)
"""


def bench(folder, *words):
    return run(folder, *words, module="bench")


def test_a_benchmark_prints_tables_and_leaves_figures_and_plots(tmp_path):
    words = ["cell=[lstm,gru]", "implementation=[torch,loop]", "widths=[3,5]", "lengths=[2,3]"]
    done = bench(tmp_path, *TINY, *words)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "results/bench"
    plots = {
        f"{name}.{kind}" for name in ("update_by_width", "update_by_length", "gru_to_lstm") for kind in ("png", "svg")
    }
    assert {path.name for path in files_in(tmp_path)} == {"bench.json", "bench.csv", *plots}
    for words in ("T=3 B=2 I=4 H=5, 1 thread", "update / torch", "GRU over LSTM", "bare loop ms", "geometric mean"):
        assert words in done.stdout

    content = json.loads((folder / "bench.json").read_text())
    assert content["settings"]["threads"] == [1]
    assert content["provenance"]["hardware"]
    assert content["provenance"]["torch"]
    assert [entry["case"]["part"] for entry in content["cases"]] == ["grid", "width", "width", "length", "length"]
    for entry in content["cases"]:
        assert entry["measured"]["other_load"] >= 0
        assert len(entry["measured"]["laps"]) == len(entry["measured"]["rows"])
    assert [row["cell"] for row in content["training_loop"]] == ["lstm", "gru"]

    with open(folder / "bench.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 3 + 4 * 4
    assert all(float(row["ms_median"]) > 0 for row in rows)
    assert all((row["memory_mb"] != "") == (row["measure"] == "forward_backward") for row in rows)


def test_what_disagrees_is_named_and_fails_the_command(tmp_path):
    patches = tmp_path / "patches"
    patches.mkdir()
    (patches / "sitecustomize.py").write_text(WRONG_CELL)  # every interpreter imports it when it starts
    environment = {"PYTHONPATH": f"{patches}:{ROOT}"}
    done = run_apart(tmp_path, *TINY, *FEW, "cell=[gru,rnn]", module="bench", **environment)
    assert done.returncode == 1, done.stderr
    assert "disagrees, not timed: gru cell_loop, T=3 B=2 I=4 H=5, 1 thread: the output: off by" in done.stdout
    assert "rnn cell_loop" not in done.stdout.split("disagrees")[1]
    with open(tmp_path / "results/bench/bench.csv", newline="") as file:
        timed = {(row["cell"], row["implementation"]) for row in csv.DictReader(file)}
    assert ("gru", "cell_loop") not in timed
    assert {("gru", "loop"), ("rnn", "cell_loop")} <= timed


def test_on_a_full_disk_the_figures_are_printed_and_a_line_says_so(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "results/bench/bench.json")

    monkeypatch.setattr(bench_suite, "write", full)
    done = bench(tmp_path, *TINY, "implementation=[loop]", "cell=[rnn]", "memory=false", "training_loop=false")
    assert done.returncode == 1
    assert "T=3 B=2 I=4 H=5, 1 thread" in done.stdout
    assert done.stderr.strip().endswith("bench.json: No space left on device; the figures above are not kept")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cell=grru"], ["cell=grru", "lstm"]),
        (["device=cuda:99"], ["device=cuda:99", "cpu"]),
        (["preset=slow"], ["preset=slow: one of", "quick"]),
        (["repeat=3"], ["repeat", "BenchSettings"]),
        (["results_dir=/proc/nothing"], ["results_dir=/proc/nothing", "written"]),
        (["-m", "threads=1,2"], ["-m", "lists"]),
    ],
)
def test_a_wrong_request_is_said_in_a_line_or_two_and_writes_nothing(tmp_path, words, says):
    done = bench(tmp_path, *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
    for word in says:
        assert word in done.stderr
    assert files_in(tmp_path) == []


def test_help_shows_every_setting_and_the_presets(tmp_path):
    done = bench(tmp_path, "preset=quick", "--help")
    assert done.returncode == 0, done.stderr
    for words in ("preset=NAME  one of full, gpu, quick", "implementation=", "dtype=float32", "repeats=3"):
        assert words in done.stdout
    assert "model" not in done.stdout.split("bench settings")[0].split("preset=NAME")[1]
    assert files_in(tmp_path) == []
