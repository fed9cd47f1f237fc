"""How fast the machine multiplies matrices of a given size: the limit that recurrent layers are compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnncompare.base.clocks import clock_for

SECONDS = 0.05  # spent on each way to multiply


@dataclass(frozen=True)
class ProductPeak:
    """The best rate found.

    Attributes:
        gflops: 10^9 floating-point operations per second; a multiply-add counts as 2.
        by: the routine that reached it.
    """

    gflops: float
    by: str


def product_peak(batch_size: int, hidden_size: int, device: torch.device, dtype: torch.dtype) -> ProductPeak:
    """The best rate of the recurrent product of an LSTM's step, ``(B, H)`` by ``(H, 4 H)``.

    Products of all steps at once are larger and can be faster, so a layer may exceed it.
    """
    h = torch.randn(batch_size, hidden_size, device=device, dtype=dtype)
    weight = torch.randn(4 * hidden_size, hidden_size, device=device, dtype=dtype)
    operations = 2 * h.shape[0] * weight.numel()
    rates = {name: operations / _seconds(product, device) / 1e9 for name, product in products(h, weight).items()}
    best = max(rates, key=rates.__getitem__)
    return ProductPeak(rates[best], best)


def products(h: Tensor, weight: Tensor) -> dict[str, Callable[[], Tensor]]:
    """The available routines to multiply ``h`` by the transposed ``weight``."""
    transposed, result = weight.t().contiguous(), h.new_empty(len(h), len(weight))
    products: dict[str, Callable[[], Tensor]] = {
        "torch.mm": lambda: torch.mm(h, transposed, out=result),
        "torch.mm, transposed": lambda: torch.mm(h, weight.t(), out=result),
    }
    if h.device.type == "cpu" and h.dtype != torch.float64 and torch.backends.mkldnn.is_available():
        packed = torch.ops.mkldnn._reorder_linear_weight(weight, len(h))
        products["oneDNN linear"] = lambda: torch.ops.mkldnn._linear_pointwise(h, packed, None, "none", [], "")
    return products


@torch.no_grad()
def _seconds(product: Callable[[], Tensor], device: torch.device) -> float:
    """The median time of one product, over stretches long enough for the clock."""
    clock, inner = clock_for(device), 10
    product()
    while sum(clock.laps) < SECONDS or len(clock.laps) < 5:
        clock.start()
        for _ in range(inner):
            product()
        clock.lap()
        clock.settle()
    return sorted(clock.laps)[len(clock.laps) // 2] / inner
