"""What can be measured apart from training: the time and the memory of a training step, and gradient flow.

Importing this module loads no torch; each measurement is made in a fresh process, see `store.measure_missing`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from rnncompare.records import NOT_IN_RUN_ID, run_id
from rnncompare.training.settings import RunSettings

Values = dict[str, float | None]


@dataclass(frozen=True)
class Measurement:
    """The settings of one measurement, and how it is made.

    A replicate is a number: the seed of a run, or a count.

    Attributes:
        name: of the kind of measurement; part of its identity.
    """

    name: ClassVar[str]

    def config(self) -> dict[str, Any]:
        """The settings as plain nested values."""
        return dataclasses.asdict(self)

    def identity(self) -> dict[str, Any]:
        """The settings that determine the values, as plain nested values."""
        return self.config()

    def device_name(self) -> str:
        """The device that does the work, whose hardware the provenance names."""
        raise NotImplementedError

    def code(self) -> list[type]:
        """The classes of cells and tasks whose code is measured."""
        return []

    def measure(self, replicate: int) -> Values:
        """The values of one replicate by dotted names; None for a value that does not exist.

        Raises:
            SettingError: the settings cannot be met on this machine.
            DataError: data cannot be read.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class StepMeasurement(Measurement):
    """A measurement of the training step of a single layer at one shape.

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


@dataclass(frozen=True, kw_only=True)
class StepTime(StepMeasurement):
    """Milliseconds of a forward and backward pass, and of a full update, taken in turns A B C A B C.

    The replicate is a fresh process. The values are ``forward_backward.CELL.IMPLEMENTATION`` and
    ``update.CELL.IMPLEMENTATION``, medians over the turns, and ``other_load``, the number of cores that other processes
    kept busy meanwhile. Everything timed computes the same as its reference.

    Attributes:
        cells: those that take turns.
        implementations: of each cell; ``torch`` for torch's own module.
        seconds: time spent on a pass, and again on an update, for each cell and implementation.
        repeats: the least number of turns, however long they take.
    """

    name = "step_time"
    cells: tuple[str, ...] = ("lstm", "gru", "rnn")
    implementations: tuple[str, ...] = ("torch", "auto")
    seconds: float = 0.1
    repeats: int = 3

    def code(self) -> list[type]:
        return _cell_classes(*self.cells)

    def measure(self, replicate: int) -> Values:
        from rnncompare.measurements.cases import Case
        from rnncompare.measurements.interleaved_timing import measure

        case = Case(
            "probe",
            self.shape,
            self.threads,
            cells=list(self.cells),
            implementations=list(self.implementations),
            device=self.device,
            seconds=self.seconds,
            repeats=self.repeats,
        )
        measured = measure(case)
        if measured.disagreements:
            raise RuntimeError("; ".join(measured.disagreements))
        times = {f"{row['measure']}.{row['cell']}.{row['implementation']}": row["ms_median"] for row in measured.rows}
        return {**times, "other_load": measured.other_load}


@dataclass(frozen=True, kw_only=True)
class Memory(StepMeasurement):
    """Peak memory of a forward and backward pass above what was in use before it, in MiB: the value ``peak_mb``.

    The replicate is a fresh process. Each cell and implementation is a measurement of its own, since one could reuse
    what another has allocated.

    Attributes:
        cell: the equations.
        implementation: ``torch`` for torch's own module, or a hand-written one.
    """

    name = "memory"
    cell: str
    implementation: str

    def code(self) -> list[type]:
        return _cell_classes(self.cell)

    def measure(self, replicate: int) -> Values:
        from rnncompare.measurements.cases import Case
        from rnncompare.measurements.interleaved_timing import memory

        case = Case("probe", self.shape, self.threads, device=self.device)
        return {"peak_mb": memory(case, self.cell, self.implementation)}


@dataclass(frozen=True)
class GradientFlow(Measurement):
    """The slope of the log norm of d h_T / d s_t over the lag T - t, see `rnncompare.measurements.jacobians`.

    The replicate is the run's seed. The values are, before (``untrained``) and after training (``trained``; null if it
    diverged):

    - ``untrained.slope`` and ``trained.slope``, natural logarithm a step;
    - ``untrained.log_norm.LAG`` and ``trained.log_norm.LAG`` at the lags 1, 2, 4, ... and the largest;
    - ``trained.validation``, the metric reached, with ``baseline`` and ``optimum`` (null where unknown) beside it.

    Attributes:
        run: the run measured, resolved and checked as `rnncompare.training.experiment.run_experiment` takes it.
        sequences: number of validation sequences whose median is taken, cut to their shortest length.
        lags: the largest lag; None for the whole length.
    """

    name = "gradient_flow"
    run: RunSettings
    sequences: int = 16
    lags: int | None = None

    def config(self) -> dict[str, Any]:
        run = {key: value for key, value in self.run.config().items() if key not in (*NOT_IN_RUN_ID, "seed")}
        return {"run": run, "sequences": self.sequences, "lags": self.lags}

    def identity(self) -> dict[str, Any]:
        return self.config() | {"run": run_id(self.run.config() | {"seed": None})}

    def device_name(self) -> str:
        return self.run.device

    def code(self) -> list[type]:
        return [*_cell_classes(self.run.model.name), type(self.run.data)]

    def measure(self, replicate: int) -> Values:
        import torch

        from rnncompare.base.machine import find_device
        from rnncompare.measurements.jacobians import flow
        from rnncompare.training.batches import Split
        from rnncompare.training.experiment import initialise
        from rnncompare.training.loop import train

        run = dataclasses.replace(self.run, seed=replicate)
        torch.set_num_threads(run.threads)
        device = find_device(run.device)
        data = run.data.load(run.seed)
        objective = data.objective
        validation = Split(data.validation, objective.readout, device)
        batch = next(validation.in_order(self.sequences))
        inputs = batch.inputs if batch.lengths is None else batch.inputs[: int(batch.lengths.min())]

        network = initialise(run, data, device)
        untrained = flow(network, inputs, self.lags)
        train_split = Split(data.train, objective.readout, device)
        training = train(network, train_split, validation, objective, run.train, run.seed, device)
        best = training.best if training.diverged_at is None else None
        trained: Values = flow(network, inputs, self.lags) if best else dict.fromkeys(untrained)
        return {
            **{f"untrained.{name}": value for name, value in untrained.items()},
            **{f"trained.{name}": value for name, value in trained.items()},
            "trained.validation": best.validation_metric if best else None,
            "baseline": data.baseline,
            "optimum": data.optimum,
        }


def _cell_classes(*models: str) -> list[type]:
    """The cells of models by name; those of torch's modules are the cells with the same equations."""
    from rnncompare.models import cells
    from rnncompare.models.reference import cell_name

    return [cells.cell_class(cell_name(model)) for model in models]
