"""The GRU without its update gate."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class GRUNoUpdateCell(Cell):
    """GRU with z_t = 0: the state is the candidate, a plain recurrent unit with a reset gate::

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset gate
    h_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn)) candidate, output and only state
    """

    gates: ClassVar[tuple[str, ...]] = ("reset", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_r, x_n = x.chunk(2, -1)
        h_r, h_n = w.recurrent(h).chunk(2, -1)
        return (torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n),)
