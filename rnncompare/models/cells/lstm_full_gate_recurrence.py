"""The LSTM with recurrent connections between all gates (FGR; Greff et al. 2017, Hochreiter and Schmidhuber 1997)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMFullGateRecurrenceCell(LSTMCell):
    """LSTM whose gates see all gates of the step before, so that they are states too::

        i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi + R_ii i_{t-1} + R_fi f_{t-1} + R_oi o_{t-1})      input gate
        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf + R_if i_{t-1} + R_ff f_{t-1} + R_of o_{t-1})      forget gate
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho + R_io i_{t-1} + R_fo f_{t-1} + R_oo o_{t-1})      output gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)                                                candidate
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                                                                  cell state
        h_t = o_t ⊙ tanh(c_t)                                                                            output

    The nine R are the blocks of ``weight_gates`` ``(3 H, 3 H)``: rows the gates i, f, o that see, columns the gates
    i, f, o that are seen. Greff et al. add peepholes; here, as in all our variants but one, there are none.
    """

    states: ClassVar[tuple[str, ...]] = ("h", "c", "i", "f", "o")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c, *gates = state
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        r_i, r_f, r_o = F.linear(torch.cat(gates, -1), w.weight_gates).chunk(3, -1)
        i, f, o = torch.sigmoid(i + r_i), torch.sigmoid(f + r_f), torch.sigmoid(o + r_o)
        c = f * c + i * torch.tanh(g)
        return w.project(o * torch.tanh(c)), c, i, f, o

    def shapes(
        self, input_size: int, hidden_size: int, bias: bool = True, proj_size: int = 0
    ) -> dict[str, tuple[int, ...]]:
        gates = {"weight_gates": (3 * hidden_size, 3 * hidden_size)}
        return super().shapes(input_size, hidden_size, bias, proj_size) | gates
