"""The GRU's fast path in PyTorch: whole steps forward, the analytic gradient backward."""

from __future__ import annotations

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import Call, Gradients, Steps, Tensors, to_carry
from rnncompare.models.fast.products import Product, layer_gradients, linear


class GRUEngine:
    """An `Engine` for `GRUCell`.

    Forward saves r, z, n and p_t = W_hn h_{t-1} + b_hn. With δ for the gradient of the loss::

        δh_t = δy_t + δh_{t+1} ⊙ z_{t+1} + W_hh^T (δr_{t+1}, δz_{t+1}, δp_{t+1})
        δn_t = δh_t ⊙ (1 - z_t) ⊙ (1 - n_t²)
        δz_t = δh_t ⊙ (h_{t-1} - n_t) ⊙ z_t ⊙ (1 - z_t)
        δr_t = δn_t ⊙ p_t ⊙ r_t ⊙ (1 - r_t)
        δp_t = δn_t ⊙ r_t

    δr, δz and δn here are of the sums inside the activations. All are multiples of δh, their factors known before the
    loop over steps begins, which so only multiplies.
    """

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        steps, input, state, w = call.steps, call.input, call.state, call.w
        hidden = w.weight_hh.size(1)
        both, candidate = slice(2 * hidden), slice(2 * hidden, None)
        gates = linear(input, w.weight_ih, w.bias_ih)
        products = input.new_empty(len(input), hidden) if save else None
        output = input.new_empty(len(input), hidden)
        recurrent = Product(w.weight_hh, steps.batch)
        in_gates, in_output = steps.split(gates), steps.split(output)
        in_products = None if products is None else steps.split(products)
        h = state[0][: steps.sizes[steps.in_time()[0]]].contiguous()
        for t in steps.in_time():
            h = steps.carry(h, state[0], t)
            product = recurrent(h, w.bias_hh)
            r, z = in_gates[t][:, both].add_(product[:, both]).sigmoid_().chunk(2, 1)
            p = product[:, candidate]
            if in_products is not None:
                in_products[t].copy_(p)
            n = in_gates[t][:, candidate].addcmul_(r, p).tanh_()
            h = torch.lerp(n, h, z, out=in_output[t])
        return output, (steps.final(output),), () if products is None else (gates, products)

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        gates, products = saved
        steps, hidden = call.steps, products.size(1)
        d_a = _factors(steps, call.state[0], gates, products, output)
        d_x, d_h_sums = d_a[:, 1:].flatten(1), d_a[:, :3].flatten(1)
        # The state's part stands in the order (p, r, z), that of torch's weights moved round by one.
        through_weights = Product(call.w.weight_hh.roll(hidden, 0).t(), steps.batch)
        update = steps.split(gates[:, hidden : 2 * hidden])
        in_a, in_state_part = steps.split(d_a), steps.split(d_h_sums)
        in_output = None if d_output is None else steps.split(d_output)
        (d_h_all,) = to_carry(d_state, call.state)
        for t in reversed(steps.in_time()):
            d_h = steps.active(d_h_all, t)
            if in_output is not None:
                d_h += in_output[t]
            in_a[t].mul_(d_h.unsqueeze(1))
            d_h.mul_(update[t]).add_(through_weights(in_state_part[t]))
        found = layer_gradients(call, d_x, d_h_sums, output, wanted)
        for name in {"weight_hh", "bias_hh"} & wanted:
            found[name] = found[name].roll(-hidden, 0)
        return found | {"0": d_h_all}

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        hidden = w.weight_hh.size(1)
        return [(rows, 3 * hidden), (rows, hidden)]


def _factors(steps: Steps, initial: Tensor, gates: Tensor, products: Tensor, output: Tensor) -> Tensor:
    """The factors of δh in δp, δr, δz and δn, ``(N, 4, H)``."""
    r, z, n = gates.chunk(3, 1)
    d_a = gates.new_empty(len(gates), 4, products.size(1))
    d_p, d_r, d_z, d_n = d_a.unbind(1)
    torch.addcmul(gates.new_ones(()), n, n, value=-1, out=d_n)
    d_n.addcmul_(d_n, z, value=-1)
    torch.mul(d_n, r, out=d_p)
    torch.mul(d_p, products, out=d_r)
    d_r.addcmul_(d_r, r, value=-1)
    for rows, h in steps.before(output, initial):
        torch.sub(h, n[rows], out=d_z[rows]).mul_(z[rows])
    d_z.addcmul_(d_z, z, value=-1)
    return d_a
