"""Many runs: each trained in a process of its own and recorded as soon as it ends; what is recorded is not trained."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from multiprocessing import active_children
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from rnncompare.errors import DataError, SettingError, require
from rnncompare.measure.isolation import IsolatedError, call_isolated
from rnncompare.provenance import provenance
from rnncompare.records import DataFields, ModelFields, Record, read_record, run_id, write_record
from rnncompare.settings import RunSettings

if TYPE_CHECKING:
    from rnncompare.experiment import Run

OnUpdate = Callable[[str, int, float], None]


def plan(
    requests: Sequence[RunSettings], on_understood: Callable[[str], None] = lambda words: None
) -> dict[str, RunSettings]:
    """The runs asked for, by their identity, each once, in order; all are checked before any is trained.

    Args:
        requests: resolved settings.
        on_understood: called with the words in which a user's own data were understood, once for each way.

    Raises:
        SettingError: a request cannot be met by the data or the machine.
        DataError: data cannot be fetched or read.
    """
    checked = call_isolated(_check_all, list(requests), on_message=on_understood)
    return {run_id(settings.config()): settings for settings in checked}


def record_path(name: str, settings: RunSettings) -> Path:
    """Where the record of the run called ``name`` lies, or will."""
    return Path(settings.results_dir) / name / "record.json"


def find_record(name: str, settings: RunSettings) -> Record | None:
    """The record of a run that need not be trained; one that failed is to be tried again."""
    try:
        record = read_record(record_path(name, settings))
    except DataError:
        return None
    return record if record.run_id == name and record.status != "failed" else None


def train_all(
    runs: Mapping[str, RunSettings], jobs: int = 1, on_update: OnUpdate = lambda name, update, metric: None
) -> Iterator[Record]:
    """Train ``runs``, ``jobs`` at a time, and give each record once it is written.

    Args:
        runs: by identity.
        jobs: runs at a time; -1 for as many as there are cores for their threads.
        on_update: called with a run's name, its update and its validation metric, from other threads.

    Raises:
        SettingError: a results folder cannot be written.
        OSError: a record could not be written; those before it are kept, and no further run is started.
    """
    require(jobs == -1 or jobs >= 1, "hydra.launcher.n_jobs", jobs, "a whole number from 1, or -1 for as many as fit")
    for folder in {settings.results_dir for settings in runs.values()}:
        require_writable(folder)
    with ThreadPoolExecutor(_as_many_as_fit(runs) if jobs == -1 else jobs) as pool:
        pending = {pool.submit(_train, name, settings, on_update): settings for name, settings in runs.items()}
        try:
            for finished in as_completed(pending):
                yield _keep(finished.result(), pending[finished])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in active_children():
                child.kill()


def _check_all(requests: list[RunSettings], send: Callable[[object], None]) -> list[RunSettings]:
    """`experiment.check` for each distinct model, data and device; runs that differ in the rest share its answer."""
    from rnncompare.experiment import check

    checked: dict[str, RunSettings] = {}
    said: set[str | None] = {None}
    for request in requests:
        if (key := _checked_by(request)) not in checked:
            checked[key], understood = check(request)
            if understood not in said:
                send(understood)
                said.add(understood)
    return [
        dataclasses.replace(request, device=found.device, data=found.data)
        for request in requests
        for found in [checked[_checked_by(request)]]
    ]


def _checked_by(request: RunSettings) -> str:
    return repr((request.model, request.data, request.device))


def _train(name: str, settings: RunSettings, on_update: OnUpdate) -> Run:
    from rnncompare.experiment import Run

    try:
        return call_isolated(_run, settings, on_message=lambda message: on_update(name, *message))
    except (IsolatedError, SettingError, DataError) as error:
        return Run(_failed(name, settings, str(error)), [])


def _run(settings: RunSettings, send: Callable[[object], None]) -> Run:
    from rnncompare.experiment import run_experiment

    return run_experiment(settings, progress=lambda update, metric: send((update, metric)))


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


def _keep(run: Run, settings: RunSettings) -> Record:
    curve = [dataclasses.asdict(point) for point in run.curve]
    write_record(settings.results_dir, run.record, curve, yaml.safe_dump(settings.config(), sort_keys=False))
    return run.record


def _as_many_as_fit(runs: Mapping[str, RunSettings]) -> int:
    """Runs at a time that leave each its threads, a core for each."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // max((settings.threads for settings in runs.values()), default=1))


def require_writable(folder: str) -> None:
    """Make the results folder if it is not there.

    Raises:
        SettingError: it cannot be written.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError("results_dir", folder, f"a folder that can be written ({error.strerror})") from None
    require(os.access(folder, os.W_OK), "results_dir", folder, "a folder that can be written")
