"""The LSTM without its output activation function (NOAF; Greff et al. 2017), the equations of Ng's course."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMNoOutputActivationCell(LSTMCell):
    """LSTM whose output is the output gate times the cell state itself; the gates are those of `LSTMCell`::

    g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate, Ng's c̃
    c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                       cell state; Ng's Γu is i, his Γf is f
    h_t = o_t ⊙ c_t                                       output, Ng's a = Γo * c
    """

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return w.project(torch.sigmoid(o) * c), c
