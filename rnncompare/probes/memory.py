"""The memory of a training step: the peak of one pass of one cell by one implementation, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.probes import Probe, Values


@dataclass(frozen=True)
class Memory(Probe):
    """Peak memory of a forward and backward pass over what was in use before it, in MiB: the value ``peak_mb``.

    The replicate is a fresh process. Each cell and implementation is a probe of its own, since what one has allocated
    another would find free.

    Attributes:
        cell: the equations.
        implementation: ``torch`` for torch's own module, or one of the hand-written.
        sequence_length: T, steps.
        batch_size: B, sequences.
        input_size: I, features of a step.
        hidden_size: H, units of the single layer.
        threads: of the CPU.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    cell: str
    implementation: str
    sequence_length: int
    batch_size: int
    input_size: int
    hidden_size: int
    threads: int = 1
    device: str = "cpu"

    def device_name(self) -> str:
        return self.device

    def measure(self, replicate: int) -> Values:
        from rnncompare.benchmark.grid import Case
        from rnncompare.benchmark.turns import memory

        shape = (self.sequence_length, self.batch_size, self.input_size, self.hidden_size)
        case = Case("probe", shape, self.threads, device=self.device)
        return {"peak_mb": memory(case, self.cell, self.implementation)}
