"""Runs in processes of their own, one or a stack in each: what they leave behind, however they end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError, SettingError, StorageError
from rnncompare.base.isolation import IsolatedError, call_isolated, require_threads
from rnncompare.records import MODEL, DataFields, ModelFields, Record, Run
from rnncompare.records.provenance import provenance
from rnncompare.sweep.keeper import not_written
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    from rnncompare.training.checkpoints import CheckpointFile
    from rnncompare.training.kept_model import KeptModel


def train_apart(
    name: str,
    settings: RunSettings,
    checkpoint: Path,
    gpu: str | None,
    on_update: Callable[[int, float], None],
    processes: set[BaseProcess],
) -> Run:
    """Train the run called ``name``; one that raises, crashes, hangs or is killed gives a record that says so.

    Args:
        name: its identity.
        settings: resolved.
        checkpoint: the file in which its state is kept, and looked for; a model that is kept goes beside it.
        gpu: the only one that the run sees, as ``CUDA_VISIBLE_DEVICES`` names it; None to leave that as it is.
        on_update: called with the update and the validation metric after each validation.
        processes: holds the run's process while there is one.

    Raises:
        RefusedError: the machine would not start what the run needs, which is no fault of the run.
        StorageError: its model could not be written.
    """
    try:
        return call_isolated(
            _run,
            settings,
            checkpoint,
            gpu,
            on_message=lambda message: on_update(*message),
            timeout=settings.run_timeout,
            processes=processes,
        )
    except (IsolatedError, SettingError, DataError) as error:
        return Run(_failed(name, settings, str(error)), [])


def train_stack_apart(
    runs: Sequence[RunSettings],
    checkpoints: Sequence[Path],
    on_update: Callable[[int, int, float], None],
    on_run: Callable[[int, Run], None],
    processes: set[BaseProcess],
) -> None:
    """Train ``runs`` as one, as `train_apart` trains one.

    Args:
        runs: resolved, of one stack.
        checkpoints: of each run, as in `train_apart`.
        on_update: called with the position of a run, the update and the validation metric after each validation.
        on_run: called with the position of a run and what it left, as soon as it has ended.
        processes: holds the stack's process while there is one.

    Raises:
        IsolatedError: it crashed, hung, was killed or ran out of memory.
        SettingError, DataError: a run's own.
        RefusedError: the machine would not start what the stack needs.
        StorageError: a model could not be written.
    """

    def receive(message: tuple[Any, ...]) -> None:
        position, *told = message
        if isinstance(told[0], Run):
            on_run(position, told[0])
        else:
            on_update(position, *told)

    call_isolated(_run_stack, list(runs), list(checkpoints), on_message=receive, processes=processes)


def _run(settings: RunSettings, checkpoint: Path, gpu: str | None, send: Callable[[object], None]) -> Run:
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu  # read when CUDA is first used, which in this process is later
    require_threads(settings.threads)
    from rnncompare.training.experiment import run_experiment

    checkpointer, keep = _files_of(settings, checkpoint)
    return run_experiment(settings, lambda update, metric: send((update, metric)), checkpointer, keep)


def _run_stack(runs: list[RunSettings], checkpoints: list[Path], send: Callable[[object], None]) -> None:
    require_threads(runs[0].threads)
    from rnncompare.training.stacked_experiments import run_stacked

    checkpointers, keeps = zip(*map(_files_of, runs, checkpoints), strict=True)
    for position, run in run_stacked(runs, lambda *told: send(told), checkpointers, keeps):
        send((position, run))


def _files_of(
    settings: RunSettings, checkpoint: Path
) -> tuple[CheckpointFile | None, Callable[[KeptModel], None] | None]:
    """Where a run keeps the state of its training, and its model."""
    from rnncompare.training.checkpoints import CheckpointFile
    from rnncompare.training.experiment import source_of

    every = settings.checkpoint_seconds
    source = source_of(settings.model.name, type(settings.data))
    checkpointer = None if every is None else CheckpointFile(checkpoint, every, source)
    # The model is written here, whole or not at all, and the record by the caller once this returns: a record is never
    # there before its model.

    def keep(model: KeptModel) -> None:
        path = checkpoint.with_name(MODEL)
        try:
            model.save(path)
        except OSError as error:
            raise StorageError(not_written(path, error)) from error

    return checkpointer, None if settings.keep == "none" else keep


def _failed(name: str, settings: RunSettings, error: str) -> Record:
    return Record(
        run_id=name,
        status="failed",
        error=error,
        seed=settings.seed,
        device=settings.device,
        threads=settings.threads,
        config=settings.config(),
        model=ModelFields(name=settings.model.name, hidden_size=settings.model.hidden_size),
        data=DataFields(name=settings.data.name),
        provenance=provenance(hardware=settings.device),
    )
