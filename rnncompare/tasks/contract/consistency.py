"""Whether what a task gives fits together, so that a mistake in a new task is named and never trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.objectives import IGNORED, Classification
from rnncompare.tasks.contract.task import Data, Examples


def check_examples(examples: Examples) -> None:
    """Raise `DataError` unless inputs, targets and lengths are of as many sequences, and inputs are finite."""
    if not isinstance(examples, Examples):
        raise DataError(f"{type(examples).__name__} in place of Examples")
    inputs, targets, lengths = examples.inputs, examples.targets, examples.lengths
    if inputs.ndim not in (2, 3):
        raise DataError(f"inputs of shape {inputs.shape}: (N, T, F) floats or (N, T) whole numbers are needed")
    if len(targets) != len(inputs):
        raise DataError(f"{len(targets):,} targets for {len(inputs):,} sequences")
    if inputs.dtype.kind == "f" and not np.isfinite(inputs).all():
        raise DataError("inputs that are not finite")
    if lengths is not None:
        steps = inputs.shape[1]
        whole = lengths.shape == (len(inputs),) and lengths.dtype.kind in "iu"
        if not whole or (len(lengths) and not 1 <= lengths.min() <= lengths.max() <= steps):
            raise DataError(
                f"lengths: one whole number from 1 to {steps} is needed for each of {len(inputs):,} sequences"
            )


def check_data(data: Data, name: str) -> None:
    """Raise `DataError` unless what the task called ``name`` loaded fits together."""
    if not isinstance(data, Data):
        raise DataError(f"task {name}: load gives a {type(data).__name__} in place of Data")
    objective = data.objective
    if objective.readout not in ("last", "every"):
        raise DataError(f"task {name}: readout {objective.readout!r}; there are 'last' and 'every'")
    if not np.isscalar(data.baseline) or not np.isfinite(data.baseline):
        raise DataError(f"task {name}: baseline {data.baseline!r:.60}; one finite number is needed")
    for split in ("train", "validation", "test"):
        try:
            examples = getattr(data, split)
            check_examples(examples)
            _check_inputs(examples.inputs, data)
            lead = examples.inputs.shape[: 2 if objective.readout == "every" else 1]
            _check_targets(examples.targets, lead, data)
        except DataError as error:
            raise DataError(f"task {name}, {split} split: {error}") from None


def _check_inputs(inputs: np.ndarray, data: Data) -> None:
    if data.vocabulary is None:
        width = len(data.categories) + (data.features or 0)
        _require_shape("inputs", inputs, (*inputs.shape[:2], width))
        _require_float32("inputs", inputs)
    elif inputs.ndim != 2 or inputs.dtype.kind not in "iu":
        raise DataError(f"inputs of shape {inputs.shape} and type {inputs.dtype}; symbols are (N, T) whole numbers")
    elif inputs.size and not 0 <= inputs.min() <= inputs.max() < data.vocabulary:
        raise DataError(
            f"inputs from {inputs.min()} to {inputs.max()}; symbols are below the vocabulary's {data.vocabulary}"
        )


def _check_targets(targets: np.ndarray, lead: Sequence[int], data: Data) -> None:
    outputs = data.objective.outputs
    if not isinstance(data.objective, Classification):
        _require_shape("targets", targets, (*lead, outputs))
        _require_float32("targets", targets)
        if not np.isfinite(targets).all():
            raise DataError("targets that are not finite")
        return
    _require_shape("targets", targets, tuple(lead))
    scored = targets[targets != IGNORED]
    if targets.dtype.kind not in "iu" or (scored.size and not 0 <= scored.min() <= scored.max() < outputs):
        raise DataError(f"targets of type {targets.dtype}; {outputs} classes are whole numbers from 0 to {outputs - 1}")


def _require_float32(what: str, values: np.ndarray) -> None:
    if values.dtype != np.float32:
        raise DataError(f"{what} of type {values.dtype} in place of float32")


def _require_shape(what: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise DataError(f"{what} of shape {values.shape} in place of {shape}")
