"""The LSTM cell (Hochreiter and Schmidhuber 1997) with a forget gate (Gers, Schmidhuber and Cummins 2000)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


@dataclass(frozen=True)
class LSTMCell(Cell):
    """Long short-term memory, as in torch.nn.LSTM::

        i_t = σ(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)        input gate
        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)        forget gate
        g_t = tanh(W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
        o_t = σ(W_io x_t + b_io + W_ho h_{t-1} + b_ho)        output gate
        c_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t                       cell state
        h_t = o_t ⊙ tanh(c_t)                                 output; W_hr h_t with a projection (Sak et al. 2014)

    Attributes:
        forget_bias: the forget gate's initial bias, b_if + b_hf (Jozefowicz et al. 2015 advise 1); None keeps
            torch's initialisation.
    """

    gates: ClassVar[tuple[str, ...]] = ("input", "forget", "candidate", "output")
    states: ClassVar[tuple[str, ...]] = ("h", "c")
    forget_bias: float | None = None

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = state
        i, f, g, o = (x + w.recurrent(h)).chunk(4, -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return w.project(torch.sigmoid(o) * torch.tanh(c)), c

    def initialise(self, w: Weights) -> None:
        if self.forget_bias is not None and w.bias_ih is not None and w.bias_hh is not None:
            hidden_size = w.bias_ih.shape[0] // len(self.gates)
            start = self.gates.index("forget") * hidden_size
            w.bias_ih[start : start + hidden_size] = self.forget_bias
            w.bias_hh[start : start + hidden_size] = 0
