"""Clocks for training updates: monotonic on a CPU, device events on CUDA."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np
import torch

WARM_UP = 10  # updates left out of the step times, at most half of them


class Clock(Protocol):
    """Times laps: `start` begins a series of updates, `lap` ends each one, `settle` completes ``laps`` (seconds)."""

    laps: list[float]

    def start(self) -> None: ...
    def lap(self) -> None: ...
    def settle(self) -> None: ...


class HostClock:
    """Laps by the monotonic clock of the machine."""

    def __init__(self) -> None:
        self.laps: list[float] = []

    def start(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> None:
        now = time.perf_counter()
        self.laps.append(now - self._last)
        self._last = now

    def settle(self) -> None:
        """Nothing is pending on a CPU."""


class DeviceClock:
    """Laps by CUDA events, read after one synchronisation per series."""

    def __init__(self, device: torch.device):
        self.laps: list[float] = []
        self._device = device
        self._events: list[torch.cuda.Event] = []

    def start(self) -> None:
        self._events = []
        self._mark()

    def lap(self) -> None:
        self._mark()

    def settle(self) -> None:
        torch.cuda.synchronize(self._device)
        self.laps += [a.elapsed_time(b) / 1000 for a, b in zip(self._events, self._events[1:], strict=False)]
        self._events = []

    def _mark(self) -> None:
        event = torch.cuda.Event(enable_timing=True)
        event.record(torch.cuda.current_stream(self._device))
        self._events.append(event)


def clock_for(device: torch.device) -> Clock:
    """The clock that fits ``device``."""
    return DeviceClock(device) if device.type == "cuda" else HostClock()


def step_milliseconds(laps: list[float]) -> tuple[float, float, float]:
    """Median, 10th and 90th percentile of the warm laps, in milliseconds."""
    warm = laps[min(WARM_UP, len(laps) // 2) :]
    median, low, high = np.percentile(warm, [50, 10, 90]) * 1000
    return float(median), float(low), float(high)
