"""The fast path in Triton, for GPUs: all steps in one launch, for any cell whose pointwise part is written for it.

Triton comes with PyTorch for CUDA on Linux, and is imported once a layer is on a GPU.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, Weights

if TYPE_CHECKING:
    from rnncompare.models.fast.triton.engine import TritonEngine

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def serves(cell: Cell, input: Tensor, w: Weights) -> bool:
    """Whether the kernels run here, know the cell and can read these tensors."""
    if not input.is_cuda or input.dtype not in DTYPES or not _installed():
        return False
    from rnncompare.models.fast.triton.cells import equations_of

    given = [tensor for tensor in vars(w).values() if tensor is not None]
    fitting = all(t.is_cuda and t.dtype == input.dtype and t.layout == torch.strided for t in given)
    return fitting and equations_of(cell) is not None and getattr(w, "weight_hr", None) is None


def make_engine() -> TritonEngine:
    """The engine, where `serves` says that it serves."""
    from rnncompare.models.fast.triton.engine import TritonEngine

    return TritonEngine()


def under_vmap() -> Any:
    """What runs the layer within `torch.func.vmap` over runs, where `serves` says that it can."""
    from rnncompare.models.fast.triton.stacked import unroll_under_vmap

    return unroll_under_vmap


@cache
def _installed() -> bool:
    return find_spec("triton") is not None
