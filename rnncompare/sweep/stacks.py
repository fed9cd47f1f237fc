"""Stacked runs of a sweep: those that differ only in seed, learning rate, start and the like are trained as one."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Generator, Mapping
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from rnncompare.base.errors import DataError, RefusedError, SettingError, require
from rnncompare.base.isolation import IsolatedError
from rnncompare.records import Record, Run
from rnncompare.sweep.keeper import Keeper, Missing, Watcher, as_missing
from rnncompare.sweep.runs import begin, check_jobs, end_all, train_all
from rnncompare.sweep.workers import train_stack_apart
from rnncompare.training.settings import RunSettings, TrainSettings

MOST = 32  # runs of a stack

_OWN = ("learning_rate", "clip_norm", "settle", "patience", "min_updates", "target")  # of `train`, each run's own


def train_stacked(
    runs: Mapping[str, RunSettings], watcher: Watcher, jobs: int = 1, memory_mb: float | None = None, most: int = MOST
) -> Generator[Record, None, None]:
    """As `train_all`, but runs that can be stacked are trained as one, one stack after the other.

    What a stack leaves, because it failed or others train some of its runs, and what cannot be stacked, is then trained
    by `train_all`.

    Args:
        runs: by identity.
        watcher: is told of progress and of anything unusual.
        jobs: as in `train_all`, for what is not stacked.
        memory_mb: as in `train_all`, for what is not stacked.
        most: runs of a stack.

    Raises:
        SettingError: a results folder cannot be written.
        StorageError: a record could not be written; those before it are kept, and no further run is started.
    """
    check_jobs(jobs)
    check_most(most)
    left = dict(runs)
    for stack in find_stacks(runs, most):
        with contextlib.closing(_train_stack(stack, watcher)) as records:
            for record in records:
                del left[record.run_id]
                yield record
    yield from train_all(left, watcher, jobs, memory_mb)


def stacked_on_gpu(
    runs: Mapping[str, RunSettings], watcher: Watcher, jobs: int = 1, memory_mb: float | None = None
) -> Generator[Record, None, None]:
    """As `train_stacked` for runs on a GPU, and as `train_all` for those on a CPU, where stacking saves little."""
    on_gpu = {name: settings for name, settings in runs.items() if settings.device.startswith("cuda")}
    if on_gpu:
        yield from train_stacked(on_gpu, watcher, jobs, memory_mb)
    yield from train_all({name: runs[name] for name in runs if name not in on_gpu}, watcher, jobs, memory_mb)


def check_most(most: int) -> None:
    """Raise `SettingError` unless a stack can have ``most`` runs."""
    require(most >= 2, "hydra.launcher.runs_per_stack", most, "a whole number from 2")


def find_stacks(runs: Mapping[str, RunSettings], most: int = MOST) -> list[dict[str, RunSettings]]:
    """The runs that can be trained as one, by identity: stacks of 2 to ``most`` runs.

    A run of a stack differs from the others in its seed, and so in its draw of the data, in what it starts from, and in
    the settings of its training that change no shape. Networks of torch.nn, with dropout (whose masks belong to one
    run's random numbers) or in both directions (whose sequences are packed) are trained alone, as are runs with a time
    limit of their own.
    """
    alike: dict[str, dict[str, RunSettings]] = {}
    for name, settings in runs.items():
        if _can_be_stacked(settings):
            alike.setdefault(_shared(settings), {})[name] = settings
    stacks = []
    for together in alike.values():
        names = list(together)
        parts = [names[start : start + most] for start in range(0, len(names), most)]
        stacks += [{name: together[name] for name in part} for part in parts if len(part) > 1]
    return stacks


def _can_be_stacked(settings: RunSettings) -> bool:
    model = settings.model
    ours = not model.name.startswith("torch_")
    return ours and not (model.dropout or model.input_dropout or model.bidirectional or settings.run_timeout)


def _shared(settings: RunSettings) -> str:
    """What runs of one stack have in common."""
    plain = TrainSettings()
    train = dataclasses.replace(settings.train, **{name: getattr(plain, name) for name in _OWN})
    model = dataclasses.replace(settings.model, initialisation="", forget_bias=None)
    return repr(dataclasses.replace(settings, seed=0, model=model, train=train))


def _train_stack(runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
    """Train a stack in a process of its own, and give the record of each run once it is written."""
    with contextlib.ExitStack() as stack:
        keeper = stack.enter_context(Keeper.of(runs.values(), watcher))
        ours: list[Missing] = []
        for run in as_missing(runs):
            outcome = keeper.claim(run)
            if isinstance(outcome, Record):
                yield outcome
            elif outcome is None:
                ours.append(run)
        if len(ours) < 2:
            return
        written: SimpleQueue[Record | None] = SimpleQueue()
        processes: set[BaseProcess] = set()

        def keep(position: int, outcome: Run) -> None:
            if record := keeper.keep(ours[position], outcome):
                written.put(record)

        training = begin(
            train_stack_apart,
            [run.settings for run in ours],
            [run.checkpoint for run in ours],
            lambda position, update, metric: watcher.update(ours[position].name, update, metric),
            keep,
            processes,
        )
        stack.callback(end_all, processes, [training])
        training.add_done_callback(lambda _: written.put(None))
        yield from iter(written.get, None)
        try:
            training.result()
        except (IsolatedError, RefusedError, SettingError, DataError) as error:
            watcher.note(f"{len(ours)} runs could not be trained as one ({error}); those left are trained one by one")
