"""Fast paths: the same results as `rnncompare.models.unroll`, a layer and direction in one autograd node.

``fused_c`` calls kernels in C, built on first use; ``fused_triton`` is for GPUs, and knows more cells than the others;
``fused`` is PyTorch alone. A cell is served if its step is that of a known cell: a subclass that changes the step is
another cell, one that only starts from other weights is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, Weights
from rnncompare.models.fast import compiled, triton
from rnncompare.models.fast.engines import IN_PYTORCH
from rnncompare.models.fast.function import run, step_of
from rnncompare.models.fast.watched import is_transformed, is_watched


def paths(cell: Cell, input: Tensor, w: Weights) -> Iterator[tuple[str, Any]]:
    """The fast paths that serve this layer, the fastest first: names for the record, and functions like `unroll`.

    There are none where tensors are more than their values: in a graph that PyTorch makes (see `operator`), under
    `torch.func`, forward-mode differentiation and modes that watch every operation, such as counters of flops. Only a
    single `torch.func.vmap`, over runs that are trained as one, has a path on a GPU.
    """
    if not input.is_floating_point() or input.is_meta or input.numel() == 0 or is_watched():
        return
    if is_transformed():
        if _over_runs() and triton.serves(cell, input, w):
            yield "fused_triton", triton.under_vmap()
        return
    if triton.serves(cell, input, w):
        yield "fused_triton", partial(run, triton.make_engine())
    engine = IN_PYTORCH.get(step_of(cell))
    if engine is None:
        return
    if compiled.serves(cell, input, w):
        yield "fused_c", compiled.CompiledUnrolling(fallback=engine)
    yield "fused", partial(run, engine)


def knows(cell: Cell) -> bool:
    """Whether there is a fast path for the cell, if not for every input."""
    return step_of(cell) in IN_PYTORCH


def _over_runs() -> bool:
    """Whether the only transform under way is one `torch.func.vmap`."""
    (first, *others) = torch._C._functorch.get_interpreter_stack()
    return not others and first.key() == torch._C._functorch.TransformType.Vmap
