"""minLSTM, an LSTM whose gates see only the input, so that all steps can run at once (Feng et al. 2024)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


@dataclass(frozen=True)
class MinLSTMCell(Cell):
    """Gated unit without recurrent weights, in the positive form that Feng et al. (2024) run in log space::

        f_t = σ(W_if x_t + b_if)                   forget gate
        i_t = σ(W_ii x_t + b_ii)                   input gate
        g_t = g(W_ig x_t + b_ig)                   candidate; g(a) = a + 0.5 for a >= 0, else σ(a)
        h_t = (f_t ⊙ h_{t-1} + i_t ⊙ g_t) / (f_t + i_t)      output and only state: the gates' shares add up to 1

    The step here is the sequential form; `models.fast.parallel_scan` computes all steps at once.
    There is no ``weight_hh`` and no ``bias_hh``.

    Attributes:
        forget_bias: the forget gate's initial bias b_if; None leaves torch's own initialisation.
    """

    gates: ClassVar[tuple[str, ...]] = ("forget", "input", "candidate")
    recurrent_gates: ClassVar[tuple[str, ...] | None] = ()
    forget_bias: float | None = None

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        (h,) = state
        f, i, g = x.chunk(3, -1)
        zero = f.new_zeros(())
        log_odds = torch.logaddexp(-i, zero) - torch.logaddexp(
            -f, zero
        )  # log σ(f) - log σ(i), where both underflow too
        share = torch.sigmoid(log_odds)
        return (share * h + (1 - share) * torch.where(g >= 0, g + 0.5, torch.sigmoid(g)),)

    def initialise(self, w: Weights) -> None:
        if self.forget_bias is not None and w.bias_ih is not None:
            w.bias_ih.chunk(3)[0].fill_(self.forget_bias)
