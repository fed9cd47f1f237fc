"""The LSTM without its input gate (NIG; Greff et al. 2017)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMNoInputGateCell(LSTMCell):
    """LSTM with i_t = 1::

    f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)        forget gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
    o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)        output gate
    c_t = f_t ⊙ c_{t-1} + g_t                             cell state
    h_t = o_t ⊙ tanh(c_t)                                 output
    """

    gates: ClassVar[tuple[str, ...]] = ("forget", "candidate", "output")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        f, g, o = (x + w.recurrent(h)).chunk(3, -1)
        c = torch.sigmoid(f) * c + torch.tanh(g)
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c
