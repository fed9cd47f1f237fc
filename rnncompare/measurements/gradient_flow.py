"""Gradient flow through one network, as it is initialised and after it was trained."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rnncompare.measurements.measurement import Probe, Values
from rnncompare.records import NOT_IN_RUN_ID, run_id
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor

    from rnncompare.models.network import Network
    from rnncompare.training.batches import Split


@dataclass(frozen=True)
class GradientFlow(Probe):
    """The slope of the log norm of d h_T / d s_t over the lag T - t, see `rnncompare.measurements.jacobians`.

    The replicate is the run's seed. The values are, before (``untrained``) and after training (``trained``; null where
    it diverged):

    - ``untrained.slope`` and ``trained.slope``, natural logarithm a step;
    - ``untrained.log_norm.LAG`` and ``trained.log_norm.LAG`` at the lags 1, 2, 4, ... and the largest;
    - ``trained.validation``, the metric reached, with ``baseline`` and ``optimum`` (null where unknown) beside it.

    Attributes:
        run: the run that is measured, resolved and checked as `rnncompare.training.experiment.run_experiment` takes it.
        sequences: validation sequences whose median is taken, cut to the steps that all of them have.
        lags: the largest lag; None for the whole length.
    """

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

    def measure(self, replicate: int) -> Values:
        import torch

        from rnncompare.base.machine import find_device
        from rnncompare.training.batches import Split
        from rnncompare.training.experiment import initialise
        from rnncompare.training.loop import train

        run = dataclasses.replace(self.run, seed=replicate)
        torch.set_num_threads(run.threads)
        device = find_device(run.device)
        data = run.data.load(run.seed)
        objective = data.objective
        validation = Split(data.validation, objective.readout, device)
        inputs = _inputs(validation, self.sequences)

        network = initialise(run, data, device)
        untrained = _flow(network, inputs, self.lags)
        train_split = Split(data.train, objective.readout, device)
        training = train(network, train_split, validation, objective, run.train, run.seed, device)
        best = training.best if training.diverged_at is None else None
        trained = _flow(network, inputs, self.lags) if best else dict.fromkeys(untrained)
        return {
            **{f"untrained.{name}": value for name, value in untrained.items()},
            **{f"trained.{name}": value for name, value in trained.items()},
            "trained.validation": best.validation_metric if best else None,
            "baseline": data.baseline,
            "optimum": data.optimum,
        }


def _inputs(split: Split, sequences: int) -> Tensor:
    """The inputs of the first sequences, cut to the shortest of them."""
    batch = next(split.in_order(sequences))
    return batch.inputs if batch.lengths is None else batch.inputs[: int(batch.lengths.min())]


def _flow(network: Network, inputs: Tensor, lags: int | None) -> Values:
    from rnncompare.measurements.jacobians import embedded, log_norms, slope, steppable

    norms = log_norms(steppable(network), embedded(network, inputs), lags)
    largest = len(norms) - 1
    shown = [*(2**power for power in range(largest.bit_length()) if 2**power < largest), largest]
    return {"slope": slope(norms), **{f"log_norm.{lag}": float(norms[lag]) for lag in shown}}
