"""The plain recurrent unit's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Steps, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of


class RNNEngine:
    """An `Engine` for `RNNCell`; forward saves nothing but its output.

    With δ for the gradient of the loss, and φ' = 1 - h_t² for tanh, h_t > 0 for relu::

        δh_t = δy_t + W_hh^T δa_{t+1}
        δa_t = δh_t ⊙ φ'
    """

    def forward(
        self, cell: Cell, steps: Steps, input: Tensor, state: State, w: Weights, save: bool
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        sums = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        output = torch.empty_like(sums)
        recurrent = Product(w.weight_hh, steps.batch)
        in_sums, in_output = steps.split(sums), steps.split(output)
        h = state[0][: steps.sizes[steps.in_time()[0]]].contiguous()
        for t in steps.in_time():
            a = recurrent.plus(steps.carry(h, state[0], t), in_sums[t])
            h = torch.clamp_min(a, 0, out=in_output[t]) if _is_relu(cell) else torch.tanh(a, out=in_output[t])
        return output, (steps.final(output),), ()

    def backward(
        self,
        cell: Cell,
        steps: Steps,
        input: Tensor,
        state: State,
        w: Weights,
        output: Tensor,
        saved: tuple[Tensor, ...],
        d_output: Tensor | None,
        d_state: tuple[Tensor | None, ...],
        wanted: set[str],
    ) -> dict[str, Tensor]:
        d_a = (output > 0).to(output.dtype) if _is_relu(cell) else 1 - output * output
        through_weights = Product(w.weight_hh.t(), steps.batch)
        in_a = steps.split(d_a)
        in_output = None if d_output is None else steps.split(d_output)
        (d_h_all,) = to_carry(d_state, state)
        for t in reversed(steps.in_time()):
            d_h = d_h_all[: steps.sizes[t]]
            if in_output is not None:
                d_h += in_output[t]
            d_h.copy_(through_weights(in_a[t].mul_(d_h)))
        return layer_gradients(steps, d_a, d_a, input, state[0], output, w, wanted) | {"0": d_h_all}


def _is_relu(cell: Cell) -> bool:
    return getattr(cell, "nonlinearity", "tanh") == "relu"
