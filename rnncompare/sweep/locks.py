"""Locks on runs: of all processes and machines that share a results folder, one at a time trains a run.

There is no server. A lock is a file that is created whole or not at all, ``RESULTS_DIR/.locks/RUN_ID.N``, and says
whose it is. Of the locks on a run the one with the highest N counts. Its owner keeps renewing it; if the owner is dead,
or has not renewed the lock for a lease, number N + 1 may be created, which only one process can do. Whoever waits times
the lease by its own clock, from changes that it sees itself, so clocks need not agree.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import psutil

from rnncompare.base.isolation import start_thread

LEASE = 120.0  # seconds without renewal after which a lock no longer counts
FOLDER = ".locks"
PAUSE = 0.01  # seconds, at most, before a lock that met another is tried again

_PROC = Path("/proc")


@dataclass(frozen=True)
class Owner:
    """A process: its machine, its number there, and when it began, for numbers are used again."""

    host: str
    kernel: str
    pid: int
    began: str
    token: str

    @classmethod
    def this(cls) -> Owner:
        """The process that asks."""
        return cls(socket.gethostname(), _kernel(), os.getpid(), _began(os.getpid()) or "", uuid.uuid4().hex)

    def ended(self) -> bool:
        """Whether it is known to have ended; of another machine's processes nothing is known."""
        here = (self.host, self.kernel) == (socket.gethostname(), _kernel())
        return here and _began(self.pid) != self.began

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


def locked(results_dir: str | Path) -> bool:
    """Whether there are locks in a results folder, of processes alive or killed."""
    return (Path(results_dir) / FOLDER).is_dir()


class Locks:
    """The locks of this process on the runs of one results folder, renewed until closed.

    Args:
        results_dir: the folder.
        lease: seconds.

    Raises:
        OSError: the folder cannot be written.
        RefusedError: the thread that renews them cannot be started.
    """

    def __init__(self, results_dir: str | Path, lease: float = LEASE):
        self._folder = Path(results_dir) / FOLDER
        self._lease, self._owner = lease, Owner.this()
        self._held: dict[str, Path] = {}
        self._seen: dict[Path, tuple[tuple[int, int], float]] = {}
        self._mutex = threading.Lock()
        self._own = self._folder / f"owner-{self._owner.token}"
        self._announce()
        self._closed = threading.Event()
        start_thread(self._renew)

    def acquire(self, run: str) -> Owner | None:
        """Lock ``run``; the owner that has it already, or None if it is now locked by this process."""
        while True:
            numbers = self._numbers(run)
            highest = max(numbers, default=0)
            if highest and (owner := self._living_owner(self._path(run, highest))):
                return owner
            if not self._create(run, highest + 1):
                continue  # somebody was quicker
            if not self._others_on(run, highest + 1):
                return None
            # The lock listed had been given up and taken anew, under another number. Each looks after it has created,
            # so of two at least one sees the other.
            with self._mutex:
                self._held.pop(run).unlink(missing_ok=True)
            time.sleep(random.uniform(0, PAUSE))

    def holds(self, run: str) -> bool:
        """Whether the lock of this process on ``run`` still counts: nobody has taken it over."""
        with self._mutex:
            path = self._held.get(run)
        for _ in range(3):
            if path is not None and path == self._path(run, max(self._numbers(run), default=0)):
                return True
            time.sleep(PAUSE)  # a higher number may be on the point of being withdrawn
        return False

    def release(self, run: str) -> None:
        """Give up the lock on ``run``, and remove those before it."""
        counts = self.holds(run)
        with self._mutex:
            path = self._held.pop(run)
        if counts:
            for number in sorted(self._numbers(run)):
                self._path(run, number).unlink(missing_ok=True)
        else:
            path.unlink(missing_ok=True)

    def abandoned(self) -> list[str]:
        """Runs locked by processes that have ended."""
        runs = {path.stem for path in self._folder.glob("*.*")}
        return sorted(
            run
            for run in runs
            if (numbers := self._numbers(run)) and not self._living_owner(self._path(run, max(numbers)))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up all locks; the folder goes with the last of them."""
        self._closed.set()
        with self._mutex:
            held = list(self._held)
        with contextlib.suppress(OSError):  # a folder that is read-only by now; then leases end by themselves
            for run in held:
                self.release(run)
            self._own.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another process still needs the folder, or has just taken it away
            for path in self._folder.glob("owner-*"):  # of processes that were killed
                if not self._living_owner(path):
                    path.unlink(missing_ok=True)
            self._folder.rmdir()

    def _announce(self) -> None:
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # another sweep ended just now, and took the folder with it
                self._own.write_text(json.dumps(asdict(self._owner)), encoding="utf-8")
                return

    def _path(self, run: str, number: int) -> Path:
        return self._folder / f"{run}.{number}"

    def _numbers(self, run: str) -> list[int]:
        suffixes = (entry.name.rpartition(".") for entry in os.scandir(self._folder))
        return [int(number) for name, _, number in suffixes if name == run and number.isdecimal()]

    def _others_on(self, run: str, own: int) -> bool:
        """Whether anybody else alive has a lock on ``run``, of any number."""
        return any(self._living_owner(self._path(run, number)) for number in self._numbers(run) if number != own)

    def _create(self, run: str, number: int) -> bool:
        path = self._path(run, number)
        try:
            os.link(self._own, path)  # atomic, with its content, on network file systems too
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            try:
                with open(path, "x", encoding="utf-8") as file:
                    json.dump(asdict(self._owner), file)
            except FileExistsError:
                return False
        with self._mutex:
            self._held[run] = path
        return True

    def _living_owner(self, path: Path) -> Owner | None:
        """Whose lock it is; None if that process or its lease has ended, or the lock is gone."""
        try:
            state = path.stat()
            owner = Owner(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError):  # being written, or torn: it counts for as long as a lease
            owner = Owner("unknown", "", 0, "", "")
        if owner.ended():
            return None
        now, stamp = time.monotonic(), (state.st_mtime_ns, state.st_ino)
        before, since = self._seen.get(path, (None, now))
        if before != stamp:
            self._seen[path] = stamp, now
        elif now - since > self._lease:
            return None
        return owner

    def _renew(self) -> None:
        while not self._closed.wait(self._lease / 8):
            with self._mutex:
                paths = [self._own, *self._held.values()]
            for path in paths:
                with contextlib.suppress(OSError):
                    os.utime(path)


def _kernel() -> str:
    """What tells machines of one name apart, and a machine from itself before it was started anew."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return f"{psutil.boot_time():.0f}"


def _began(pid: int) -> str | None:
    """When the process began, in a form that setting the clock does not change; None where there is none."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return None if fields[0] in "ZX" else fields[19]
    except OSError:
        if _PROC.joinpath("self/stat").exists():
            return None
    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.NoSuchProcess:
        return None
