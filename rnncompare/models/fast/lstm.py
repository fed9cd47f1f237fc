"""The LSTM's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Steps, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of, weight_gradient


class LSTMEngine:
    """An `Engine` for `LSTMCell`, with or without a projection.

    Forward saves i, f, g, o (activated), c and tanh(c). With δ for the gradient of the loss, and m_t = o_t ⊙ tanh(c_t),
    which is h_t unless projected, backward goes::

        δh_t = δy_t + W_hh^T δa_{t+1}              a: the sums that enter the gates
        δm_t = W_hr^T δh_t                          with a projection, else δh_t
        δc_t = δc_{t+1} ⊙ f_{t+1} + δm_t ⊙ o_t ⊙ (1 - tanh²(c_t))
        δa_t = (δc_t g_t i_t (1 - i_t), δc_t c_{t-1} f_t (1 - f_t), δc_t i_t (1 - g_t²), δm_t tanh(c_t) o_t (1 - o_t))
    """

    def forward(
        self, cell: Cell, steps: Steps, input: Tensor, state: State, w: Weights, save: bool
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        hidden = w.weight_hh.size(0) // 4
        gates = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        cells, squashed = (input.new_empty(len(input), hidden) for _ in range(2))
        output = input.new_empty(len(input), w.weight_hh.size(1))
        recurrent = Product(w.weight_hh, steps.batch)
        project = None if w.weight_hr is None else Product(w.weight_hr, steps.batch)
        in_gates, in_cells, in_squashed = steps.split(gates), steps.split(cells), steps.split(squashed)
        in_output = steps.split(output)
        first = steps.in_time()[0]
        h, c = (s[: steps.sizes[first]].contiguous() for s in state)
        for t in steps.in_time():
            h, c = steps.carry(h, state[0], t), steps.carry(c, state[1], t)
            sums = recurrent.plus(h, in_gates[t])
            i, f, g, o = torch.sigmoid(sums, out=in_gates[t]).chunk(4, 1)
            torch.tanh(sums[:, 2 * hidden : 3 * hidden], out=g)
            c = torch.mul(f, c, out=in_cells[t]).addcmul_(i, g)
            torch.tanh(c, out=in_squashed[t])
            if project is None:
                h = torch.mul(o, in_squashed[t], out=in_output[t])
            else:
                h = in_output[t].copy_(project(o * in_squashed[t]))
        return output, (steps.final(output), steps.final(cells)), (gates, cells, squashed) if save else ()

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
        gates, cells, squashed = saved
        d_a = torch.empty_like(gates)
        through_weights = Product(w.weight_hh.t(), steps.batch)
        projection = None if w.weight_hr is None else _Projection(steps, w.weight_hr, cells, output)
        in_gates, in_a = steps.split(gates), steps.split(d_a)
        in_cells, in_squashed = steps.split(cells), steps.split(squashed)
        in_output = None if d_output is None else steps.split(d_output)
        d_h_all, d_c_all = to_carry(d_state, state)
        times = steps.in_time()
        for t, earlier in zip(reversed(times), [*reversed(times[:-1]), None], strict=True):
            d_h, d_c = d_h_all[: steps.sizes[t]], d_c_all[: steps.sizes[t]]
            if in_output is not None:
                d_h += in_output[t]
            past = steps.carry(state[1][:0] if earlier is None else in_cells[earlier], state[1], t)
            d_m = d_h if projection is None else projection.back(t, d_h, in_gates[t], in_squashed[t])
            _step_back(in_gates[t], past, in_squashed[t], d_m, d_c, in_a[t])
            d_h.copy_(through_weights(in_a[t]))
        found = layer_gradients(steps, d_a, d_a, input, state[0], output, w, wanted)
        if projection is not None and "weight_hr" in wanted:
            found["weight_hr"] = projection.gradient()
        return found | {"0": d_h_all, "1": d_c_all}


def _step_back(gates: Tensor, past: Tensor, squashed: Tensor, d_m: Tensor, d_c: Tensor, d_a: Tensor) -> None:
    """Write δa_t, and turn δc_{t+1} ⊙ f_{t+1} into δc_t ⊙ f_t; ``past`` is c_{t-1}, ``squashed`` tanh(c_t)."""
    i, f, g, o = gates.chunk(4, 1)
    d_i, d_f, d_g, d_o = torch.addcmul(gates, gates, gates, value=-1, out=d_a).chunk(4, 1)
    d_o.mul_(d_m).mul_(squashed)
    through = d_m * o
    d_c.add_(through).addcmul_(through.mul_(squashed), squashed, value=-1)
    d_i.mul_(d_c).mul_(g)
    d_f.mul_(d_c).mul_(past)
    torch.mul(d_c, i, out=d_g)
    d_g.addcmul_(d_g * g, g, value=-1)
    d_c.mul_(f)


class _Projection:
    """The way back through h_t = W_hr m_t, and the gradient of W_hr."""

    def __init__(self, steps: Steps, weight: Tensor, cells: Tensor, output: Tensor):
        self._through = Product(weight.t(), steps.batch)
        self._m, self._d_h = torch.empty_like(cells), torch.empty_like(output)
        self._in_m, self._in_d_h = steps.split(self._m), steps.split(self._d_h)

    def back(self, t: int, d_h: Tensor, gates: Tensor, squashed: Tensor) -> Tensor:
        """δm_t of δh_t; m_t is o_t ⊙ ``squashed``."""
        torch.mul(gates.chunk(4, 1)[3], squashed, out=self._in_m[t])
        return self._through(self._in_d_h[t].copy_(d_h))

    def gradient(self) -> Tensor:
        """δW_hr, once all steps went back."""
        return weight_gradient(self._d_h, [(slice(None), self._m)])
