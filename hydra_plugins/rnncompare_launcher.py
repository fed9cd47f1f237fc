"""Hydra's launchers of sweeps: they compose the runs and hand all of them over at once."""

import dataclasses
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from rnncompare.base.errors import require
from rnncompare.records import Record
from rnncompare.sweep import (
    ClusterSettings,
    Watcher,
    check_jobs,
    check_most,
    train_all,
    train_on_cluster,
    train_stacked,
)
from rnncompare.training.settings import RunSettings, from_config

_SEED = re.compile(r"seed=(\d{1,18})")


class _AllAtOnce(Launcher):
    """Hands all runs of a sweep over at once: they are checked, skipped and counted before one is trained."""

    here = True  # whether this machine trains

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config
        self.job: Any = task_function  # of `rnncompare.cli.application`
        self.check()

    def check(self) -> None:
        """Raise `SettingError` for settings out of range; not when it is made, where Hydra would wrap the error."""

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_all`."""
        raise NotImplementedError

    def device(self, name: str) -> str:
        """The device for runs that ask for ``name``."""
        return name

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Compose every run and hand them to the command's sweep; exits from within if some run did not complete."""
        require(bool(job_overrides), "-m", "", "at least one value for each setting")
        setup_globals()
        self.job.launch(self._compose_all(job_overrides), self.train, self.here)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in job_overrides]

    def _compose_all(self, jobs: Sequence[Sequence[str]]) -> list[RunSettings]:
        """The settings of each job; composing takes 40 ms, so jobs that differ only in their seed are composed once."""
        composed: dict[tuple[str, ...], RunSettings | None] = {}  # by all but the seed; None if others depend on it
        requests = []
        for overrides in jobs:
            seeds = [int(found[1]) for word in overrides if (found := _SEED.fullmatch(word))]
            others = tuple(word for word in overrides if not word.startswith("seed="))
            settings = composed.get(others) if len(seeds) == 1 == len(overrides) - len(others) else None
            if settings is None:
                config = self._compose(overrides)
                settings = from_config(config)
                settings = dataclasses.replace(settings, device=self.device(settings.device))
                composed[others] = None if "${" in str(OmegaConf.to_container(config)) else settings
            else:
                settings = dataclasses.replace(settings, seed=seeds[0])
            requests.append(settings)
        return requests

    def _compose(self, overrides: Sequence[str]) -> DictConfig:
        config = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
        with open_dict(config):
            del config["hydra"]
        return config


class SweepLauncher(_AllAtOnce):
    """Trains on this machine."""

    def __init__(self, n_jobs: int, memory_mb: float | None):
        self.n_jobs, self.memory_mb = n_jobs, memory_mb

    def check(self) -> None:
        """Raise `SettingError` for a number of runs at a time that there cannot be."""
        check_jobs(self.n_jobs)

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_all`."""
        return train_all(runs, watcher, self.n_jobs, self.memory_mb)


class StackedLauncher(SweepLauncher):
    """Trains runs that can be stacked as one, on this machine."""

    def __init__(self, n_jobs: int, memory_mb: float | None, runs_per_stack: int):
        super().__init__(n_jobs, memory_mb)
        self.runs_per_stack = runs_per_stack

    def check(self) -> None:
        """Raise `SettingError` for numbers that there cannot be."""
        super().check()
        check_most(self.runs_per_stack)

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_stacked`."""
        return train_stacked(runs, watcher, self.n_jobs, self.memory_mb, self.runs_per_stack)


class ClusterLauncher(_AllAtOnce):
    """Trains by jobs of a cluster."""

    def __init__(self, **settings: Any):
        self.settings = ClusterSettings(**settings)
        self.here = self.settings.cluster == "local"

    def check(self) -> None:
        """As `ClusterSettings.check`."""
        self.settings.check()

    def device(self, name: str) -> str:
        """As `ClusterSettings.device`."""
        return self.settings.device(name)

    def train(self, runs: Mapping[str, RunSettings], watcher: Watcher) -> Generator[Record, None, None]:
        """As `rnncompare.sweep.train_on_cluster`."""
        yield from train_on_cluster(runs, watcher, self.settings)
        if runs and not self.settings.wait:
            sys.exit()  # what the jobs leave is shown by a later call
