"""``python -m tools.torture``: kill a sweep again and again, at random moments, and count what is lost. Prints figures.

A sweep of short runs is called over and over. Each call is killed (SIGKILL) after a random time, and with it at random
only the sweep's own process, a worker, the server that workers are forked from, or all at once. After every kill all
records must be whole, those seen before untouched, and no process left; at the end all runs must be there once, equal
to those of a sweep that was left in peace.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from rnncompare.base.errors import DataError
from rnncompare.records import read_record
from tests.sweep.processes import TINY, Command, comparable, records, temporary_files, wait_until


@dataclass
class Figures:
    """What was done, and what went wrong: all below ``records_checked`` must be 0."""

    calls: int = 0
    kills: int = 0
    kills_with_runs_under_way: int = 0
    records_checked: int = 0
    lost: int = 0
    doubled: int = 0
    torn: int = 0
    different: int = 0
    orphans: int = 0
    temporary_files: int = 0

    def faults(self) -> int:
        """How many promises were broken."""
        return self.lost + self.doubled + self.torn + self.different + self.orphans + self.temporary_files


class Torture:
    """A sweep to be killed.

    Args:
        folder: an empty one, for the results.
        runs: of the sweep.
        seed: of the moments and victims.
    """

    def __init__(self, folder: Path, runs: int, seed: int):
        self._folder, self._runs = folder, runs
        self._random = random.Random(seed)
        self._seen: dict[Path, bytes] = {}
        self._round = 0
        self.figures = Figures()
        self._words = ["-m", f"seed=range(0,{runs})", *TINY, "train.max_updates=300", "train.validate_every=10"]
        self._words += [
            "model.dropout=0.1",
            "checkpoint_seconds=0.05",
            "hydra/launcher=parallel",
            "hydra.launcher.n_jobs=2",
        ]

    def kill(self, times: int) -> Figures:
        """Kill ``times`` times, beginning a new sweep whenever one is done; what was found."""
        peace = Command(self._folder, *self._words, "results_dir=peace")
        wait_until(peace.workers)
        began = time.monotonic()
        assert peace.finish(600)[0] == 0
        self._training = time.monotonic() - began
        self._peace = {name: comparable(record) for name, record in records(self._folder / "peace").items()}
        while self.figures.kills < times:
            command = self._call()
            self._let_run(command)
            if command.process.poll() is None:
                self._kill(command)
            command.process.communicate()
            self.figures.orphans += not command.leaves_nobody()
            self._check()
            if len(self._whole()) == self._runs:
                self._finish()
        self._finish()
        return self.figures

    def _let_run(self, command: Command) -> None:
        """Wait for a random share of the time of training: from the beginning, or more often from that of training."""
        if self._random.random() < 0.8:
            wait_until(lambda: command.workers() or command.process.poll() is not None)
        wait_until(lambda: command.process.poll() is not None, self._random.uniform(0, self._training))

    def _call(self) -> Command:
        self.figures.calls += 1
        return Command(self._folder, *self._words, f"results_dir=round{self._round}")

    def _kill(self, command: Command) -> None:
        self.figures.kills += 1
        workers = command.workers()
        self.figures.kills_with_runs_under_way += bool(workers)
        victims = {"sweep": [command.process], "all": command.others(), "worker": workers[:1], "server": []}
        with contextlib.suppress(psutil.NoSuchProcess):
            victims["server"] = [psutil.Process(workers[0].ppid())] if workers else []
        for victim in victims[self._random.choice([name for name, list_ in victims.items() if list_])]:
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                victim.kill()
        time.sleep(self._random.uniform(0, 0.5))  # where only a part was killed, the rest goes on for a while
        command.process.kill()

    def _whole(self) -> dict[Path, bytes]:
        found = {}
        for path in (self._folder / f"round{self._round}").rglob("record.json"):
            try:
                if read_record(path).status == "completed":
                    found[path] = path.read_bytes()
            except DataError:
                self.figures.torn += 1
        return found

    def _check(self) -> None:
        found = self._whole()
        self.figures.records_checked += len(found)
        self.figures.lost += len(self._seen.keys() - found.keys())
        self.figures.doubled += sum(found[path] != content for path, content in self._seen.items() if path in found)
        self._seen = found

    def _finish(self) -> None:
        """Let the sweep end, compare it with that left in peace, and go on to a new one."""
        command = self._call()
        command.finish(600)
        self._check()
        folder = self._folder / f"round{self._round}"
        ended = {name: comparable(record) for name, record in records(folder).items()}
        self.figures.lost += len(self._peace.keys() - ended.keys())
        self.figures.different += sum(self._peace.get(name) != record for name, record in ended.items())
        self.figures.temporary_files += len(temporary_files(folder))
        self.figures.orphans += not command.leaves_nobody()
        self._round, self._seen = self._round + 1, {}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        figures = Torture(Path(folder), arguments.runs, arguments.seed).kill(arguments.kills)
        for name, value in asdict(figures).items():
            print(f"{name.replace('_', ' '):<26} {value}")
        print(f"{'seconds':<26} {time.monotonic() - began:.0f}")
    raise SystemExit(figures.faults() > 0)


if __name__ == "__main__":
    main()
