"""Matrix products in PyTorch, by the fastest library for their type, device and size.

On CPUs oneDNN is about twice as fast as the BLAS behind `torch.mm` at the shapes of recurrent layers, if it packs the
weights beforehand; PyTorch offers that to its own compiler and not as a public function, hence ``torch.ops.mkldnn``.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from rnncompare.models.fast.function import Call

SMALLEST_PACKED = 32_768
"""Elements of a weight below which oneDNN costs more than it gains in the products of a step."""
SMALLEST_IN_BULK = 4096
"""The same for products over all steps."""
SMALLEST_GRADIENT = 32_768
"""The same for gradients of weights, for which oneDNN copies both factors: small ones gain less than that takes."""
ROWS_AT_ONCE = 1024
"""Rows of a weight gradient's factors that are handed to oneDNN at once, for it copies them."""


def _packs(weight: Tensor, smallest: int) -> bool:
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and weight.numel() >= smallest
        and torch.backends.mkldnn.is_available()
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


class Product:
    """x W^T for one W and many x.

    Args:
        weight: W, ``(M, K)``.
        rows: the usual number of rows of x.
    """

    def __init__(self, weight: Tensor, rows: int):
        self._packed: Tensor | None = None
        self._transposed = weight.t()
        if _packs(weight, SMALLEST_PACKED):
            self._packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)

    def __call__(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """Give x W^T + b: ``(n, K)`` to ``(n, M)``."""
        if self._packed is not None:
            return torch.ops.mkldnn._linear_pointwise(x, self._packed, bias, "none", [], "")
        return x.mm(self._transposed) if bias is None else torch.addmm(bias, x, self._transposed)

    def add_to(self, sums: Tensor, x: Tensor) -> None:
        """Add x W^T, ``(n, M)``, to ``sums``."""
        if self._packed is not None:
            sums.add_(self(x))
        else:
            sums.addmm_(x, self._transposed)

    def into(self, result: Tensor, x: Tensor) -> None:
        """Write x W^T, ``(n, M)``, to the contiguous ``result``."""
        if self._packed is not None:
            result.copy_(self(x))
        else:
            torch.mm(x, self._transposed, out=result)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Give x W^T + b for the rows of all steps: ``(N, K)`` to ``(N, M)``."""
    if _packs(weight, SMALLEST_IN_BULK):
        return torch.ops.mkldnn._linear_pointwise(x.contiguous(), weight.contiguous(), bias, "none", [], "")
    return F.linear(x, weight, bias)


def sum_of(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """The sum of two biases, either of which may be missing."""
    return a + b if a is not None and b is not None else a if b is None else b


def weight_gradient(d: Tensor, pairs: list[tuple[slice, Tensor]]) -> Tensor:
    """The gradient of W where x W^T has the gradient d: the sum of d_n x_n^T over rows, ``(M, K)``.

    Args:
        d: ``(N, M)``.
        pairs: rows of d and the x that belong to them, as of `Steps.before`.
    """
    gradient = d.new_zeros(pairs[0][1].size(1), d.size(1)).t()  # so laid out, `torch.mm` is faster
    if not _packs(gradient, SMALLEST_GRADIENT):
        for rows, x in pairs:
            gradient.addmm_(d[rows].t(), x)
        return gradient.contiguous()  # as torch's are, for callers that view it
    for rows, x in pairs:
        for part, x_part in zip(d[rows].split(ROWS_AT_ONCE), x.split(ROWS_AT_ONCE), strict=True):
            operands = part.contiguous().to_mkldnn(), x_part.contiguous().to_mkldnn()
            gradient += torch.ops.aten.mkldnn_linear_backward_weights(*operands, gradient, False)[0].to_dense()
    return gradient.contiguous()


def layer_gradients(call: Call, d_x: Tensor, d_h: Tensor, output: Tensor, wanted: set[str]) -> dict[str, Tensor]:
    """The gradients of the input and of W_ih, W_hh and their biases, of those of the products' results.

    Args:
        call: what the layer was applied to.
        d_x: the gradient of W_ih x_t + b_ih, ``(N, G H)``.
        d_h: the gradient of W_hh h_{t-1} + b_hh, ``(N, G H)``.
        output: h, ``(N, P)``.
        wanted: which are wanted.
    """
    ways = {
        "input": lambda: linear(d_x, call.w.weight_ih.t()),
        "weight_ih": lambda: weight_gradient(d_x, [(slice(None), call.input)]),
        "weight_hh": lambda: weight_gradient(d_h, call.steps.before(output, call.state[0])),
        "bias_ih": lambda: d_x.sum(0),
        "bias_hh": lambda: d_h.sum(0) if d_h is not d_x or "bias_ih" not in found else found["bias_ih"].clone(),
    }
    found: dict[str, Tensor] = {}
    for name, way in ways.items():
        if name in wanted:
            found[name] = way()
    return found
