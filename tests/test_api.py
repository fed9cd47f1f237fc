"""From Python: what the commands do, whatever was imported first, and a script of five lines without a guard."""

import os
import subprocess
import sys
from pathlib import Path

import hydra
import numpy as np
import pytest

import rnncompare
from rnncompare.base.errors import SettingError
from rnncompare.models.own_module import fingerprint

ROOT = Path(__file__).parents[1]
TINY = {
    "data": {"name": "adding", "size": 20, "sequence_length": 5, "validation_examples": 20, "test_examples": 20},
    "train": {"max_updates": 4},
    "progress": False,
}
SCRIPT = """
import numpy as np, pandas as pd, rnncompare
x = np.random.default_rng(0).normal(size=400)
frame = pd.DataFrame({"case": np.repeat(np.arange(80), 5), "x": x, "label": np.repeat(np.arange(80) % 2, 5)})
result = rnncompare.compare(frame, target="label", pairs=2, sizes=False, plain=False, train={"max_updates": 5})
print(result.answer); print(result.best.predict(frame.drop(columns="label")).shape)
"""


def python(folder, *words, text=None):
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        input=text,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# a process for each, forked where only what others wrote has been imported
CALLED = """
import os, sys, numpy, pandas, torch
for first in sys.argv[1:]:
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0, first
        continue
    exec(first)
    import rnncompare
    names = ("run", "study", "sweep", "report", "compare")
    assert all(callable(getattr(rnncompare, name)) for name in names)
    import rnncompare.run, rnncompare.study, rnncompare.report.tables
    assert all(callable(getattr(rnncompare, name)) for name in names)
    assert callable(rnncompare.run.main)
    os._exit(0)
"""


def test_the_names_are_called_whatever_was_imported_before(tmp_path):
    first = [
        "",
        "import rnncompare.run",
        "from rnncompare.studies import budget",
        "from rnncompare.report import tables",
    ]
    python(tmp_path, "-c", CALLED, *first)


def test_the_commands_run_as_modules_all_the_same(tmp_path):
    assert "rnncompare.run" in python(tmp_path, "-m", "rnncompare.run", "--help")


def test_a_script_of_a_few_lines_needs_no_guard(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    said = python(tmp_path, "script.py")
    assert "pairs" in said
    assert said.splitlines()[-1].startswith("(80, ")


def test_a_run_and_a_sweep_give_records(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = rnncompare.run(model="lstm", **TINY)
    assert (record.status, record.model.name) == ("completed", "lstm")
    table = rnncompare.sweep(model=["gru", "lstm"], seed=range(2), **TINY)
    assert len(table) == 4
    assert len(rnncompare.sweep(model=["gru", "lstm"], seed=np.arange(2), **TINY)) == 4
    assert record.run_id in set(table["run_id"])
    with pytest.raises(SettingError, match="seed=-1"):
        rnncompare.run(seed=-1, **TINY)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rnncompare.sweep(model=["gru"], seed=range(0), **TINY), "seed=range"),
        (lambda: rnncompare.run(foo=1, **TINY), "foo"),
        (lambda: rnncompare.run("grru", **TINY), "model=grru: one of .*lstm"),
        (lambda: rnncompare.run(None, **TINY), "model"),
        (lambda: rnncompare.run(["gru", "lstm"], **TINY), "model=.*one name"),
        (lambda: rnncompare.study(3), "claim=3"),
        (lambda: rnncompare.study("bucket_sort", data=([], [])), "claim=bucket_sort: none beside data"),
    ],
)
def test_a_wrong_request_is_a_setting_error_and_writes_nothing(tmp_path, monkeypatch, call, says):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match=says):
        call()
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_numpy_are_numbers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = rnncompare.sweep(**{"train.learning_rate": list(np.array([0.001, 0.002]))}, seed=np.int64(3), **TINY)
    assert sorted(table["config.train.learning_rate"]) == [0.001, 0.002]


def test_a_report_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rnncompare.run(**TINY)
    assert list(rnncompare.report("results/runs").glob("*.html"))


def test_a_claim_that_code_decides_is_judged(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = rnncompare.study(claim="gru_is_rnn", progress=False)
    assert [finding.verdict for finding in made.findings] == ["supported"]
    with pytest.raises(SettingError, match="or data"):
        rnncompare.study()


def test_a_script_on_standard_input_reports_a_study(tmp_path):
    script = (
        "import rnncompare\nprint('read once')\n"
        "rnncompare.study(claim='gru_is_rnn', progress=False, results_dir='kept')\n"
        "print(rnncompare.report('kept', 'page').is_dir())\n"
    )
    printed = python(tmp_path, "-", text=script).splitlines()
    assert printed.count("read once") == 1
    assert printed[-1] == "True"


def test_a_program_that_uses_hydra_goes_on_with_its_own_configs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("answer: 42\n")
    with hydra.initialize_config_dir(str(tmp_path), version_base="1.3"):
        rnncompare.run(**TINY)
        assert hydra.compose("own").answer == 42


def test_a_preset_is_named_as_on_the_command_line(tmp_path):
    with pytest.raises(SettingError, match="preset=zz: one of full, quick, standard"):
        rnncompare.study(claim="fewer_parameters", preset="zz", results_dir=str(tmp_path), progress=False)
    made = rnncompare.study(claim="fewer_parameters", preset="quick", results_dir=str(tmp_path), progress=False)
    assert made.manifest.settings["pairs"] == 7


def test_calls_from_two_threads_take_turns(tmp_path):
    script = tmp_path / "script.py"
    call = 'rnncompare.run(**{**TINY, "seed": i, "results_dir": "kept"})'
    script.write_text(
        f"import threading, rnncompare\nprint(__name__)\nTINY = {TINY!r}\n"
        f"jobs = [threading.Thread(target=lambda i=i: {call}) for i in range(3)]\n"
        "[job.start() for job in jobs]\n[job.join() for job in jobs]\n"
        'print(list(rnncompare.load_records("kept").status))\n'
    )
    assert python(tmp_path, str(script)).split("\n")[:2] == ["__main__", f"{['completed'] * 3}"]


def test_the_thread_that_called_first_may_end_while_another_trains(tmp_path):
    script = (
        f"import threading, time, rnncompare\nTINY = {TINY!r}\n"
        'first = threading.Thread(target=lambda: [rnncompare.run(**TINY, results_dir="kept"), time.sleep(0.2)])\n'
        "first.start()\ntime.sleep(0.1)\n"
        'longer = TINY | {"train": {"max_updates": 2000, "min_updates": 2000}}\n'
        'print(rnncompare.run(**longer, seed=1, results_dir="kept").status, first.is_alive())\n'
    )
    assert python(tmp_path, "-", text=script) == "completed False\n"


def test_a_module_of_ones_own_is_known_by_what_it_captured_and_holds():
    def maker(leak, scale=1.0):
        def leaky(input_size, hidden_size, leak=leak):
            return rnncompare.GRU(input_size, hidden_size), leak, scale

        return leaky

    assert fingerprint(maker(0.5)) == fingerprint(maker(0.5))
    assert len({fingerprint(one) for one in (maker(0.5), maker(0.9), maker(0.5, 2.0))}) == 3
    kinds = [type("Leaky", (rnncompare.GRU,), {"leak": leak}) for leak in (0.5, 0.9)]
    assert fingerprint(kinds[0]) != fingerprint(kinds[1])
