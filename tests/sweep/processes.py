"""Sweeps in processes of their own, to be stopped, killed and looked at."""

import json
import os
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent.parent
TINY = [
    "data=adding",
    "data.size=20",
    "data.sequence_length=5",
    "data.validation_examples=20",
    "data.test_examples=20",
    "model.hidden_size=4",
    "train.max_updates=4",
    "train.patience=null",
]
LONG = [*TINY, "train.max_updates=1000000", "train.validate_every=20"]  # hours
MARK = "RNNCOMPARE_TEST_MARK"


class Command:
    """``python -m rnncompare.run WORDS`` in ``folder``, under way; all its processes bear a mark by which to find them.

    Args:
        folder: where it runs.
        words: of the command line.
        limit: a shell command before it, such as ``ulimit -f 1``.
        environment: variables to be added.
    """

    def __init__(self, folder, *words, limit="true", **environment):
        self.mark = uuid.uuid4().hex
        self.folder = folder
        command = [sys.executable, "-m", "rnncompare.run", *words]
        self.process = subprocess.Popen(
            ["bash", "-c", f'{limit}; exec "$@"', "bash", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), MARK: self.mark, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, seconds=120):
        """Wait for it to end; its exit code, and what it printed to standard output and error."""
        output, errors = self.process.communicate(timeout=seconds)
        return self.process.returncode, output, errors

    def stop(self, number):
        """Send a signal; seconds until it ended, and what `finish` gives."""
        began = time.monotonic()
        self.process.send_signal(number)
        answer = self.finish(30)
        return time.monotonic() - began, *answer

    def kill(self):
        """SIGKILL to the sweep itself, and to nothing else."""
        self.process.kill()
        self.process.communicate(timeout=30)

    def others(self):
        """The processes that it has started and that are there now."""
        return [process for process in psutil.process_iter() if _marked(process, self.mark)]

    def workers(self):
        """Those of them that train: children of the server from which they are forked."""
        others = self.others()
        servers = {process.pid for process in others if _parent(process) == self.process.pid}
        return [process for process in others if _parent(process) in servers]

    def leaves_nobody(self, seconds=10):
        """Whether all that it started ends within ``seconds``."""
        return wait_until(lambda: not self.others(), seconds)


def _marked(process, mark):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def _parent(process):
    try:
        return process.ppid()
    except psutil.Error:
        return None


def wait_until(condition, seconds=90):
    """Whether ``condition`` came to hold within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(answer)


def records(folder):
    """All records below ``folder`` by their run's identity; each must be whole JSON."""
    return {path.parent.name: json.loads(path.read_text()) for path in Path(folder).rglob("record.json")}


def comparable(record):
    """A record less what differs from one training of a run to the next."""
    left_out = ("speed", "memory", "provenance")
    kept = {name: value for name, value in record.items() if name not in left_out}
    no_matter = ("results_dir", "run_timeout", "checkpoint_seconds")
    return {**kept, "config": {name: value for name, value in record["config"].items() if name not in no_matter}}


def temporary_files(folder):
    """Files that should not outlive a sweep."""
    return [path for path in Path(folder).rglob(".*") if path.is_file() or path.name == ".locks"]
