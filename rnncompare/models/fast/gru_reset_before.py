"""The fast path in PyTorch of the GRU that resets before the product."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Call, Gradients, Steps, Tensors, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear, sum_of, weight_gradient


class GRUResetBeforeEngine:
    """An `Engine` for `GRUResetBeforeCell`.

    Forward saves r, z and n. With δ for the gradient of the loss, q_t = r_t ⊙ h_{t-1}::

        δh_t = δy_t + δh_{t+1} ⊙ z_{t+1} + δq_{t+1} ⊙ r_{t+1} + W_hr^T δr_{t+1} + W_hz^T δz_{t+1}
        δn_t = δh_t ⊙ (1 - z_t) ⊙ (1 - n_t²)
        δz_t = δh_t ⊙ (h_{t-1} - n_t) ⊙ z_t ⊙ (1 - z_t)
        δq_t = W_hn^T δn_t
        δr_t = δq_t ⊙ h_{t-1} ⊙ r_t ⊙ (1 - r_t)

    δr, δz and δn here are of the sums inside the activations.
    """

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        steps, input, state, w = call.steps, call.input, call.state, call.w
        hidden = w.weight_hh.size(1)
        both, candidate = slice(2 * hidden), slice(2 * hidden, None)
        gates = linear(input, w.weight_ih, sum_of(w.bias_ih, w.bias_hh))
        output = input.new_empty(len(input), hidden)
        of_h, of_q = Product(w.weight_hh[both], steps.batch), Product(w.weight_hh[candidate], steps.batch)
        in_gates, in_output = steps.split(gates), steps.split(output)
        h = state[0][: steps.sizes[steps.in_time()[0]]].contiguous()
        for t in steps.in_time():
            h = steps.carry(h, state[0], t)
            r, z = in_gates[t][:, both].add_(of_h(h)).sigmoid_().chunk(2, 1)
            n = in_gates[t][:, candidate].add_(of_q(r * h)).tanh_()
            h = torch.lerp(n, h, z, out=in_output[t])
        return output, (steps.final(output),), (gates,) if save else ()

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        (gates,) = saved
        steps, initial, w, hidden = call.steps, call.state[0], call.w, output.size(1)
        q, d_a = _factors(steps, initial, gates, output)
        through_gates = Product(w.weight_hh[: 2 * hidden].t(), steps.batch)
        through_candidate = Product(w.weight_hh[2 * hidden :].t(), steps.batch)
        d_sums = d_a.flatten(1)
        reset, update = (steps.split(part) for part in gates.chunk(3, 1)[:2])
        in_r, in_zn = steps.split(d_a[:, 0]), steps.split(d_a[:, 1:])
        in_both, in_n = steps.split(d_sums[:, : 2 * hidden]), steps.split(d_a[:, 2])
        in_output = None if d_output is None else steps.split(d_output)
        (d_h_all,) = to_carry(d_state, call.state)
        for t in reversed(steps.in_time()):
            d_h = steps.active(d_h_all, t)
            if in_output is not None:
                d_h += in_output[t]
            in_zn[t].mul_(d_h.unsqueeze(1))
            d_q = through_candidate(in_n[t])
            in_r[t].mul_(d_q)
            d_h.mul_(update[t]).addcmul_(d_q, reset[t]).add_(through_gates(in_both[t]))
        found = layer_gradients(call, d_sums, d_sums, output, wanted - {"weight_hh"})
        if "weight_hh" in wanted:
            of_gates = weight_gradient(d_sums[:, : 2 * hidden], steps.before(output, initial))
            of_candidate = weight_gradient(d_sums[:, 2 * hidden :], [(slice(None), q)])
            found["weight_hh"] = torch.cat((of_gates, of_candidate))
        return found | {"0": d_h_all}

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        return [(rows, 3 * w.weight_hh.size(1))]


def _factors(steps: Steps, initial: Tensor, gates: Tensor, output: Tensor) -> tuple[Tensor, Tensor]:
    """q, and the factors of δq in δr and of δh in δz and δn, ``(N, 3, H)``."""
    r, z, n = gates.chunk(3, 1)
    q = torch.empty_like(output)
    d_a = gates.new_empty(len(gates), 3, output.size(1))
    d_r, d_z, d_n = d_a.unbind(1)
    for rows, h in steps.before(output, initial):
        torch.mul(h, r[rows], out=q[rows])
        torch.sub(h, n[rows], out=d_z[rows]).mul_(z[rows])
    torch.addcmul(q, q, r, value=-1, out=d_r)
    d_z.addcmul_(d_z, z, value=-1)
    torch.addcmul(gates.new_ones(()), n, n, value=-1, out=d_n)
    d_n.addcmul_(d_n, z, value=-1)
    return q, d_a
