"""The work of a sweep: runs locked, trained several at a time, and recorded one by one."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

import yaml

from rnncompare.base.errors import DataError, RefusedError, SettingError, StorageError, require
from rnncompare.base.isolation import start_thread
from rnncompare.records import Record, Run, read_record, remove_leftovers, set_aside, write_record
from rnncompare.sweep.locks import Locks, Owner
from rnncompare.sweep.plan import lacks_model, record_path, require_writable
from rnncompare.sweep.resources import Room, gpus, jobs_at_a_time
from rnncompare.sweep.workers import train_apart
from rnncompare.training.settings import RunSettings

CHECKPOINT = ".checkpoint.pt"
LOOK_AGAIN = 0.5  # seconds between looks at runs that others train, and between attempts to start a process
REFUSALS = 60  # attempts to start a single process before a sweep gives up

_KEPT = "what was recorded before is kept, and no further run is started"

Result = TypeVar("Result")


class Watcher(Protocol):
    """Is told what happens in a sweep, from several threads, such as `console.Progress`."""

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""

    def note(self, text: str) -> None:
        """Something happened that the user should know."""


Train = Callable[[Mapping[str, RunSettings], Watcher], Generator[Record, None, None]]  # as `train_all`


def check_jobs(jobs: int) -> None:
    """Raise `SettingError` unless there can be so many ``jobs`` at a time."""
    require(jobs == -1 or jobs >= 1, "hydra.launcher.n_jobs", jobs, "a whole number from 1, or -1 for as many as fit")


def train_all(
    runs: Mapping[str, RunSettings], watcher: Watcher, jobs: int = 1, memory_mb: float | None = None
) -> Generator[Record, None, None]:
    """Train ``runs``, ``jobs`` at a time, and give each record once it is written, by this process or another.

    Close it to stop: what is under way is ended, and goes on from its checkpoint when it is asked for again.

    Args:
        runs: by identity.
        watcher: is told of progress and of anything unusual.
        jobs: runs at a time; -1 for as many as there are cores for their threads, or GPUs.
        memory_mb: what runs at a time may take together; None for what is free.

    Raises:
        SettingError: a results folder cannot be written.
        StorageError: a record could not be written; those before it are kept, and no further run is started.
    """
    check_jobs(jobs)
    with contextlib.ExitStack() as stack:
        folders = {settings.results_dir for settings in runs.values()}
        sweep = _Sweep({folder: stack.enter_context(_locks(folder)) for folder in folders}, watcher)
        todo = deque(_Missing(name, settings, stamp_of(name, settings)) for name, settings in runs.items())
        devices = gpus(runs.values())
        room = Room(memory_mb, devices)
        jobs = jobs if jobs > 0 else len(devices) or jobs_at_a_time(runs.values())
        under_way: dict[Future[Run | Record | Owner], _Missing] = {}
        stack.callback(sweep.end, under_way)
        elsewhere: list[_Missing] = []
        while todo or under_way or elsewhere:
            while todo and len(under_way) < jobs and room.admits(todo[0].settings, sweep.pids()):
                run = todo.popleft()
                under_way[_begin(sweep.attempt, run, room.enter(run.name, run.settings))] = run
            # look again now and then: memory may become free without any run ending
            seconds = LOOK_AGAIN if todo and len(under_way) < jobs else None
            for future in wait(under_way, seconds, return_when=FIRST_COMPLETED).done:
                run = under_way.pop(future)
                try:
                    outcome = _result(future)
                except RefusedError as error:
                    room.leave(run.name, None)
                    todo.appendleft(run)
                    jobs = sweep.fewer(len(under_way), error)
                    continue
                record = sweep.keep(run, outcome) if isinstance(outcome, Run) else outcome
                room.leave(run.name, record if isinstance(record, Record) else None)
                if isinstance(record, Record):
                    yield record
                else:
                    sweep.say_who_trains(run, record)
                    elsewhere.append(run)
            if elsewhere and not todo and not under_way:
                time.sleep(LOOK_AGAIN)
                todo.extend(elsewhere)
                elsewhere.clear()


@dataclasses.dataclass(frozen=True)
class _Missing:
    """A run to train, and the stamp of its record (see `stamp_of`) when that was decided."""

    name: str
    settings: RunSettings
    stamp: tuple[int, int] | None

    @property
    def path(self) -> Path:
        return record_path(self.name, self.settings)


class _Sweep:
    """What one process does for each run of a sweep."""

    def __init__(self, locks: Mapping[str, Locks], watcher: Watcher):
        self._locks, self._watcher = locks, watcher
        self._told: set[str] = set()
        self._processes: set[BaseProcess] = set()
        self._refusals = 0  # in a row, of a run that had the machine to itself
        for folder, here in locks.items():
            self._tidy(Path(folder), here)

    def attempt(self, run: _Missing, gpu: str | None) -> Run | Record | Owner:
        """Train ``run``, on ``gpu`` if that is given, unless somebody has recorded it since, or is training it now."""
        locks = self._locks[run.settings.results_dir]
        if owner := locks.acquire(run.name):
            return owner
        if stamp_of(run.name, run.settings) != run.stamp and not lacks_model(run.name, run.settings):
            with contextlib.suppress(DataError):
                record = read_record(run.path)
                locks.release(run.name)
                return record
        self._make_room(run)
        try:
            return train_apart(
                run.name,
                run.settings,
                run.path.with_name(CHECKPOINT),
                gpu,
                lambda update, metric: self._watcher.update(run.name, update, metric),
                self._processes,
            )
        except RefusedError:
            locks.release(run.name)
            raise

    def pids(self) -> list[int]:
        """The processes of the runs under way."""
        return [process.pid for process in list(self._processes) if process.pid is not None]

    def fewer(self, under_way: int, error: RefusedError) -> int:
        """How many runs at a time to go on with when the machine refused to start one beside ``under_way`` others.

        Raises:
            RefusedError: it refuses a single one again and again.
        """
        if under_way == 0:
            self._refusals += 1
            if self._refusals > REFUSALS:
                raise RefusedError(f"the machine starts no process for a run: {error}; {_KEPT}") from error
            time.sleep(LOOK_AGAIN)
        if under_way or self._refusals == 1:
            going_on = f"{under_way} at a time" if under_way else "one at a time, as soon as it can start"
            self._watcher.note(f"the machine refused to start another run ({error}); going on with {going_on}")
        return max(1, under_way)

    def end(self, under_way: Mapping[Future[Run | Record | Owner], _Missing]) -> None:
        """End the processes of the runs under way; more than once, since a thread may just be starting one."""
        while not all(future.done() for future in under_way):
            for process in list(self._processes):
                process.kill()
            wait(under_way, timeout=0.05)

    def keep(self, run: _Missing, outcome: Run) -> Record | None:
        """Write what ``run`` left and give up its lock; None if another process has taken the run over meanwhile."""
        self._refusals = 0
        locks, settings = self._locks[run.settings.results_dir], run.settings
        if not locks.holds(run.name):
            locks.release(run.name)
            return None
        curve = [dataclasses.asdict(point) for point in outcome.curve]
        try:
            write_record(
                settings.results_dir, outcome.record, curve, yaml.safe_dump(settings.config(), sort_keys=False)
            )
        except OSError as error:
            raise StorageError(_not_written(run.path, error)) from error
        if outcome.record.status != "failed":  # one that failed may go on when it is tried again
            run.path.with_name(CHECKPOINT).unlink(missing_ok=True)
        locks.release(run.name)
        return outcome.record

    def say_who_trains(self, run: _Missing, owner: Owner | None) -> None:
        """Say once that another process trains the run."""
        if run.name not in self._told:
            self._told.add(run.name)
            who = owner or "another process, which took it over"
            self._watcher.note(f"{run.name} is being trained by {who}; waiting for its record")

    def _make_room(self, run: _Missing) -> None:
        """Set aside what must not be mistaken for the run's record, or be overwritten by it."""
        remove_leftovers(run.path.parent)
        try:
            record = read_record(run.path)
            ours = record.run_id == run.name
            reason = f"{run.path}: the record of another run"
            if ours and record.status != "failed" and not run.settings.force:
                self._watcher.note(
                    f"{run.name} is stale: other code of its cell or task made its record; trained again (stale=keep)"
                )
        except DataError as error:
            ours, reason = not run.path.exists(), str(error)
        if not ours:
            self._watcher.note(f"{reason}; kept as {set_aside(run.path).name}, and the run is trained")

    @staticmethod
    def _tidy(folder: Path, locks: Locks) -> None:
        """Remove what processes that were killed left behind."""
        for name in locks.abandoned():
            if locks.acquire(name) is None:
                remove_leftovers(folder / name)
                with contextlib.suppress(DataError):
                    if read_record(folder / name / "record.json").status != "failed":
                        (folder / name / CHECKPOINT).unlink(missing_ok=True)
                locks.release(name)


def _locks(folder: str) -> Locks:
    """The locks on the runs of a results folder, which is made."""
    require_writable(folder)
    try:
        return Locks(folder)
    except OSError as error:
        raise SettingError("results_dir", folder, f"a folder that can be written ({error.strerror})") from None


def stamp_of(name: str, settings: RunSettings) -> tuple[int, int] | None:
    """Inode and time of a run's record file, which change when it is written; None if there is none."""
    try:
        state = record_path(name, settings).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def _begin(function: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """What ``function(*arguments)`` gives or raises, called in a thread of its own."""
    future: Future[Result] = Future()

    def call() -> None:
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)

    try:
        start_thread(call)
    except RefusedError as error:
        future.set_exception(error)
    return future


def _result(future: Future[Run | Record | Owner]) -> Run | Record | Owner:
    try:
        return future.result()
    except OSError as error:
        raise StorageError(_not_written(error.filename, error)) from error


def _not_written(path: object, error: OSError) -> str:
    return f"{path}: {error.strerror}; {_KEPT}"
