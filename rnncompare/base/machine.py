"""The machine: its devices, its memory in use, and the load from other processes."""

from __future__ import annotations

import contextlib
import platform
import time
from pathlib import Path

import psutil
import torch

from rnncompare.base.errors import require

EXCLUSIVE_BELOW = 0.1  # cores that others may use while a run still counts as alone

_STATUS, _CLEAR_REFS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_MIB = 2**20


def find_device(name: str) -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda`` or ``cuda:N``; ``auto`` is CUDA if there is one.

    Raises:
        SettingError: there is no such device here.
    """
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda" if cuda else "cpu")
    here = ["cpu"] + ["cuda"] * bool(cuda) + [f"cuda:{index}" for index in range(cuda)]
    require(name in here, "device", name, f"on this machine one of auto, {', '.join(here)}")
    return torch.device(name)


def hardware_name(device: torch.device) -> str:
    """The name of the processor behind ``device``, as the system reports it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        described = ""
    names = (line.partition(":")[2].strip() for line in described.splitlines() if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


class PeakMemory:
    """Peak memory from here on, in MiB: of the device on CUDA, else of this process."""

    def __init__(self, device: torch.device):
        self._device = device
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self.before_mb = torch.cuda.memory_allocated(device) / _MIB
        else:
            _forget_peak()
            self.before_mb = psutil.Process().memory_info().rss / _MIB

    def peak_mb(self) -> float:
        """The most that was in use at once since this was made."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / _MIB
        return _peak_resident() / _MIB


def _forget_peak() -> None:
    # On Linux the peak restarts at what is resident now; elsewhere it counts from the start of the process.
    with contextlib.suppress(OSError):
        _CLEAR_REFS.write_text("5")


def _peak_resident() -> int:
    try:
        status = _STATUS.read_text()
    except OSError:
        import resource
        import sys

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


class OtherLoad:
    """Cores that other processes keep busy, on average from here on."""

    def __init__(self) -> None:
        self._began, self._all, self._own = time.monotonic(), _busy_seconds(), _own_seconds()

    def cores(self) -> float:
        """Mean number of cores in use by others since this was made."""
        wall = max(time.monotonic() - self._began, 1e-9)
        others = (_busy_seconds() - self._all) - (_own_seconds() - self._own)
        return max(0.0, others / wall)


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "steal", 0.0)
    # Linux already counts guest time in user and nice
    counted_twice = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return sum(times) - idle - counted_twice


def _own_seconds() -> float:
    own = psutil.Process().cpu_times()
    return own.user + own.system
