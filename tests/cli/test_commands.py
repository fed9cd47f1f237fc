"""The commands as a user types them, from another folder."""

import errno
import json
import os
import re
import subprocess
import sys
import time

import pytest

from rnncompare import load_records
from rnncompare.base.errors import DataError
from tests.commands import QUICK, ROOT, files_in, run, run_apart


def test_one_run_leaves_a_record_and_a_plot_and_says_where(tmp_path):
    done = run(tmp_path, "model=gru", "data=adding", "data.size=40", *QUICK)
    assert done.returncode == 0, done.stderr
    (record,) = (tmp_path / "results/runs").glob("*/record.json")
    assert str(record.relative_to(tmp_path)) in done.stdout
    assert (record.parent / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in record.parent.iterdir()} == {"record.json", "curve.csv", "config.yaml", "curve.png"}
    assert len(files_in(tmp_path)) == 4
    assert "test mean squared error" in done.stdout

    again = run(tmp_path, "model=gru", "data=adding", "data.size=40", *QUICK)
    assert again.returncode == 0
    assert "1 recorded already, nothing to train" in again.stdout
    assert "test mean squared error" in again.stdout


def test_a_sweep_leaves_a_record_a_run_and_a_table_and_trains_nothing_twice(tmp_path):
    words = ["-m", "model=lstm,gru,torch_lstm,torch_gru", "data=adding", "data.size=20,40", "seed=range(0,3)", *QUICK]
    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    records = load_records(tmp_path / "results/runs")
    assert len(records) == 24
    assert len(files_in(tmp_path)) == 3 * 24
    assert done.stdout.count("done ") == 24
    assert "mean ± 95 %" in done.stdout
    written = {path: path.stat().st_mtime_ns for path in files_in(tmp_path)}

    again = run(tmp_path, *words)
    assert again.returncode == 0
    assert "24 recorded already, nothing to train" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in files_in(tmp_path)} == written

    pairs = records.pivot_table(index=["data.train_examples", "seed"], columns="model.name", values="quality.test")
    for name in ("lstm", "gru"):
        assert pairs[name].to_numpy() == pytest.approx(pairs[f"torch_{name}"].to_numpy(), rel=1e-4)


def test_several_at_a_time_give_the_same_records(tmp_path):
    words = ["-m", "model=gru,lstm", "data=adding", "data.size=20", "seed=0,1", *QUICK]
    one = run(tmp_path, *words, "results_dir=one")
    several = run(tmp_path, *words, "results_dir=several", "hydra/launcher=parallel", "hydra.launcher.n_jobs=2")
    assert (one.returncode, several.returncode) == (0, 0), several.stderr
    for record in (tmp_path / "one").glob("*/record.json"):
        first, second = (
            json.loads((tmp_path / d / record.parent.name / "record.json").read_text()) for d in ("one", "several")
        )
        for part in ("speed", "memory", "provenance"):
            del first[part], second[part]
        del first["config"]["results_dir"], second["config"]["results_dir"]
        assert first == second


def test_a_diverged_run_is_recorded_and_the_rest_go_on(tmp_path):
    words = ["train.optimizer=sgd", "train.clip_norm=null", "train.learning_rate=1e9,0.01", "train.validate_every=2"]
    done = run(tmp_path, "-m", "model=rnn", "data=adding", "data.size=40", *QUICK, *words)
    assert done.returncode == 1, done.stderr
    assert sorted(load_records(tmp_path / "results/runs")["status"]) == ["completed", "diverged"]
    assert re.search(r"diverged  rnn adding .*: the loss diverged at update \d", done.stdout)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["model.hiden_size=3"], ["model.hiden_size", "hidden_size"]),
        (["+model.hiden_size=3"], ["model.hiden_size", "hidden_size"]),
        (["+data.nothing=3"], ["data.nothing", "sequence_length"]),
        (["model=grru"], ["model=grru: one of", "torch_gru", "lstm"]),
        (["data=nothing"], ["data=nothing: one of", "adding"]),
        (["model.hidden_size=wide"], ["model.hidden_size", "wide", "Integer"]),
        (["model.hidden_size=0"], ["model.hidden_size=0", "from 1"]),
        (["train.batch_size=-3"], ["train.batch_size=-3", "from 1"]),
        (["data.size=0"], ["data.size=0", "tiny"]),
        (["data.size=2000000"], ["data.size=2000000", "at most 1000000"]),
        (["model.hidden_size=5", "model.parameters=1000"], ["model.parameters=1000", "model.hidden_size"]),
        (["model.parameters=3"], ["model.parameters=3", "smallest possible"]),
        (["model.forget_bias=1", "model=gru"], ["model.forget_bias=1", "forget gate"]),
        (["model.implementation=quick"], ["model.implementation=quick", "loop"]),
        (["device=cuda:99"], ["device=cuda:99", "cpu"]),
        (["results_dir=/proc/nothing"], ["results_dir=/proc/nothing", "written"]),
        (["seed"], ["seed", "EQUAL"]),
        (["-m", "data.size=20,40", "model.dropout=0,2"], ["model.dropout=2", "below 1"]),
        (["-m", "seed=range(3,0)"], ["seed=range(3,0)", "one value"]),
        (["seed=99999999999999999999"], ["seed=99999999999999999999", "to 9223372036854775807"]),
        (["-m", "results_dir=a,b"], ["results_dir=a,b", "one value"]),
        (["-m", "keep=none,best"], ["keep=none,best", "one value"]),
        (["threads=100000"], ["threads=100000", "cores"]),
        (["model=[gru,lstm]"], ["model=", "one name", "-m"]),
        (["-m", "seed=range(0,1000000000)", "model=gru,lstm"], ["seed=range(0,1000000000)", "2,000,000,000"]),
        (["-m", "train.learning_rate=range(0,1,1e-9)"], ["train.learning_rate=range(0,1,1e-9)", "100,000"]),
        (["-m", "seed=range(0,inf)"], ["seed", "inf"]),
        (["-m", "seed=0", "hydra/launcher=parallel", "hydra.launcher.n_jobs=0"], ["hydra.launcher.n_jobs=0"]),
        (
            ["-m", "seed=0", "hydra/launcher=submitit_local", "hydra.launcher.timeout_min=0"],
            [
                "error: hydra.launcher.timeout_min=0: a whole number from 1",
            ],
        ),
    ],
)
def test_a_wrong_request_is_said_in_a_line_or_two_and_writes_nothing(tmp_path, words, says):
    done = run(tmp_path, "data=adding", *words)
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.strip().splitlines()) <= 2, done.stderr
    for word in says:
        assert word in done.stderr
    assert files_in(tmp_path) == []


def test_a_run_whose_plot_cannot_be_written_is_done_all_the_same(tmp_path, monkeypatch):
    from rnncompare.report.figures import svg

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(svg, "write_whole", full)
    done = run(tmp_path, "data=adding", "data.size=20", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "curve.png: No space left on device" in done.stdout
    assert "record  " in done.stdout


def test_what_the_terminal_cannot_show_is_written_out(tmp_path):
    words = ["-m", "data=adding", "data.size=20", *QUICK, "seed=0,1"]
    for module, arguments in (("run", words), ("report", ["results/runs"])):
        done = run_apart(tmp_path, *arguments, module=module, PYTHONIOENCODING="ascii")
        assert done.returncode == 0, done.stderr
        assert "\\xb1" in done.stdout


def test_a_file_that_cannot_be_imported_is_named_in_a_line(tmp_path, monkeypatch):
    from rnncompare.models import cells

    (tmp_path / "torn.py").write_text("def (")
    monkeypatch.setattr(cells, "__path__", [*cells.__path__, str(tmp_path)])
    with pytest.raises(DataError, match=r"cells\.torn: cannot be imported \(SyntaxError: "):
        cells.cell_class("torn")


@pytest.mark.parametrize(
    ("module", "words", "says"),
    [
        ("study", ["claim=all,foo"], "error: claim=foo: all, or one of "),
        ("bench", ["cell=gru", "threads=[9999]"], "error: threads=9999: at most "),
    ],
)
def test_other_commands_blame_the_part_that_is_wrong(tmp_path, module, words, says):
    done = run(tmp_path, *words, module=module)
    assert done.returncode == 2
    assert done.stderr.startswith(says)
    assert files_in(tmp_path) == []


def test_a_traceback_is_there_for_those_who_ask(tmp_path):
    done = run_apart(tmp_path, "data.size=0", HYDRA_FULL_ERROR="1")
    assert "Traceback" in done.stderr


def test_help_shows_every_setting_and_the_choices(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    for setting in ("model.hidden_size=", "data.size=", "train.learning_rate=", "seed=0", "torch_gru", "adding"):
        assert setting in done.stdout
    assert "data.lag=" in run(tmp_path, "data=copying", "--help").stdout
    assert files_in(tmp_path) == []


def test_the_parent_of_a_run_never_imports_torch(tmp_path):
    script = (
        "import sys, rnncompare.run; from rnncompare.composition.compose import register_schemas\n"
        "register_schemas(); assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path):
    words = ["-m", "model=gru", "data=adding", "data.size=20", "seed=range(0,200)", *QUICK]
    process = subprocess.Popen(
        [sys.executable, "-m", "rnncompare.run", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("results/runs/*/record.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(2)
    began = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    assert 2 <= len(load_records(tmp_path / "results/runs")) < 200
