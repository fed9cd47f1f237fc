"""Two recurrent modules on one input: outputs, final states and every gradient, compared."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import rnncompare

CELLS = ("LSTM", "GRU", "RNN")
IMPLEMENTATIONS = ("loop", "fused", "auto")
"""All that must agree with torch; ``auto`` is the compiled path wherever there is a compiler."""

TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}
"""Largest error of a tensor's elements, relative to its largest element."""

KINDS = ("batched", "unbatched", "packed", "packed_unsorted")


def pair(name: str, implementation: str, seed: int = 0, **settings) -> tuple[nn.Module, nn.Module]:
    """Our module and torch's, drawn under one seed."""
    torch.manual_seed(seed)
    ours = getattr(rnncompare, name)(implementation=implementation, **settings)
    torch.manual_seed(seed)
    return ours, getattr(nn, name)(**settings)


@dataclass
class Example:
    """An input of one of the `KINDS`: padded values ``(T, B, I)``, lengths ``(B,)``, and initial states or None."""

    kind: str
    values: Tensor
    lengths: Tensor
    state: tuple[Tensor, ...] | None

    def feed(self, batch_first: bool, values: Tensor) -> Tensor | PackedSequence:
        """The module's argument, made of ``values``."""
        if self.kind == "unbatched":
            return values.squeeze(1)
        values = values.transpose(0, 1) if batch_first else values
        if self.kind == "batched":
            return values
        return pack_padded_sequence(values, self.lengths, batch_first, enforce_sorted=self.kind == "packed")


def example(module: nn.Module, kind: str, with_state: bool, steps: int = 5, batch: int = 4, seed: int = 1) -> Example:
    """A random example that fits ``module``; the longest packed sequence has ``steps`` steps."""
    random = torch.Generator().manual_seed(seed)
    weight = module.weight_ih_l0
    batch = 1 if kind == "unbatched" else batch

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64).to(weight)

    lengths = torch.randint(1, steps + 1, (batch,), generator=random)
    lengths[-1] = steps
    if kind == "packed":
        lengths = lengths.sort(descending=True).values
    layers = module.num_layers * (2 if module.bidirectional else 1)
    sizes = [getattr(module, "proj_size", 0) or module.hidden_size]
    if module.mode == "LSTM":
        sizes.append(module.hidden_size)
    dimensions = (layers,) if kind == "unbatched" else (layers, batch)
    state = tuple(draw(*dimensions, size) for size in sizes) if with_state else None
    return Example(kind, draw(steps, batch, module.input_size), lengths, state)


def results(module: nn.Module, given: Example, seed: int = 2) -> dict[str, Tensor]:
    """Outputs, final states and the gradients of a random weighting of them, by name."""
    values = given.values.clone().requires_grad_()
    leaves = {"input": values, **dict(module.named_parameters())}
    hx = None
    if given.state is not None:
        states = tuple(s.clone().requires_grad_() for s in given.state)
        leaves |= {f"initial state {index}": s for index, s in enumerate(states)}
        hx = states if len(states) > 1 else states[0]
    torch.manual_seed(seed)  # dropout
    output, final = module(given.feed(module.batch_first, values), hx)
    found = {"output": output.data if isinstance(output, PackedSequence) else output}
    if isinstance(output, PackedSequence):
        found["batch_sizes"] = output.batch_sizes
    finals = (final,) if isinstance(final, Tensor) else final
    found |= {f"final state {index}": s for index, s in enumerate(finals)}
    random = torch.Generator().manual_seed(seed)
    loss = sum(
        (tensor * torch.randn(tensor.shape, generator=random, dtype=torch.float64).to(tensor)).sum()
        for tensor in found.values()
        if tensor.is_floating_point()
    )
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return found | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def assert_agree(ours: nn.Module, theirs: nn.Module, given: Example, tolerance: float | None = None) -> None:
    """Fail unless both modules give the same results, to `TOLERANCE` unless another is named."""
    a, b = results(ours, given), results(theirs, given)
    assert a.keys() == b.keys()
    tolerance = TOLERANCE[given.values.dtype] if tolerance is None else tolerance
    for name, expected in b.items():
        found = a[name]
        assert found.shape == expected.shape, name
        assert found.dtype == expected.dtype, name
        if expected.numel():
            error, scale = (found - expected).abs().max().item(), expected.abs().max().item()
            assert error <= tolerance * scale, f"{name}: off by {error} of {scale} ({given.kind}, {ours})"
