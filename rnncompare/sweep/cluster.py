"""Runs as jobs of a cluster: chunks of a sweep, each trained by a job of its own, all into one results folder."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.base.isolation import preload
from rnncompare.records import Record, read_record
from rnncompare.sweep.keeper import Watcher, stamp_of
from rnncompare.sweep.plan import find_missing, record_path
from rnncompare.sweep.runs import LOOK_AGAIN, train_all
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission


class Chunk:
    """Trains some runs of a sweep; if it is preempted or runs out of time, it is queued again and goes on.

    Args:
        runs: by identity.
        jobs: runs at a time; -1 for as many as there are cores for their threads, or GPUs.
    """

    def __init__(self, runs: Mapping[str, RunSettings], jobs: int):
        self._runs, self._jobs = dict(runs), jobs

    def __call__(self) -> dict[str, str]:
        """Train what is missing; the status of each run."""
        preload()
        missing = find_missing(self._runs)
        return {record.run_id: record.status for record in train_all(missing, _Log(), self._jobs)}

    def checkpoint(self) -> DelayedSubmission:
        """What submitit queues when the job must end: the same again, since recorded runs are not trained twice."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self)


class _Log:
    """A watcher that writes to the job's own output."""

    def update(self, name: str, update: int, metric: float) -> None:
        print(f"{name} update {update} validation {metric:.4g}", flush=True)

    def note(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


@dataclass
class ClusterSettings:
    """What the jobs of a cluster ask for.

    Attributes:
        cluster: ``slurm``, or ``local`` for processes of this machine that outlive the command.
        runs_per_job: how many runs a job trains; all jobs of a sweep are one array.
        n_jobs: how many of them at a time; -1 for as many as the job has cores for, or GPUs.
        timeout_min: minutes a job may take; it is queued again if it needs more, `max_requeues` times at most.
        max_requeues: how often a job that ran out of time is queued again; after a preemption it always is.
        cpus_per_task: cores of a job.
        gpus_per_node: GPUs of a job; null for none.
        mem_gb: memory of a job; null for the cluster's own default.
        array_parallelism: jobs of the array that may run at the same time.
        partition: null for the cluster's own default; as `account` and `qos`.
        wait: whether the command stays and shows what is done, and cancels the jobs when it is stopped.
    """

    cluster: str = "slurm"
    runs_per_job: int = 1
    n_jobs: int = 1
    timeout_min: int = 60
    max_requeues: int = 3
    cpus_per_task: int = 1
    gpus_per_node: int | None = None
    mem_gb: float | None = None
    array_parallelism: int = 256
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    wait: bool = True

    def device(self, name: str) -> str:
        """The device that runs are trained on where they ask for ``name``: of other machines, as the jobs ask for.

        Raises:
            SettingError: there is no such name.
        """
        if self.cluster == "local":
            return name
        if name == "auto":
            return "cuda" if self.gpus_per_node else "cpu"
        known = re.fullmatch(r"cpu|cuda(:\d+)?", name)
        require(known is not None, "device", name, "one of auto, cpu, cuda, cuda:N")
        return name

    def check(self) -> None:
        """Raise `SettingError` for values out of range, or where submitit is not installed."""
        for name in ("runs_per_job", "timeout_min", "cpus_per_task", "array_parallelism"):
            require(getattr(self, name) >= 1, f"hydra.launcher.{name}", getattr(self, name), "a whole number from 1")
        known = importlib.util.find_spec("submitit") is not None
        require(known, "hydra/launcher", f"submitit_{self.cluster}", "needs pip install 'rnncompare[slurm]'")
        here = self.cluster == "local" or shutil.which("sbatch") is not None
        require(here, "hydra/launcher", f"submitit_{self.cluster}", "there is no Slurm here (no sbatch)")


def train_on_cluster(
    runs: Mapping[str, RunSettings], watcher: Watcher, settings: ClusterSettings
) -> Generator[Record, None, None]:
    """As `train_all`, by jobs of a cluster; close it to cancel them.

    Args:
        runs: by identity; their results folders must be seen by all machines under the same path.
        watcher: is told of progress and of anything unusual.
        settings: what the jobs ask for.

    Raises:
        SettingError: the cluster refuses the jobs.
    """
    if not runs:
        return
    folder = Path(next(iter(runs.values())).results_dir) / ".jobs"
    before = {name: stamp_of(name, run) for name, run in runs.items()}
    jobs = _submit(runs, folder, settings)
    watcher.note(f"{len(jobs)} jobs submitted, {jobs[0].job_id} the first; their output goes to {folder}")
    if not settings.wait:
        return
    waiting = dict(runs)
    try:
        while waiting:
            ended = _have_ended(jobs, settings.cluster)  # asked first, so that no record comes in between
            for name in [name for name, run in waiting.items() if stamp_of(name, run) != before[name]]:
                with contextlib.suppress(DataError):
                    yield read_record(record_path(name, waiting[name]))
                    del waiting[name]
            if ended:
                break
            time.sleep(LOOK_AGAIN)
    finally:
        if waiting:
            for job in jobs:
                job.cancel()
    if waiting:
        watcher.note(f"{len(waiting)} runs have no record though their jobs have ended; see {folder}, and call again")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def _submit(runs: Mapping[str, RunSettings], folder: Path, settings: ClusterSettings) -> list[Any]:
    """Submit ``runs`` in chunks, as one array."""
    import submitit

    executor = submitit.AutoExecutor(folder, settings.cluster, slurm_max_num_timeout=settings.max_requeues)
    parameters = {
        "name": "rnncompare",
        "timeout_min": settings.timeout_min,
        "cpus_per_task": settings.cpus_per_task,
        "gpus_per_node": settings.gpus_per_node,
        "mem_gb": settings.mem_gb,
        "slurm_array_parallelism": settings.array_parallelism,
        "slurm_partition": settings.partition,
        "slurm_account": settings.account,
        "slurm_qos": settings.qos,
        "slurm_additional_parameters": {"requeue": True},  # whatever the cluster's own default
    }
    executor.update_parameters(**{name: value for name, value in parameters.items() if value is not None})
    names = list(runs)
    chunks = [names[start : start + settings.runs_per_job] for start in range(0, len(names), settings.runs_per_job)]
    try:
        with executor.batch():
            return [executor.submit(Chunk({name: runs[name] for name in chunk}, settings.n_jobs)) for chunk in chunks]
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()  # if it was made for this
        said = " ".join(str(error).split())
        raise SettingError("hydra/launcher", f"submitit_{settings.cluster}", f"it takes no such jobs: {said}") from None


def _have_ended(jobs: Sequence[Any], cluster: str) -> bool:
    if cluster == "local":
        return all(job.done() for job in jobs)
    array = jobs[0].job_id.partition("_")[0]
    # the queue, not the accounting, which not every cluster has
    queue = subprocess.run(["squeue", "--noheader", "--jobs", array], capture_output=True, text=True)
    return not queue.stdout.strip() and (queue.returncode == 0 or "Invalid job id" in queue.stderr)
