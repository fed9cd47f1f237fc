"""The GRU cell (Cho et al. 2014), its reset gate after the recurrent product, as in torch and cuDNN."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class GRUCell(Cell):
    """Gated recurrent unit, as in torch.nn.GRU::

        r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset gate
        z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)            update gate: 1 keeps the past
        n_t = tanh(W_in x_t + b_in + r_t ⊙ (W_hn h_{t-1} + b_hn)) candidate
        h_t = (1 - z_t) ⊙ n_t + z_t ⊙ h_{t-1}                     output and only state

    z = 1 copies the past, as in torch and in Cho et al. (2014); in Chung et al. (2014) and in Ng's course 1 - z does.
    """

    gates: ClassVar[tuple[str, ...]] = ("reset", "update", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_r, x_z, x_n = x.chunk(3, -1)
        h_r, h_z, h_n = w.recurrent(h).chunk(3, -1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return ((1 - z) * n + z * h,)
