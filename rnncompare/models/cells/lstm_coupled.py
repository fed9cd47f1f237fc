"""The LSTM with coupled input and forget gates (CIFG; Greff et al. 2017)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMCoupledCell(LSTMCell):
    """LSTM whose input gate is what the forget gate leaves, as the update gate of a GRU does::

        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)        forget gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)        output gate
        c_t = f_t ⊙ c_{t-1} + (1 - f_t) ⊙ g_t                 cell state
        h_t = o_t ⊙ tanh(c_t)                                 output

    Greff et al. (2017, CIFG) keep the input gate and write f_t = 1 - i_t: the same functions, with the signs of the
    gate's weights turned, as 1 - σ(a) = σ(-a).
    """

    gates: ClassVar[tuple[str, ...]] = ("forget", "candidate", "output")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        f, g, o = (x + w.recurrent(h)).chunk(3, -1)
        f = torch.sigmoid(f)
        c = f * c + (1 - f) * torch.tanh(g)
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c
