"""Whether two layers compute the same: outputs, final states and every gradient."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

_RELATIVE = {torch.float64: 1e-10, torch.float32: 1e-5}


def tolerance(dtype: torch.dtype, steps: int) -> float:
    """The largest error of a tensor's elements, relative to its largest element.

    In bfloat16 every result is rounded by up to 2^-8, a few of them in one step, and what steps round off adds up as a
    random walk does. The plain loop and `torch.nn.LSTM` differ by 0.016 after 3 steps, by 0.054 after 200 and by 0.075
    after 784, where 0.022, 0.071 and 0.125 are allowed.
    """
    return _RELATIVE.get(dtype, 2**-6 + 2**-8 * math.sqrt(steps))


def disagreement(layer: nn.Module, reference: nn.Module, input: Tensor, dtype: torch.dtype) -> str | None:
    """What differs between two layers of the same weights by more than the `tolerance`; None if nothing does.

    Args:
        layer: its parameters in the order of the reference's.
        reference: what it should compute.
        input: ``(T, B, I)``.
        dtype: what both compute in.
    """
    allowed = tolerance(dtype, len(input))
    pairs = zip(_results(layer, input), _results(reference, input), strict=True)
    for (name, found), (_, expected) in pairs:
        if found.shape != expected.shape:
            return f"{name}: shape {tuple(found.shape)} in place of {tuple(expected.shape)}"
        error, scale = (found.double() - expected.double()).abs().max().item(), expected.abs().max().item()
        if not error <= allowed * scale:
            return f"{name}: off by {error:.2g}, where the largest element is {scale:.2g}"
    return None


def _results(layer: nn.Module, input: Tensor) -> Iterator[tuple[str, Tensor]]:
    """All that a layer computes, by name; the loss weighs outputs and states at random, so that no errors cancel."""
    input = input.detach().clone().requires_grad_()
    output, final = layer(input)
    finals = (final,) if isinstance(final, Tensor) else final
    random = torch.Generator().manual_seed(0)
    results = [("the output", output), *((f"final state {index}", s) for index, s in enumerate(finals))]
    loss = torch.stack(
        [(value * torch.randn(value.shape, generator=random).to(value)).sum().to(input) for _, value in results]
    ).sum()
    leaves = {"the input": input, **dict(layer.named_parameters())}
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    yield from results
    yield from ((f"the gradient of {name}", g) for name, g in zip(leaves, gradients, strict=True))
