"""tanh by way of sigmoid: PyTorch's sigmoid is vectorised on CPUs and its tanh, six to eight times slower, is not.

tanh(x) = 2 σ(2x) - 1. Weights whose products only enter a tanh are doubled once, so that a step has nothing to double.
"""

from __future__ import annotations

import torch
from torch import Tensor

MINUS_ONE = torch.tensor(-1.0)


def doubled(weight: Tensor, rows: slice) -> Tensor:
    """A copy of ``weight`` with some rows doubled."""
    weight = weight.clone(memory_format=torch.contiguous_format)
    weight[rows] *= 2
    return weight


def from_doubled(sigmoid: Tensor) -> Tensor:
    """Turn σ(2x) into tanh(x), in place."""
    return torch.add(MINUS_ONE, sigmoid, alpha=2, out=sigmoid)


def tanh(x: Tensor) -> Tensor:
    """tanh(x)."""
    return from_doubled((x + x).sigmoid_())
