"""minGRU, a GRU whose gates see only the input, so that all steps can run at once (Feng et al. 2024)."""

from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


class MinGRUCell(Cell):
    """Gated unit without recurrent weights, in the positive form that Feng et al. (2024) run in log space::

        z_t = σ(W_iz x_t + b_iz)                   update gate: 1 takes the new content
        n_t = g(W_in x_t + b_in)                   candidate; g(a) = a + 0.5 for a >= 0, else σ(a)
        h_t = (1 - z_t) ⊙ h_{t-1} + z_t ⊙ n_t      output and only state

    The step here is the sequential form; `models.fast.parallel_scan` computes all steps at once.
    There is no ``weight_hh`` and no ``bias_hh``.
    """

    gates: ClassVar[tuple[str, ...]] = ("update", "candidate")
    recurrent_gates: ClassVar[tuple[str, ...] | None] = ()

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        z, n = x.chunk(2, -1)
        z = torch.sigmoid(z)
        return ((1 - z) * h + z * torch.where(n >= 0, n + 0.5, torch.sigmoid(n)),)
