"""Probes: measurements that are no training records. Each module here is one; `store` keeps what they gave."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from rnncompare.base import discovery

Values = dict[str, float | None]


@dataclass(frozen=True)
class Probe:
    """The settings of one measurement, and how it is made. A replicate is a number: a seed, or just the next turn.

    Importing a probe's module imports no torch; `measure` runs in a fresh process, as one of `store.measure_missing`.
    """

    @property
    def name(self) -> str:
        """The probe's name: its module's."""
        return type(self).__module__.rpartition(".")[2]

    def config(self) -> dict[str, Any]:
        """The settings as plain nested values."""
        return dataclasses.asdict(self)

    def identity(self) -> dict[str, Any]:
        """What of the settings determines the values, as plain nested values."""
        return self.config()

    def device_name(self) -> str:
        """The device that does the work, whose name stands in the provenance."""
        raise NotImplementedError

    def measure(self, replicate: int) -> Values:
        """The values of one replicate, by dotted names; None where one cannot be had.

        Raises:
            SettingError: the settings cannot be met by this machine.
            DataError: data cannot be read.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class StepProbe(Probe):
    """A probe of a training step: of a single layer at one shape.

    Attributes:
        sequence_length: T, steps.
        batch_size: B, sequences.
        input_size: I, features of a step.
        hidden_size: H, units of the layer.
        threads: of the CPU.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    sequence_length: int
    batch_size: int
    input_size: int
    hidden_size: int
    threads: int = 1
    device: str = "cpu"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """T, B, I, H."""
        return self.sequence_length, self.batch_size, self.input_size, self.hidden_size

    def device_name(self) -> str:
        return self.device


def names() -> list[str]:
    """The names of all probes."""
    return discovery.modules(__name__)


def probe_class(name: str) -> type[Probe]:
    """The class of the probe called ``name``.

    Raises:
        KeyError: there is no such probe.
    """
    return discovery.only_class(__name__, name, Probe)
