"""The checks of torch.nn's recurrent modules, with the same exceptions and messages."""

from __future__ import annotations

import numbers
import warnings
from typing import Any

import torch
from torch import Tensor

from rnncompare.models.cell import State


def check_settings(
    input_size: Any, hidden_size: Any, num_layers: int, bias: Any, batch_first: Any, dropout: Any, proj_size: int
) -> None:
    """Raise what torch's constructors raise, and warn of dropout that would have no effect.

    Raises:
        TypeError: a setting of the wrong type.
        ValueError: a number out of range.
    """
    if not isinstance(dropout, numbers.Real) or isinstance(dropout, bool) or not 0 <= float(dropout) <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if dropout != 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
            f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


def check_dimensions(module: str, input: Tensor, state: State | None, names: tuple[str, ...]) -> None:
    """Check that the input is ``(T, I)`` or ``(T, B, I)`` and that the states match it.

    Raises:
        ValueError: the input has neither two nor three dimensions.
        RuntimeError: states lack the batch dimension that the input has, or have one that it lacks.
    """
    if input.dim() not in (2, 3):
        tensor = " tensor" if module == "RNN" else ""
        raise ValueError(f"{module}: Expected input to be 2D or 3D, got {input.dim()}D{tensor} instead")
    if state is None or all(s.dim() == input.dim() for s in state):
        return
    batched = "batched" if input.dim() == 3 else "unbatched"
    dimensions = [f"{s.dim()}-D" for s in state]
    got = f"{dimensions[0]} tensor" if len(state) == 1 else f"({', '.join(dimensions)}) tensors"
    raise RuntimeError(
        f"For {batched} {input.dim()}-D input, {' and '.join(f'{name}x' for name in names)} "
        f"should also be {input.dim()}-D but got {got}"
    )


def check_input(input: Tensor, packed: bool, input_size: int, dtype: torch.dtype) -> None:
    """Check that the parameters can multiply an input ``(T, B, I)`` or packed ``(N, I)``.

    Raises:
        ValueError: its dtype is not the parameters', and autocast is off.
        RuntimeError: it has the wrong number of dimensions or features, or no steps.
    """
    _check_dtype("input", input, dtype)
    dimensions = 2 if packed else 3
    if input.dim() != dimensions:
        raise RuntimeError(f"input must have {dimensions} dimensions, got {input.dim()}")
    if input.size(-1) != input_size:
        raise RuntimeError(f"input.size(-1) must be equal to input_size. Expected {input_size}, got {input.size(-1)}")
    if input.size(0) == 0:  # `len` would make the length a constant of an exported graph
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")


def check_state(state: State, expected: list[tuple[int, ...]], dtype: torch.dtype) -> None:
    """Check that initial states have the ``expected`` number and shapes, and the parameters' dtype.

    Raises:
        RuntimeError: the number or a shape is wrong; the message gives both shapes.
        ValueError: the dtype is not the parameters', and autocast is off; torch fails deeper inside.
    """
    if len(state) != len(expected):
        raise RuntimeError(f"Expected {len(expected)} hidden states, got {len(state)}")
    for index, (s, shape) in enumerate(zip(state, expected, strict=True)):
        if s.size() != shape:
            name = "hidden" if len(expected) == 1 else f"hidden[{index}]"
            raise RuntimeError(f"Expected {name} size {shape}, got {list(s.size())}")
        _check_dtype("hx", s, dtype)


def _check_dtype(name: str, tensor: Tensor, dtype: torch.dtype) -> None:
    if tensor.dtype != dtype and not torch.is_autocast_enabled(tensor.device.type):
        raise ValueError(
            f"RNN {name} dtype ({tensor.dtype}) does not match weight dtype ({dtype}). "
            f"Convert {name}: {name}.to({dtype}), or convert model: model.to({tensor.dtype})"
        )
