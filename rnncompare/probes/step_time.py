"""The time of a training step: cells and implementations in turns, in one fresh process a replicate."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.probes import Probe, Values


@dataclass(frozen=True)
class StepTime(Probe):
    """Milliseconds of a forward and backward pass, and of a full update, taken in turns A B C A B C.

    The replicate is a fresh process. The values are ``forward_backward.CELL.IMPLEMENTATION`` and
    ``update.CELL.IMPLEMENTATION``, the medians over the turns, of all that compute what their reference does; and
    ``other_load``, the cores that other processes kept busy meanwhile.

    Attributes:
        sequence_length: T, steps.
        batch_size: B, sequences.
        input_size: I, features of a step.
        hidden_size: H, units of the single layer.
        threads: of the CPU.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        cells: those that take turns.
        implementations: of each; ``torch`` for torch's own module.
        seconds: time spent on each of a pass and an update, for each cell and implementation.
        repeats: turns at least, however long they take.
    """

    sequence_length: int
    batch_size: int
    input_size: int
    hidden_size: int
    threads: int = 1
    device: str = "cpu"
    cells: tuple[str, ...] = ("lstm", "gru", "rnn")
    implementations: tuple[str, ...] = ("torch", "auto")
    seconds: float = 0.1
    repeats: int = 3

    def device_name(self) -> str:
        return self.device

    def measure(self, replicate: int) -> Values:
        from rnncompare.benchmark.grid import Case
        from rnncompare.benchmark.turns import measure

        measured = measure(
            Case(
                "probe",
                (self.sequence_length, self.batch_size, self.input_size, self.hidden_size),
                self.threads,
                cells=list(self.cells),
                implementations=list(self.implementations),
                device=self.device,
                seconds=self.seconds,
                repeats=self.repeats,
            )
        )
        if measured.disagreements:
            raise RuntimeError("; ".join(measured.disagreements))
        times = {f"{row['measure']}.{row['cell']}.{row['implementation']}": row["ms_median"] for row in measured.rows}
        return {**times, "other_load": measured.other_load}
