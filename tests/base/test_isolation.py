"""Fresh processes: results, errors, deaths, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from rnncompare.base.errors import SettingError
from rnncompare.base.isolation import IsolatedError, call_isolated


def add(a, b, send):
    send("adding")
    return a + b


def refuse(send):
    raise SettingError("data.size", 3, "a larger number")


def fail(send):
    raise RuntimeError("no more memory")


def die(send):
    os.kill(os.getpid(), signal.SIGSEGV)


def leave(send):
    os._exit(7)


def identity(send):
    return os.getpid()


def announce_and_wait(path, send):
    path.write_text(str(os.getpid()))
    time.sleep(60)


def test_a_call_returns_its_result_and_its_messages():
    messages = []
    assert call_isolated(add, 2, 3, on_message=messages.append) == 5
    assert messages == ["adding"]


def test_every_call_has_a_process_of_its_own():
    assert len({call_isolated(identity), call_isolated(identity), os.getpid()}) == 3


def test_a_wrong_request_is_raised_as_it_was():
    with pytest.raises(SettingError, match=r"data\.size=3: a larger number") as caught:
        call_isolated(refuse)
    assert caught.value.setting == "data.size"


@pytest.mark.parametrize(
    ("function", "cause"), [(fail, "RuntimeError: no more memory"), (die, "SIGSEGV"), (leave, "exit code 7")]
)
def test_a_failure_says_its_cause(function, cause):
    with pytest.raises(IsolatedError, match=cause):
        call_isolated(function)


def test_a_process_ends_with_its_caller(tmp_path):
    script = (
        "from tests.base.test_isolation import announce_and_wait, call_isolated\n"
        "import pathlib, sys\n"
        "if __name__ == '__main__': call_isolated(announce_and_wait, pathlib.Path(sys.argv[1]))\n"
    )
    note = tmp_path / "pid"
    caller = subprocess.Popen([sys.executable, "-c", script, str(note)])
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    pid = int(note.read_text())
    caller.kill()
    caller.wait()
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    assert not psutil.pid_exists(pid)
