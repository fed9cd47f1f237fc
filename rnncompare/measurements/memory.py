"""The memory of a training step: the peak of one pass of one cell by one implementation, in a process of its own."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.measurements.measurement import StepProbe, Values


@dataclass(frozen=True, kw_only=True)
class Memory(StepProbe):
    """Peak memory of a forward and backward pass over what was in use before it, in MiB: the value ``peak_mb``.

    The replicate is a fresh process. Each cell and implementation is a probe of its own, since what one has allocated
    another would find free.

    Attributes:
        cell: the equations.
        implementation: ``torch`` for torch's own module, or one of the hand-written.
    """

    cell: str
    implementation: str

    def measure(self, replicate: int) -> Values:
        from rnncompare.measurements.cases import Case
        from rnncompare.measurements.interleaved_timing import memory

        case = Case("probe", self.shape, self.threads, device=self.device)
        return {"peak_mb": memory(case, self.cell, self.implementation)}
