"""The GRU without its reset gate."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class GRUNoResetCell(Cell):
    """GRU with r_t = 1, for which both places of the reset gate are the same (Ravanelli et al. 2018, with tanh)::

    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)        update gate: 1 keeps the past
    n_t = tanh(W_in x_t + b_in + W_hn h_{t-1} + b_hn)     candidate
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                 output and only state
    """

    gates: ClassVar[tuple[str, ...]] = ("update", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        z, n = (x + w.recurrent(h)).chunk(2, -1)
        z, n = torch.sigmoid(z), torch.tanh(n)
        return ((1 - z) * n + z * h,)
