"""The work of a sweep: runs trained several at a time, and recorded one by one."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from rnncompare.base.errors import RefusedError, StorageError, require
from rnncompare.base.isolation import start_thread
from rnncompare.records import Record, Run
from rnncompare.sweep.keeper import KEPT, Keeper, Missing, Watcher, as_missing, not_written
from rnncompare.sweep.locks import Owner
from rnncompare.sweep.resources import Room, gpus, jobs_at_a_time
from rnncompare.sweep.workers import train_apart
from rnncompare.training.settings import RunSettings

LOOK_AGAIN = 0.5  # seconds between looks at runs that others train, and between attempts to start a process
REFUSALS = 60  # attempts to start a single process before a sweep gives up

Result = TypeVar("Result")
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
        keeper = stack.enter_context(Keeper.of(runs.values(), watcher))
        work = _Work(keeper, watcher)
        todo = deque(as_missing(runs))
        devices = gpus(runs.values())
        room = Room(memory_mb, devices)
        jobs = jobs if jobs > 0 else len(devices) or jobs_at_a_time(runs.values())
        under_way: dict[Future[Run | Record | Owner], Missing] = {}
        stack.callback(work.end, under_way)
        elsewhere: list[Missing] = []
        while todo or under_way or elsewhere:
            while todo and len(under_way) < jobs and room.admits(todo[0].settings, work.pids()):
                run = todo.popleft()
                under_way[begin(work.attempt, run, room.enter(run.name, run.settings))] = run
            # look again now and then: memory may become free without any run ending
            seconds = LOOK_AGAIN if todo and len(under_way) < jobs else None
            for future in wait(under_way, seconds, return_when=FIRST_COMPLETED).done:
                run = under_way.pop(future)
                try:
                    outcome = _result(future)
                except RefusedError as error:
                    room.leave(run.name, None)
                    todo.appendleft(run)
                    jobs = work.fewer(len(under_way), error)
                    continue
                record = work.keep(run, outcome) if isinstance(outcome, Run) else outcome
                room.leave(run.name, record if isinstance(record, Record) else None)
                if isinstance(record, Record):
                    yield record
                else:
                    keeper.say_who_trains(run, record)
                    elsewhere.append(run)
            if elsewhere and not todo and not under_way:
                time.sleep(LOOK_AGAIN)
                todo.extend(elsewhere)
                elsewhere.clear()


class _Work:
    """The processes of the runs under way."""

    def __init__(self, keeper: Keeper, watcher: Watcher):
        self._keeper, self._watcher = keeper, watcher
        self._processes: set[BaseProcess] = set()
        self._refusals = 0  # in a row, of a run that had the machine to itself

    def attempt(self, run: Missing, gpu: str | None) -> Run | Record | Owner:
        """Train ``run``, on ``gpu`` if that is given, unless somebody has recorded it since, or is training it now."""
        if outcome := self._keeper.claim(run):
            return outcome
        try:
            return train_apart(
                run.name,
                run.settings,
                run.checkpoint,
                gpu,
                lambda update, metric: self._watcher.update(run.name, update, metric),
                self._processes,
            )
        except RefusedError:
            self._keeper.release(run)
            raise

    def keep(self, run: Missing, outcome: Run) -> Record | None:
        """As `Keeper.keep`: the machine has started a process."""
        self._refusals = 0
        return self._keeper.keep(run, outcome)

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
                raise RefusedError(f"the machine starts no process for a run: {error}; {KEPT}") from error
            time.sleep(LOOK_AGAIN)
        if under_way or self._refusals == 1:
            going_on = f"{under_way} at a time" if under_way else "one at a time, as soon as it can start"
            self._watcher.note(f"the machine refused to start another run ({error}); going on with {going_on}")
        return max(1, under_way)

    def end(self, under_way: Mapping[Future[Run | Record | Owner], Missing]) -> None:
        """End the processes of the runs under way."""
        end_all(self._processes, list(under_way))


def end_all(processes: set[BaseProcess], under_way: Collection[Future[Any]]) -> None:
    """End ``processes`` until all that is ``under_way`` is done; more than once, since a thread may just start one."""
    while not all(future.done() for future in under_way):
        for process in list(processes):
            process.kill()
        wait(under_way, timeout=0.05)


def begin(function: Callable[..., Result], *arguments: Any) -> Future[Result]:
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
        raise StorageError(not_written(error.filename, error)) from error
