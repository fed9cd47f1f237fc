"""The LSTM without its output gate (NOG; Greff et al. 2017)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMNoOutputGateCell(LSTMCell):
    """LSTM with o_t = 1::

    i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)        input gate
    f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)        forget gate
    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                       cell state
    h_t = tanh(c_t)                                       output
    """

    gates: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        i, f, g = (x + w.recurrent(h)).chunk(3, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return w.project(torch.tanh(c)), c
