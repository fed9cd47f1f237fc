"""The LSTM with peepholes (Gers and Schmidhuber 2000)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMPeepholeCell(LSTMCell):
    """LSTM whose gates see the cell state through diagonal weights p: "vanilla" in Greff et al. (2017, section II)::

        i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi + p_i ⊙ c_{t-1})      input gate
        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf + p_f ⊙ c_{t-1})      forget gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)                   candidate
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                                     cell state
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho + p_o ⊙ c_t)          output gate: sees the new cell state
        h_t = o_t ⊙ tanh(c_t)                                               output

    p_i, p_f and p_o are the parts of ``weight_peephole`` ``(3 H,)``.
    """

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        p_i, p_f, p_o = w.weight_peephole.chunk(3)
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        c = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        return w.project(torch.sigmoid(o + p_o * c) * torch.tanh(c)), c

    def shapes(
        self, input_size: int, hidden_size: int, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        return super().shapes(input_size, hidden_size, bias, proj_size) | {"weight_peephole": (3 * hidden_size,)}
