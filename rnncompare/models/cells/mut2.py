"""MUT2, the second of three units found by a search over architectures (Jozefowicz et al. 2015)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class MUT2Cell(Cell):
    """GRU-like unit whose reset gate takes the input without weights::

        z_t = σ(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)                     update gate: 1 takes the new content
        r_t = σ(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)                     reset gate
        n_t = tanh(W_hn (r_t ⊙ h_{t-1}) + b_hn + W_in x_t + b_in)          candidate
        h_t = z_t ⊙ n_t + (1 - z_t) ⊙ h_{t-1}                              output and only state

    The paper's reset gate takes x_t itself, which needs as many inputs as units: there W_ir starts as the identity and
    b_ir as 0, else W_ir is a learned projection. With W_ir learned this is `GRUResetBeforeCell` with 1 - z for z: only
    the start tells them apart.
    """

    gates: ClassVar[tuple[str, ...]] = ("update", "reset", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        both = 2 * h.shape[-1]
        z, r = torch.sigmoid(x[..., :both] + w.recurrent(h, slice(both))).chunk(2, -1)
        n = torch.tanh(w.recurrent(r * h, slice(both, None)) + x[..., both:])
        return (z * n + (1 - z) * h,)

    def initialise(self, w: Weights) -> None:
        W_ir = w.weight_ih.chunk(3)[1]
        if W_ir.shape[0] == W_ir.shape[1]:
            torch.nn.init.eye_(W_ir)
            if w.bias_ih is not None:
                w.bias_ih.chunk(3)[1].zero_()
