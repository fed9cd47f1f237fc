"""The GRU with one more gate, fed by the input alone: the worked example of ``docs/easier_to_modify.md``."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import State, Weights
from rnncompare.models.cells.gru import GRUCell


class GRUExtraGateCell(GRUCell):
    """GRU with an attention gate on what is written; the other gates are those of `GRUCell`::

        a_t = σ(W_ia x_t + b_ia)                              attention gate: how much this step matters
        h_t = (1 - z_t) ⊙ a_t ⊙ n_t + z_t ⊙ h_{t-1}           output and only state

    An additional input, such as the time since the last step or the quality of a measurement, is one more feature of
    x_t; the gate sees all features but not h_{t-1}, as in `LSTMExtraGateCell`. ``weight_hh`` and
    ``bias_hh`` have the rows of the three other gates.
    """

    gates: ClassVar[tuple[str, ...]] = ("reset", "update", "candidate", "attention")
    recurrent_gates: ClassVar[tuple[str, ...] | None] = ("reset", "update", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_r, x_z, x_n, a = x.chunk(4, -1)
        h_r, h_z, h_n = w.recurrent(h).chunk(3, -1)
        r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
        n = torch.tanh(x_n + r * h_n)
        return ((1 - z) * torch.sigmoid(a) * n + z * h,)
