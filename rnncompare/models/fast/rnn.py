"""The plain recurrent unit's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Call, Gradients, Tensors, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of


class RNNEngine:
    """An `Engine` for `RNNCell`; forward saves nothing but its output.

    With δ for the gradient of the loss, and φ' = 1 - h_t² for tanh, h_t ≠ 0 for relu::

        δh_t = δy_t + W_hh^T δa_{t+1}
        δa_t = δh_t ⊙ φ'
    """

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        steps, state, w = call.steps, call.state, call.w
        sums = linear(call.input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        output = torch.empty_like(sums)
        recurrent = Product(w.weight_hh, steps.batch)
        in_sums, in_output = steps.split(sums), steps.split(output)
        h = state[0][: steps.sizes[steps.in_time()[0]]].contiguous()
        for t in steps.in_time():
            a = in_sums[t]
            recurrent.add_to(a, steps.carry(h, state[0], t))
            h = torch.clamp_min(a, 0, out=in_output[t]) if _is_relu(call.cell) else torch.tanh(a, out=in_output[t])
        return output, (steps.final(output),), ()

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        steps, w = call.steps, call.w
        d_a = (output != 0).to(output.dtype) if _is_relu(call.cell) else 1 - output * output
        through_weights = Product(w.weight_hh.t(), steps.batch)
        in_a = steps.split(d_a)
        in_output = None if d_output is None else steps.split(d_output)
        (d_h_all,) = to_carry(d_state, call.state)
        for t in reversed(steps.in_time()):
            d_h = steps.active(d_h_all, t)
            if in_output is not None:
                d_h += in_output[t]
            through_weights.into(d_h, in_a[t].mul_(d_h))
        return layer_gradients(call, d_a, d_a, output, wanted) | {"0": d_h_all}

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        return []


def _is_relu(cell: Cell) -> bool:
    return getattr(cell, "nonlinearity", "tanh") == "relu"
