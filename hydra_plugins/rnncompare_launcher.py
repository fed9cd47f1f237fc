"""Hydra's launcher of sweeps: it composes the jobs, and `rnncompare.run` trains them, one or several at a time."""

import sys
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from rnncompare.base.errors import require
from rnncompare.records import Record
from rnncompare.sweep import ClusterSettings, Watcher, train_all, train_on_cluster
from rnncompare.training.settings import RunSettings


@dataclass
class SweepLauncherConf:
    """Settings of the launcher.

    Attributes:
        n_jobs: runs at a time; -1 for as many as there are cores for their threads, or GPUs.
        memory_mb: what runs at a time may take together; null for what is free.
    """

    _target_: str = "hydra_plugins.rnncompare_launcher.SweepLauncher"
    n_jobs: int = 1
    memory_mb: float | None = None


@dataclass
class ClusterLauncherConf(ClusterSettings):
    """Settings of the launcher on a cluster: see `ClusterSettings`."""

    _target_: str = "hydra_plugins.rnncompare_launcher.ClusterLauncher"


class _AllAtOnce(Launcher):
    """Hands all jobs of a sweep over at once: they are checked, skipped and counted before one is trained."""

    here = True  # whether this machine trains

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_all`."""
        raise NotImplementedError

    def device(self, name: str) -> str:
        """The device for runs that ask for ``name``."""
        return name

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Compose every job and run them all; exits from within if some run did not complete."""
        from rnncompare.run import run_jobs

        require(bool(job_overrides), "-m", "", "at least one value for each setting")
        setup_globals()
        configs = [
            self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
            for overrides in job_overrides
        ]
        for config in configs:
            with open_dict(config):
                del config["hydra"]
            config.device = self.device(config.device)
        run_jobs(configs, self.train, self.here)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in configs]


class SweepLauncher(_AllAtOnce):
    """Trains on this machine."""

    def __init__(self, n_jobs: int, memory_mb: float | None):
        self.n_jobs, self.memory_mb = n_jobs, memory_mb

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_all`."""
        return train_all(runs, watcher, self.n_jobs, self.memory_mb)


class ClusterLauncher(_AllAtOnce):
    """Trains by jobs of a cluster."""

    def __init__(self, **settings: Any):
        self.settings = ClusterSettings(**settings)
        self.settings.check()
        self.here = self.settings.cluster == "local"

    def device(self, name: str) -> str:
        """As `ClusterSettings.device`."""
        return self.settings.device(name)

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_on_cluster`."""
        yield from train_on_cluster(runs, watcher, self.settings)
        if runs and not self.settings.wait:
            sys.exit()  # what the jobs leave is shown by a later call
