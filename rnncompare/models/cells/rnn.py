"""The plain recurrent cell (Elman 1990)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


@dataclass(frozen=True)
class RNNCell(Cell):
    """Plain recurrent unit, as in torch.nn.RNN::

        h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)    or relu in place of tanh

    Attributes:
        nonlinearity: ``tanh`` or ``relu``.
    """

    gates: ClassVar[tuple[str, ...]] = ("candidate",)
    nonlinearity: Literal["tanh", "relu"] = "tanh"

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        activation = torch.tanh if self.nonlinearity == "tanh" else torch.relu
        return (activation(x + w.recurrent(h)),)
