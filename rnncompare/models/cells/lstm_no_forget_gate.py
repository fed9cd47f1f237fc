"""The LSTM without a forget gate (Hochreiter and Schmidhuber 1997; NFG in Greff et al. 2017)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class LSTMNoForgetGateCell(Cell):
    """LSTM with f_t = 1, as it was first published::

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)        input gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)        output gate
    c_t = c_{t-1} + i_t ⊙ g_t                             cell state
    h_t = o_t ⊙ tanh(c_t)                                 output
    """

    gates: ClassVar[tuple[str, ...]] = ("input", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        i, g, o = (x + w.recurrent(h)).chunk(3, -1)
        c = c + torch.sigmoid(i) * torch.tanh(g)
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c
