"""The work of a sweep: runs claimed, trained several at a time, and recorded one by one."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing import active_children
from pathlib import Path
from typing import Protocol

import yaml

from rnncompare.base.errors import DataError, SettingError, StorageError, require
from rnncompare.records import Record, Run, read_record, remove_leftovers, set_aside, write_record
from rnncompare.sweep.locks import Claims, Owner
from rnncompare.sweep.plan import lacks_model, record_path, require_writable
from rnncompare.sweep.resources import Room, gpus
from rnncompare.sweep.workers import train_apart
from rnncompare.training.settings import RunSettings

CHECKPOINT = ".checkpoint.pt"
LOOK_AGAIN = 0.5  # seconds between looks at runs that others train


class Watcher(Protocol):
    """Hears of what happens in a sweep, from several threads; `console.Progress` is one."""

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""

    def note(self, text: str) -> None:
        """Something happened that the user should know."""


Train = Callable[[Mapping[str, RunSettings], Watcher], Generator[Record, None, None]]  # as `train_all`


def train_all(
    runs: Mapping[str, RunSettings], watcher: Watcher, jobs: int = 1, memory_mb: float | None = None
) -> Generator[Record, None, None]:
    """Train ``runs``, ``jobs`` at a time, and give each record once it is written, by this process or another.

    Close it to stop: what is under way is ended, and goes on from its checkpoint when it is asked for again.

    Args:
        runs: by identity.
        watcher: hears of progress and of anything unusual.
        jobs: runs at a time; -1 for as many as there are cores for their threads, or GPUs.
        memory_mb: what runs at a time may take together; None for what is free.

    Raises:
        SettingError: a results folder cannot be written.
        StorageError: a record could not be written; those before it are kept, and no further run is started.
    """
    require(jobs == -1 or jobs >= 1, "hydra.launcher.n_jobs", jobs, "a whole number from 1, or -1 for as many as fit")
    with contextlib.ExitStack() as stack:
        folders = {settings.results_dir for settings in runs.values()}
        sweep = _Sweep({folder: stack.enter_context(_claims(folder)) for folder in folders}, watcher)
        todo = deque(_Missing(name, settings, stamp_of(name, settings)) for name, settings in runs.items())
        devices = gpus(runs.values())
        room = Room(memory_mb, devices)
        jobs = jobs if jobs > 0 else len(devices) or _as_many_as_fit(runs)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        under_way: dict[Future[Run | Record | Owner], _Missing] = {}
        stack.callback(_end, under_way)
        elsewhere: list[_Missing] = []
        while todo or under_way or elsewhere:
            while todo and len(under_way) < jobs and room.admits(todo[0].settings):
                run = todo.popleft()
                under_way[pool.submit(sweep.attempt, run, room.enter(run.name, run.settings))] = run
            # memory that others give back is news too
            seconds = LOOK_AGAIN if todo and len(under_way) < jobs else None
            for future in wait(under_way, seconds, return_when=FIRST_COMPLETED).done:
                run, outcome = under_way[future], _result(future)
                record = sweep.keep(run, outcome) if isinstance(outcome, Run) else outcome
                del under_way[future]
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
    """A run to be trained, and what stood in its record's place when that was decided."""

    name: str
    settings: RunSettings
    stamp: tuple[int, int] | None

    @property
    def path(self) -> Path:
        return record_path(self.name, self.settings)


class _Sweep:
    """What one process does for each run of a sweep."""

    def __init__(self, claims: Mapping[str, Claims], watcher: Watcher):
        self._claims, self._watcher = claims, watcher
        self._told: set[str] = set()
        for folder, here in claims.items():
            self._tidy(Path(folder), here)

    def attempt(self, run: _Missing, gpu: str | None) -> Run | Record | Owner:
        """Train ``run``, on ``gpu`` if that is given, unless somebody has recorded it since, or is training it now."""
        claims = self._claims[run.settings.results_dir]
        if owner := claims.acquire(run.name):
            return owner
        if stamp_of(run.name, run.settings) != run.stamp and not lacks_model(run.name, run.settings):
            with contextlib.suppress(DataError):
                record = read_record(run.path)
                claims.release(run.name)
                return record
        self._make_room(run)
        return train_apart(
            run.name,
            run.settings,
            run.path.with_name(CHECKPOINT),
            gpu,
            lambda update, metric: self._watcher.update(run.name, update, metric),
        )

    def keep(self, run: _Missing, outcome: Run) -> Record | None:
        """Write what ``run`` left and give up its claim; None if another process has taken the run over meanwhile."""
        claims, settings = self._claims[run.settings.results_dir], run.settings
        if not claims.holds(run.name):
            claims.release(run.name)
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
        claims.release(run.name)
        return outcome.record

    def say_who_trains(self, run: _Missing, owner: Owner | None) -> None:
        """Tell once of a run that another process trains."""
        if run.name not in self._told:
            self._told.add(run.name)
            who = owner or "another process, which took it over"
            self._watcher.note(f"{run.name} is being trained by {who}; its record is waited for")

    def _make_room(self, run: _Missing) -> None:
        """Clear a run's folder of what must not be mistaken for its record, or be overwritten by it."""
        remove_leftovers(run.path.parent)
        try:
            ours = read_record(run.path).run_id == run.name
            reason = f"{run.path}: the record of another run"
        except DataError as error:
            ours, reason = not run.path.exists(), str(error)
        if not ours:
            self._watcher.note(f"{reason}; kept as {set_aside(run.path).name}, and the run is trained")

    @staticmethod
    def _tidy(folder: Path, claims: Claims) -> None:
        """Remove what processes that were killed left behind."""
        for name in claims.abandoned():
            if claims.acquire(name) is None:
                remove_leftovers(folder / name)
                with contextlib.suppress(DataError):
                    if read_record(folder / name / "record.json").status != "failed":
                        (folder / name / CHECKPOINT).unlink(missing_ok=True)
                claims.release(name)


def _claims(folder: str) -> Claims:
    """The claims on the runs of a results folder, which is made."""
    require_writable(folder)
    try:
        return Claims(folder)
    except OSError as error:
        raise SettingError("results_dir", folder, f"a folder that can be written ({error.strerror})") from None


def stamp_of(name: str, settings: RunSettings) -> tuple[int, int] | None:
    """What changes when a run's record is written: the file is another; None while there is none."""
    try:
        state = record_path(name, settings).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def _result(future: Future[Run | Record | Owner]) -> Run | Record | Owner:
    try:
        return future.result()
    except OSError as error:
        raise StorageError(_not_written(error.filename, error)) from error


def _not_written(path: object, error: OSError) -> str:
    return f"{path}: {error.strerror}; what was recorded before is kept, and no further run is started"


def _end(under_way: Mapping[Future[Run | Record | Owner], _Missing]) -> None:
    """End the processes of runs under way; more than once, since a thread may just be starting one."""
    while not all(future.done() for future in under_way):
        for child in active_children():
            child.kill()
        wait(under_way, timeout=0.05)


def _as_many_as_fit(runs: Mapping[str, RunSettings]) -> int:
    """Runs at a time that leave each its threads, a core for each."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max((settings.threads for settings in runs.values()), default=1))
