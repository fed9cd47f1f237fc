"""The LSTM's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from rnncompare.models.cell import State
from rnncompare.models.fast.function import Call, Gradients, Tensors, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of, weight_gradient

ELEMENTS_AT_ONCE = 65_536
"""Gates whose factors are made at once: enough that calls cost little, few enough to stay in a core's cache."""


class LSTMEngine:
    """An `Engine` for `LSTMCell`, with or without a projection.

    Forward saves i, f, g, o (activated), c and tanh(c). With δ for the gradient of the loss, and m_t = o_t ⊙ tanh(c_t),
    which is h_t unless projected, backward goes::

        δh_t = δy_t + W_hh^T δa_{t+1}              a: the sums that enter the gates
        δm_t = W_hr^T δh_t                          with a projection, else δh_t
        δc_t = δc_{t+1} ⊙ f_{t+1} + δm_t ⊙ o_t ⊙ (1 - tanh²(c_t))
        δa_t = (δc_t g_t i_t (1 - i_t), δc_t c_{t-1} f_t (1 - f_t), δc_t i_t (1 - g_t²), δm_t tanh(c_t) o_t (1 - o_t))

    All but δm and δc are factors known beforehand, made for some steps at a time.
    """

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        steps, input, state, w = call.steps, call.input, call.state, call.w
        hidden = w.weight_hh.size(0) // 4
        gates = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        cells, squashed = (input.new_empty(len(input), hidden) for _ in range(2))
        output = input.new_empty(len(input), w.weight_hh.size(1))
        recurrent = Product(w.weight_hh, steps.batch)
        project = None if w.weight_hr is None else Product(w.weight_hr, steps.batch)
        in_gates, (in_i, in_f, in_g, in_o) = steps.split(gates), map(steps.split, gates.chunk(4, 1))
        in_cells, in_squashed, in_output = steps.split(cells), steps.split(squashed), steps.split(output)
        first = steps.in_time()[0]
        h, c = (s[: steps.sizes[first]].contiguous() for s in state)
        for t in steps.in_time():
            h, c = steps.carry(h, state[0], t), steps.carry(c, state[1], t)
            sums = recurrent.plus(h, in_gates[t])
            torch.sigmoid(sums, out=in_gates[t])
            torch.tanh(sums[:, 2 * hidden : 3 * hidden], out=in_g[t])
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
        in_cells, in_f = steps.split(cells), steps.split(gates[:, hidden : 2 * hidden])
        in_a, (_, in_d_f, _, in_d_o) = steps.split(d_a), map(steps.split, d_a.chunk(4, 1))
        in_d_ifg = steps.split(d_a.unflatten(1, (4, hidden))[:, :3])
        in_output = None if d_output is None else steps.split(d_output)
        d_h_all, d_c_all = to_carry(d_state, state)
        earlier = {t: in_cells[before] for before, t in pairwise(steps.in_time())}
        for rows, times in steps.blocks(ELEMENTS_AT_ONCE // gates.size(1)):
            to_cell = _factors(gates[rows], squashed[rows], d_a[rows]).split([steps.sizes[t] for t in sorted(times)])
            for t in times:
                d_h, d_c = steps.active(d_h_all, t), steps.active(d_c_all, t)
                if in_output is not None:
                    d_h += in_output[t]
                d_m = d_h if projection is None else projection.back(t, d_h)
                d_c.addcmul_(d_m, to_cell[t - min(times[0], times[-1])])
                in_d_f[t].mul_(steps.carry(earlier.get(t, state[1][:0]), state[1], t))
                in_d_ifg[t].mul_(d_c.unsqueeze(1))
                in_d_o[t].mul_(d_m)
                d_c.mul_(in_f[t])
                through_weights.into(d_h, in_a[t])
        found = layer_gradients(call, d_a, d_a, output, wanted)
        if projection is not None and "weight_hr" in wanted:
            found["weight_hr"] = projection.gradient()
        return found | {"0": d_h_all, "1": d_c_all}


def _factors(gates: Tensor, squashed: Tensor, d_a: Tensor) -> Tensor:
    """The factor of δm in δc; into ``d_a`` go those of δc in δi, δf (less c_{t-1}) and δg, and of δm in δo."""
    i, _, g, o = gates.chunk(4, 1)
    d_i, _, d_g, d_o = torch.addcmul(gates, gates, gates, value=-1, out=d_a).chunk(4, 1)
    d_i.mul_(g)
    d_o.mul_(squashed)
    torch.addcmul(i, i, torch.mul(g, g, out=d_g), value=-1, out=d_g)
    to_cell = o * squashed
    return torch.addcmul(o, to_cell, squashed, value=-1, out=to_cell)


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
