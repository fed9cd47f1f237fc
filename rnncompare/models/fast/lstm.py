"""The LSTM's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Steps, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of, weight_gradient


class LSTMEngine:
    """An `Engine` for `LSTMCell`, with or without a projection.

    Forward saves i, f, g, o (activated) and c. With δ for the gradient of the loss, and m_t = o_t ⊙ tanh(c_t), which is
    h_t unless projected, backward goes::

        δh_t = δy_t + W_hh^T δa_{t+1}              a: the sums that enter the gates
        δm_t = W_hr^T δh_t                          with a projection, else δh_t
        δc_t = δc_{t+1} ⊙ f_{t+1} + δm_t ⊙ o_t ⊙ (1 - tanh²(c_t))
        δa_t = (δc_t g_t i_t (1 - i_t), δc_t c_{t-1} f_t (1 - f_t), δc_t i_t (1 - g_t²), δm_t tanh(c_t) o_t (1 - o_t))

    All but δc and δm is known before the loop over steps begins, which so only multiplies.
    """

    def forward(
        self, cell: Cell, steps: Steps, input: Tensor, state: State, w: Weights, save: bool
    ) -> tuple[Tensor, State, tuple[Tensor, ...]]:
        hidden = w.weight_hh.size(0) // 4
        gates = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        cells = input.new_empty(len(input), hidden)
        output = input.new_empty(len(input), w.weight_hh.size(1))
        recurrent = Product(w.weight_hh, steps.batch)
        project = None if w.weight_hr is None else Product(w.weight_hr, steps.batch)
        in_gates, in_cells, in_output = steps.split(gates), steps.split(cells), steps.split(output)
        first = steps.in_time()[0]
        h, c = (s[: steps.sizes[first]].contiguous() for s in state)
        for t in steps.in_time():
            h, c = steps.carry(h, state[0], t), steps.carry(c, state[1], t)
            sums = recurrent.plus(h, in_gates[t])
            i, f, g, o = torch.sigmoid(sums, out=in_gates[t]).chunk(4, 1)
            torch.tanh(sums[:, 2 * hidden : 3 * hidden], out=g)
            c = torch.mul(f, c, out=in_cells[t]).addcmul_(i, g)
            if project is None:
                h = torch.mul(o, c.tanh(), out=in_output[t])
            else:
                h = in_output[t].copy_(project(o * c.tanh()))
        return output, (steps.final(output), steps.final(cells)), (gates, cells) if save else ()

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
        gates, cells = saved
        m, through_cell, d_a = _factors(steps, state[1], gates, cells)
        through_weights = Product(w.weight_hh.t(), steps.batch)
        unproject = None if w.weight_hr is None else Product(w.weight_hr.t(), steps.batch)
        d_projected = torch.empty_like(output) if unproject else None
        forget = steps.split(gates.chunk(4, 1)[1])
        by_cell, by_m = steps.split(d_a[:, :3]), steps.split(d_a[:, 3])
        in_a, in_cell = steps.split(d_a.flatten(1)), steps.split(through_cell)
        in_output = None if d_output is None else steps.split(d_output)
        in_projected = None if d_projected is None else steps.split(d_projected)
        d_h_all, d_c_all = to_carry(d_state, state)
        for t in reversed(steps.in_time()):
            d_h, d_c = d_h_all[: steps.sizes[t]], d_c_all[: steps.sizes[t]]
            if in_output is not None:
                d_h += in_output[t]
            d_m = d_h
            if unproject is not None and in_projected is not None:
                d_m = unproject(in_projected[t].copy_(d_h))
            d_c.addcmul_(d_m, in_cell[t])
            by_cell[t].mul_(d_c.unsqueeze(1))
            by_m[t].mul_(d_m)
            d_c.mul_(forget[t])
            d_h.copy_(through_weights(in_a[t]))
        d_sums = d_a.flatten(1)
        found = layer_gradients(steps, d_sums, d_sums, input, state[0], output, w, wanted)
        if d_projected is not None and "weight_hr" in wanted:
            found["weight_hr"] = weight_gradient(d_projected, [(slice(None), m)])
        return found | {"0": d_h_all, "1": d_c_all}


def _factors(steps: Steps, initial: Tensor, gates: Tensor, cells: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What is known before the loop: m, ∂m/∂c without o's part, and the factors of δc and δm in δa ``(N, 4, H)``."""
    i, f, g, o = gates.chunk(4, 1)
    squashed = cells.tanh()
    m = o * squashed
    through_cell = torch.addcmul(o, m, squashed, value=-1)
    d_a = gates.new_empty(len(gates), 4, cells.size(1))
    d_i, d_f, d_g, d_o = d_a.unbind(1)
    torch.mul(g, i, out=d_i).addcmul_(d_i, i, value=-1)
    for rows, c in steps.before(cells, initial):
        torch.mul(c, f[rows], out=d_f[rows])
    d_f.addcmul_(d_f, f, value=-1)
    torch.addcmul(i, i * g, g, value=-1, out=d_g)
    torch.addcmul(m, m, o, value=-1, out=d_o)
    return m, through_cell, d_a
