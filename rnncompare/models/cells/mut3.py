"""MUT3, the third of three units found by a search over architectures (Jozefowicz et al. 2015)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class MUT3Cell(Cell):
    """GRU-like unit whose update gate sees the squashed state::

    z_t = σ(W_iz x_t + b_iz + W_hz tanh(h_{t-1}) + b_hz)               update gate: 1 takes the new content
    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)                     reset gate
    n_t = tanh(W_hn (r_t ⊙ h_{t-1}) + b_hn + W_in x_t + b_in)          candidate
    h_t = z_t ⊙ n_t + (1 - z_t) ⊙ h_{t-1}                              output and only state
    """

    gates: ClassVar[tuple[str, ...]] = ("update", "reset", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_z, x_r, x_n = x.chunk(3, -1)
        size = h.shape[-1]
        z = torch.sigmoid(x_z + w.recurrent(torch.tanh(h), slice(size)))
        r = torch.sigmoid(x_r + w.recurrent(h, slice(size, 2 * size)))
        n = torch.tanh(w.recurrent(r * h, slice(2 * size, None)) + x_n)
        return (z * n + (1 - z) * h,)
