"""The LSTM without its input activation function (NIAF; Greff et al. 2017)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMNoInputActivationCell(LSTMCell):
    """LSTM whose candidate is linear; the gates are those of `LSTMCell`::

    g_t = W_ig x_t + b_ig + W_hg h_{t-1} + b_hg     candidate
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                 cell state
    h_t = o_t ⊙ tanh(c_t)                           output
    """

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * g
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c
