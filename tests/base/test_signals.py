"""Ctrl-C whenever it comes: a line, exit code 130, and no traceback."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from rnncompare.base.signals import Stopped, in_order
from tests.commands import ROOT, run_apart

CTRL_C = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(20)\n"


@pytest.mark.parametrize("module", ["run", "study", "bench", "data"])
def test_while_a_command_imports_it_ends_at_once(module, tmp_path):
    (tmp_path / "omegaconf.py").write_text(CTRL_C)
    done = run_apart(tmp_path, "--help", module=module)
    assert done.returncode == 130, done.stderr
    assert done.stderr.strip() == "stopped"


def test_a_report_that_is_stopped_says_so(tmp_path):
    (tmp_path / "pandas.py").write_text(CTRL_C)
    (tmp_path / "runs").mkdir()
    done = run_apart(tmp_path, "runs", module="report")
    assert done.returncode == 130, done.stderr
    assert done.stderr.startswith("\nstopped; ")


@pytest.fixture
def handlers():
    """How signals are handled; set back afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield before
    for number, handler in before.items():
        signal.signal(number, handler)


@in_order("all is well")
def stopped_while_composing():
    try:
        raise Stopped(signal.SIGINT)
    finally:
        raise AttributeError("what was half made")


@pytest.mark.usefixtures("handlers")
def test_a_stop_that_a_library_made_another_error_of_is_one(capsys):
    with pytest.raises(SystemExit) as ended:
        stopped_while_composing()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "\nstopped; all is well\n"


@in_order("")
def faulty(handled):
    handled.append(signal.getsignal(signal.SIGTERM))
    raise AttributeError("a fault")


def test_other_errors_and_the_handling_of_signals_stay_as_they_were(handlers):
    handled = []
    with pytest.raises(AttributeError):
        faulty(handled)
    assert handled != [handlers[signal.SIGTERM]]
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_a_command_that_only_prints_ends_quietly_where_nobody_reads_on(tmp_path):
    """As ``python -m rnncompare.data describe ... | head`` does."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "rnncompare.data", "describe", "data=adding", "data.size=10"]
    with os.fdopen(writing, "wb") as unread:
        done = subprocess.run(
            words,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=unread,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    assert (done.returncode, done.stderr) == (0, "")


@in_order("what was done is kept")
def unread():
    raise BrokenPipeError(errno.EPIPE, "Broken pipe")


@pytest.mark.usefixtures("handlers")
def test_any_other_command_says_what_is_kept(capsys, monkeypatch):
    monkeypatch.setattr("rnncompare.base.signals._output_is_lost", lambda: True)
    with pytest.raises(SystemExit) as ended:
        unread()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "\nstopped; what was done is kept\n"


def test_a_command_without_a_standard_output_ends_well(monkeypatch):
    """As under a daemon that closed it, or with ``>&-``."""
    monkeypatch.setattr(sys, "stdout", None)
    with in_order("nothing was written"):
        print("nobody hears it")
