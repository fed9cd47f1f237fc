"""The launchers that a sweep can be given to, with ``hydra/launcher=NAME``, and their settings."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.sweep.cluster import ClusterSettings
from rnncompare.sweep.stacks import MOST


@dataclass
class LocalLauncherSettings:
    """Settings of the launcher that trains on this machine.

    Attributes:
        n_jobs: runs at a time; -1 for as many as there are cores for their threads, or GPUs.
        memory_mb: what runs at a time may take together; null for what is free.
    """

    _target_: str = "hydra_plugins.rnncompare_launcher.SweepLauncher"
    n_jobs: int = 1
    memory_mb: float | None = None


@dataclass
class StackedLauncherSettings(LocalLauncherSettings):
    """Settings of the launcher that trains runs as one on this machine; ``n_jobs`` is for those that cannot be stacked.

    Attributes:
        runs_per_stack: runs trained as one at most; all of them must fit into the memory of the device.
    """

    _target_: str = "hydra_plugins.rnncompare_launcher.StackedLauncher"
    runs_per_stack: int = MOST


@dataclass
class ClusterLauncherSettings(ClusterSettings):
    """Settings of the launcher that trains by jobs of a cluster: see `ClusterSettings`."""

    _target_: str = "hydra_plugins.rnncompare_launcher.ClusterLauncher"


LAUNCHERS: dict[str, LocalLauncherSettings | ClusterLauncherSettings] = {
    "sweep": LocalLauncherSettings(),
    "parallel": LocalLauncherSettings(n_jobs=-1),
    "joblib": LocalLauncherSettings(n_jobs=-1),  # the earlier name of parallel
    "stacked": StackedLauncherSettings(),
    "submitit_local": ClusterLauncherSettings(cluster="local"),
    "submitit_slurm": ClusterLauncherSettings(cluster="slurm"),
}
