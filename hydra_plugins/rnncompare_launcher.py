"""Hydra's launcher of sweeps: it composes the jobs, and `rnncompare.run` trains them, one or several at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from rnncompare.errors import require


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


ConfigStore.instance().store(group="hydra/launcher", name="sweep", node=SweepLauncherConf)


class SweepLauncher(Launcher):
    """Hands all jobs of a sweep over at once: they are checked, skipped and counted before one is trained."""

    def __init__(self, n_jobs: int, memory_mb: float | None):
        self.n_jobs, self.memory_mb = n_jobs, memory_mb

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.hydra_context, self.config = hydra_context, config

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
        run_jobs(configs, self.n_jobs, self.memory_mb)
        return [JobReturn(status=JobStatus.COMPLETED) for _ in configs]
