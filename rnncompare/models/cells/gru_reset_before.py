"""The GRU with its reset gate before the recurrent product (Cho et al. 2014), the "full GRU" of Ng's course."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class GRUResetBeforeCell(Cell):
    """Gated recurrent unit as first published; the parameters are those of `GRUCell`::

    r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)              reset gate, Ng's Γr
    z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)              update gate: 1 keeps the past; Ng's Γu is 1 - z
    n_t = tanh(W_in x_t + b_in + W_hn (r_t ⊙ h_{t-1}) + b_hn)   candidate, Ng's c̃
    h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                       output and only state
    """

    gates: ClassVar[tuple[str, ...]] = ("reset", "update", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        both = 2 * h.shape[-1]
        r, z = torch.sigmoid(x[..., :both] + w.recurrent(h, slice(both))).chunk(2, -1)
        n = torch.tanh(x[..., both:] + w.recurrent(r * h, slice(both, None)))
        return ((1 - z) * n + z * h,)
