"""The minimal gated unit (Zhou et al. 2016)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class MGUCell(Cell):
    """GRU with one gate for reset and update::

        f_t = σ(W_if x_t + b_if + W_hf h_{t-1} + b_hf)              forget gate: 1 takes the new content
        n_t = tanh(W_in x_t + b_in + W_hn (f_t ⊙ h_{t-1}) + b_hn)   candidate
        h_t = (1 - f_t) ⊙ h_{t-1} + f_t ⊙ n_t                       output and only state

    The sign is the paper's: f = 0 keeps the past, against the forget gate of an LSTM.
    """

    gates: ClassVar[tuple[str, ...]] = ("forget", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_f, x_n = x.chunk(2, -1)
        size = h.shape[-1]
        f = torch.sigmoid(x_f + w.recurrent(h, slice(size)))
        n = torch.tanh(x_n + w.recurrent(f * h, slice(size, None)))
        return ((1 - f) * h + f * n,)
