"""The LSTM with one more gate, fed by the input alone: the worked example of ``docs/easier_to_modify.md``."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMExtraGateCell(LSTMCell):
    """LSTM with an attention gate on what is written; the other gates are those of `LSTMCell`::

        a_t = σ(W_ia x_t + b_ia)                              attention gate: how much this step matters
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ a_t ⊙ g_t                 cell state
        h_t = o_t ⊙ tanh(c_t)                                 output

    An additional input, such as the time since the last step or the quality of a measurement, is one more feature of
    x_t; the gate sees all features but not h_{t-1}: the time gate of Zhu et al. (2017, Time-LSTM 1),
    without the inner sigmoid. ``weight_hh`` and ``bias_hh`` have the rows of the four other gates.
    """

    gates: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output", "attention")
    recurrent_gates: ClassVar[tuple[str, ...] | None] = ("input", "forget", "candidate", "output")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        x, a = x.tensor_split([-c.shape[-1]], -1)
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.sigmoid(a) * torch.tanh(g)
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c
