"""Whether tensors are more than their values, which are all that the fast paths look at."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


def is_transformed() -> bool:
    """Whether a transform of `torch.func` is under way, whose tensors hold no values of their own."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def is_forward_mode() -> bool:
    """Whether tensors may carry tangents, as in `torch.func.jvp`."""
    return torch.autograd.forward_ad._current_level >= 0


def is_watched() -> bool:
    """Whether a graph is made, tensors may carry tangents, or a mode watches every operation."""
    return (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or is_forward_mode()
        or torch._C._len_torch_dispatch_stack() > 0
    )


def needs_autograd(gradients: Iterable[Tensor | None]) -> bool:
    """Whether a backward pass given these ``gradients`` is to be differentiated again, or runs for many at once."""
    return (
        torch.is_grad_enabled()
        or is_transformed()
        or is_forward_mode()
        or any(g is not None and torch._C._functorch.is_legacy_batchedtensor(g) for g in gradients)
    )
