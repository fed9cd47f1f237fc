"""The time of a training step: cells and implementations in turns, in one fresh process a replicate."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.measurements.measurement import StepProbe, Values


@dataclass(frozen=True, kw_only=True)
class StepTime(StepProbe):
    """Milliseconds of a forward and backward pass, and of a full update, taken in turns A B C A B C.

    The replicate is a fresh process. The values are ``forward_backward.CELL.IMPLEMENTATION`` and
    ``update.CELL.IMPLEMENTATION``, the medians over the turns, of all that compute what their reference does; and
    ``other_load``, the cores that other processes kept busy meanwhile.

    Attributes:
        cells: those that take turns.
        implementations: of each; ``torch`` for torch's own module.
        seconds: time spent on each of a pass and an update, for each cell and implementation.
        repeats: turns at least, however long they take.
    """

    cells: tuple[str, ...] = ("lstm", "gru", "rnn")
    implementations: tuple[str, ...] = ("torch", "auto")
    seconds: float = 0.1
    repeats: int = 3

    def measure(self, replicate: int) -> Values:
        from rnncompare.measurements.cases import Case
        from rnncompare.measurements.interleaved_timing import measure

        measured = measure(
            Case(
                "probe",
                self.shape,
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
