"""What the record of a run says of its network, data, quality and speed."""

from __future__ import annotations

import dataclasses

import torch

from rnncompare.base.clocks import step_milliseconds
from rnncompare.base.machine import EXCLUSIVE_BELOW
from rnncompare.models import sizing
from rnncompare.models.network import Network
from rnncompare.records import DataFields, ModelFields, QualityFields, SpeedFields
from rnncompare.tasks.contract import Data, metrics
from rnncompare.training.batches import Split
from rnncompare.training.decisions import Training
from rnncompare.training.kept_model import outputs_of
from rnncompare.training.loop import evaluate
from rnncompare.training.settings import RunSettings


def model_fields(network: Network, batch_size: int, data: Data) -> ModelFields:
    """Of the network: its size, and what an update of it takes."""
    architecture = network.architecture
    if architecture.factory is not None:
        parts = [[value for value in part.parameters() if value.requires_grad] for part in (network, network.recurrent)]
        counted = [sum(value.numel() for value in part) for part in parts]
        return ModelFields(
            name=architecture.name,
            implementation="own",
            hidden_size=architecture.hidden_size,
            parameters=counted[0],
            recurrent_parameters=counted[1],
        )
    counts = sizing.count_parameters(architecture)
    batch_size = min(batch_size, len(data.train))
    return ModelFields(
        name=architecture.name,
        implementation=getattr(network.recurrent, "implementation_used", "torch"),
        hidden_size=architecture.hidden_size,
        parameters=counts.total,
        recurrent_parameters=counts.recurrent,
        state_size=sizing.state_size(architecture),
        flops_per_update=sizing.flops_per_update(architecture, batch_size, data.train.sequence_length),
    )


def data_fields(settings: RunSettings, data: Data) -> DataFields:
    """Of the data: how many examples, how long, and their identity."""
    return DataFields(
        name=settings.data.name,
        train_examples=len(data.train),
        validation_examples=len(data.validation),
        test_examples=len(data.test),
        sequence_length=data.train.sequence_length,
        sha256=data.sha256,
    )


def unscored(data: Data) -> QualityFields:
    """Of the quality of a network that has no scores, since its training diverged at once."""
    return QualityFields(
        metric=data.objective.metric,
        higher_is_better=data.objective.higher_is_better,
        baseline=data.baseline,
        optimum=data.optimum,
    )


def quality_fields(network: Network, data: Data, device: torch.device) -> QualityFields:
    """Of the quality of a network on each split, and on longer sequences where the data have them."""
    objective = data.objective
    train, validation, test = (
        evaluate(network, Split(examples, objective.readout, device), objective)
        for examples in (data.train, data.validation, data.test)
    )
    by_length: dict[int, float | None] = {
        length: evaluate(network, Split(examples, objective.readout, device), objective).metric
        for length, examples in data.longer.items()
    }
    return dataclasses.replace(
        unscored(data),
        train=train.metric,
        validation=validation.metric,
        test=test.metric,
        train_loss=train.loss,
        validation_loss=validation.loss,
        test_loss=test.loss,
        by_length=by_length or None,
        metrics=_usual_metrics(network, data) if data.prepared is not None else None,
    )


def _usual_metrics(network: Network, data: Data) -> dict[str, dict[str, float | None]] | None:
    """The usual metrics of a user's own data on the splits that were not trained on; None where there are none."""
    if not metrics.known_metrics(data.objective):
        return None
    splits = {"validation": data.validation, "test": data.test}
    return {name: dict(metrics.score(data, split, outputs_of(network, split))) for name, split in splits.items()}


def speed_fields(training: Training, batch_size: int, other_load: float) -> SpeedFields:
    """Of the speed of a training; ``other_load`` is what other processes took of the machine, in cores."""
    median, p10, p90 = step_milliseconds(training.step_seconds)
    reached = training.reached
    return SpeedFields(
        updates=training.updates,
        training_seconds=sum(training.step_seconds),
        step_ms_median=median,
        step_ms_p10=p10,
        step_ms_p90=p90,
        examples_per_second=1000 * batch_size / median,
        updates_to_target=reached.update if reached else None,
        seconds_to_target=reached.seconds if reached else None,
        exclusive=other_load < EXCLUSIVE_BELOW,
        other_load=other_load,
    )
