"""The LSTM's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Call, Gradients, Tensors, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of, weight_gradient


class LSTMEngine:
    """An `Engine` for `LSTMCell`, with or without a projection.

    Forward saves i, f, g, o (activated), c and tanh(c). With δ for the gradient of the loss, and m_t = o_t ⊙ tanh(c_t),
    which is h_t unless projected, backward goes::

        δh_t = δy_t + W_hh^T δa_{t+1}              a: the sums that enter the gates
        δm_t = W_hr^T δh_t                          with a projection, else δh_t
        δc_t = δc_{t+1} ⊙ f_{t+1} + δm_t ⊙ o_t ⊙ (1 - tanh²(c_t))
        δa_t = (δc_t g_t i_t (1 - i_t), δc_t c_{t-1} f_t (1 - f_t), δc_t i_t (1 - g_t²), δm_t tanh(c_t) o_t (1 - o_t))

    The factors of δm and δc are known before the loop over steps begins, which so only multiplies.
    """

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        steps, input, state, w = call.steps, call.input, call.state, call.w
        hidden = w.weight_hh.size(0) // 4
        gates = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        cells, squashed = (input.new_empty(len(input), hidden) for _ in range(2))
        output = input.new_empty(len(input), w.weight_hh.size(1))
        recurrent = Product(w.weight_hh, steps.batch)
        project = None if w.weight_hr is None else Product(w.weight_hr, steps.batch)
        in_gates, in_both = steps.split(gates), steps.split(gates[:, : 2 * hidden])
        in_i, in_f, in_g, in_o = map(steps.split, gates.chunk(4, 1))
        in_cells, in_squashed, in_output = steps.split(cells), steps.split(squashed), steps.split(output)
        first = steps.in_time()[0]
        h, c = (s[: steps.sizes[first]].contiguous() for s in state)
        for t in steps.in_time():
            h, c = steps.carry(h, state[0], t), steps.carry(c, state[1], t)
            recurrent.add_to(in_gates[t], h)
            in_both[t].sigmoid_()
            in_g[t].tanh_()
            in_o[t].sigmoid_()
            c = torch.mul(in_f[t], c, out=in_cells[t]).addcmul_(in_i[t], in_g[t])
            torch.tanh(c, out=in_squashed[t])
            if project is None:
                h = torch.mul(in_o[t], in_squashed[t], out=in_output[t])
            else:
                h = in_output[t].copy_(project(in_o[t] * in_squashed[t]))
        return output, (steps.final(output), steps.final(cells)), (gates, cells, squashed) if save else ()

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        gates, cells, squashed = saved
        steps, state, w, hidden = call.steps, call.state, call.w, cells.size(1)
        d_a = torch.empty_like(gates)
        through_weights = Product(w.weight_hh.t(), steps.batch)
        projection = None if w.weight_hr is None else _Projection(call, gates[:, 3 * hidden :] * squashed)
        to_cell = _factors(call, gates, cells, squashed, d_a)
        in_to_cell, in_f = steps.split(to_cell), steps.split(gates[:, hidden : 2 * hidden])
        in_a, in_d_o = steps.split(d_a), steps.split(d_a[:, 3 * hidden :])
        in_d_ifg = steps.split(d_a.unflatten(1, (4, hidden))[:, :3])
        in_output = None if d_output is None else steps.split(d_output)
        d_h_all, d_c_all = to_carry(d_state, state)
        for t in reversed(steps.in_time()):
            d_h, d_c = steps.active(d_h_all, t), steps.active(d_c_all, t)
            if in_output is not None:
                d_h += in_output[t]
            d_m = d_h if projection is None else projection.back(t, d_h)
            d_c.addcmul_(d_m, in_to_cell[t])
            in_d_ifg[t].mul_(d_c.unsqueeze(1))
            in_d_o[t].mul_(d_m)
            d_c.mul_(in_f[t])
            through_weights.into(d_h, in_a[t])
        found = layer_gradients(call, d_a, d_a, output, wanted)
        if projection is not None and "weight_hr" in wanted:
            found["weight_hr"] = projection.gradient()
        return found | {"0": d_h_all, "1": d_c_all}

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        hidden = w.weight_hh.size(0) // 4
        return [(rows, 4 * hidden), (rows, hidden), (rows, hidden)]


def _factors(call: Call, gates: Tensor, cells: Tensor, squashed: Tensor, d_a: Tensor) -> Tensor:
    """The factor of δm in δc; into ``d_a`` go those of δc in δi, δf and δg, and of δm in δo."""
    i, f, g, o = gates.chunk(4, 1)
    d_i, d_f, d_g, d_o = d_a.chunk(4, 1)
    through_sigmoid, through_tanh = torch.ops.aten.sigmoid_backward.grad_input, torch.ops.aten.tanh_backward.grad_input
    through_sigmoid(g, i, grad_input=d_i)
    for rows, past in call.steps.before(cells, call.state[1]):
        through_sigmoid(past, f[rows], grad_input=d_f[rows])
    through_tanh(i, g, grad_input=d_g)
    through_sigmoid(squashed, o, grad_input=d_o)
    return through_tanh(o, squashed, grad_input=torch.empty_like(squashed))


class _Projection:
    """The way back through h_t = W_hr m_t, and the gradient of W_hr.

    Args:
        call: what the layer was applied to.
        m: m_t of all steps, ``(N, H)``.
    """

    def __init__(self, call: Call, m: Tensor):
        assert call.w.weight_hr is not None
        self._through = Product(call.w.weight_hr.t(), call.steps.batch)
        self._m, self._d_h = m, m.new_empty(len(m), call.w.weight_hr.size(0))
        self._in_d_h = call.steps.split(self._d_h)

    def back(self, t: int, d_h: Tensor) -> Tensor:
        """δm_t of δh_t."""
        return self._through(self._in_d_h[t].copy_(d_h))

    def gradient(self) -> Tensor:
        """δW_hr, once all steps went back."""
        return weight_gradient(self._d_h, [(slice(None), self._m)])
