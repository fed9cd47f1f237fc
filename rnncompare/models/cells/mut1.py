"""MUT1, the first of three units found by a search over architectures (Jozefowicz et al. 2015)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class MUT1Cell(Cell):
    """GRU-like unit whose update gate sees only the input::

        z_t = σ(W_iz x_t + b_iz)                                           update gate: 1 takes the new content
        r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)                     reset gate
        n_t = tanh(W_hn (r_t ⊙ h_{t-1}) + b_hn + tanh(W_in x_t + b_in))    candidate
        h_t = z_t ⊙ n_t + (1 - z_t) ⊙ h_{t-1}                              output and only state

    The paper's candidate takes tanh(x_t) itself, which needs as many inputs as units: there W_in starts as the identity
    and b_in as 0, else W_in is a learned projection. ``weight_hh`` and ``bias_hh`` have no rows for the update gate.
    """

    gates: ClassVar[tuple[str, ...]] = ("update", "reset", "candidate")
    recurrent_gates: ClassVar[tuple[str, ...] | None] = ("reset", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        x_z, x_r, x_n = x.chunk(3, -1)
        size = h.shape[-1]
        z, r = torch.sigmoid(x_z), torch.sigmoid(x_r + w.recurrent(h, slice(size)))
        n = torch.tanh(w.recurrent(r * h, slice(size, None)) + torch.tanh(x_n))
        return (z * n + (1 - z) * h,)

    def initialise(self, w: Weights) -> None:
        W_in = w.weight_ih.chunk(3)[2]
        if W_in.shape[0] == W_in.shape[1]:
            torch.nn.init.eye_(W_in)
            if w.bias_ih is not None:
                w.bias_ih.chunk(3)[2].zero_()
