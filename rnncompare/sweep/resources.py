"""What a machine has room for: how many runs at a time its cores carry, whether another fits into memory, which GPU."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import astuple
from pathlib import Path

import psutil

from rnncompare.base.isolation import call_isolated
from rnncompare.records import Record
from rnncompare.training.settings import RunSettings

UNKNOWN_MB = 1000.0  # expected of a run until one of its kind has finished
RESERVE = 0.05  # share of the memory that is left free

_MIB = 2**20
_CGROUPS = Path("/sys/fs/cgroup")


class Room:
    """Memory and GPUs for the runs of a sweep.

    A run is expected to take as much memory as the largest that has finished with its model, data and batch size.

    Args:
        memory_mb: what all runs together may take; None for what is free on the machine, or in the container.
        devices: the GPUs, by the names that ``CUDA_VISIBLE_DEVICES`` takes; none for runs on a CPU.
    """

    def __init__(self, memory_mb: float | None = None, devices: Iterable[str] = ()):
        self._limit = memory_mb
        self._inside: dict[str, RunSettings] = {}
        self._peaks: dict[str, float] = {}
        self._devices = dict.fromkeys(devices, 0)
        self._on: dict[str, str] = {}

    def admits(self, settings: RunSettings, own: Iterable[int] = ()) -> bool:
        """Whether there is memory for one more; a run on its own is always let in, since waiting would not help it.

        Args:
            settings: of the run.
            own: the processes of the runs under way, whose memory is not free and is counted as theirs.
        """
        if not self._inside:
            return True
        expected = sum(self._expected(run) for run in self._inside.values()) + self._expected(settings)
        if self._limit is not None:
            return expected <= self._limit
        return expected <= _free_mb() + sum(map(_resident_mb, own))

    def enter(self, name: str, settings: RunSettings) -> str | None:
        """A run begins; the GPU that it goes on, the one with the fewest, or None where there are none."""
        self._inside[name] = settings
        if not self._devices or settings.device != "cuda":
            return None
        device = min(self._devices, key=self._devices.__getitem__)
        self._devices[device] += 1
        self._on[name] = device
        return device

    def leave(self, name: str, record: Record | None) -> None:
        """A run has ended, and left a record or none."""
        settings = self._inside.pop(name)
        if name in self._on:
            self._devices[self._on.pop(name)] -= 1
        if record and record.device == "cpu" and (peak := record.memory.peak_mb):
            self._peaks[_kind(settings)] = max(peak, self._peaks.get(_kind(settings), 0.0))

    def _expected(self, settings: RunSettings) -> float:
        return self._peaks.get(_kind(settings), max(UNKNOWN_MB, *self._peaks.values(), 0.0))


def usable_cores() -> int:
    """The cores that this process may use: those it is bound to, and no more than its container is given time of."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for group in _own_cgroups():
        with contextlib.suppress(OSError, ValueError):  # the root has no limit, and others may say "max"
            quota, period = map(int, (group / "cpu.max").read_text().split())
            cores = min(cores, math.ceil(quota / period))
    return cores


def jobs_at_a_time(runs: Iterable[RunSettings]) -> int:
    """How many runs leave each other their threads, a core for each."""
    return max(1, usable_cores() // max((settings.threads for settings in runs), default=1))


def gpus(runs: Iterable[RunSettings]) -> list[str]:
    """The GPUs over which ``runs`` are to be spread: all that can be seen, if they ask for no certain one."""
    if all(settings.device != "cuda" for settings in runs):
        return []
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = call_isolated(_count_gpus)
    return visible.split(",")[:count] if visible else [str(index) for index in range(count)]


def _count_gpus(_send: Callable[[object], None]) -> int:
    import torch

    return torch.cuda.device_count()


def _kind(settings: RunSettings) -> str:
    return repr((astuple(settings.model), settings.data.name, settings.data, settings.train.batch_size))


def _resident_mb(pid: int) -> float:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).memory_info().rss / _MIB
    return 0.0


def _free_mb() -> float:
    """Memory that can still be had, less a reserve."""
    machine = psutil.virtual_memory()
    free = [machine.available - RESERVE * machine.total]
    for group in _own_cgroups():
        with contextlib.suppress(OSError, ValueError):  # the root has no limit, and others may say "max"
            limit = int((group / "memory.max").read_text())
            free.append(limit * (1 - RESERVE) - int((group / "memory.current").read_text()))
    return min(free) / _MIB


def _own_cgroups() -> list[Path]:
    """The control groups that this process is in, from the innermost (Linux, version 2)."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                inner = _CGROUPS / line[3:].strip("/")
                return [inner, *(parent for parent in inner.parents if parent.is_relative_to(_CGROUPS))]
    return []
