"""The contenders of a benchmark: a cell in one implementation, all with the same weights, timed only if they agree."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from rnncompare.models.architecture import Architecture
from rnncompare.models.implementations import has_fast_path
from rnncompare.models.network import Network
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.reference import MODULES

STEP_MODULES: dict[str, Callable[[int, int], nn.RNNCellBase]] = {
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
    "rnn": nn.RNNCell,
}
NO_FURTHER = 4.0  # times as far from the exact result as the reference's rounding
_RELATIVE = {torch.float64: 1e-10, torch.float32: 1e-5}


@dataclass(frozen=True)
class Contender:
    """A cell in one implementation that is timed.

    Attributes:
        cell: the name of its equations.
        implementation: the name asked for.
        ran: what ran at this shape, such as ``fused`` for ``auto``.
        network: the recurrent layer within a network for training.
    """

    cell: str
    implementation: str
    ran: str
    network: Network

    def __str__(self) -> str:
        return f"{self.cell} {self.implementation}"

    @property
    def layer(self) -> nn.Module:
        """The recurrent layer, which maps ``(T, B, I)`` to outputs and final states."""
        return self.network.recurrent


class StepLoop(nn.Module):
    """A plain loop over torch's own module of one step, such as `torch.nn.LSTMCell`.

    Args:
        cell: ``lstm``, ``gru`` or ``rnn``.
        input_size: I.
        hidden_size: H.
    """

    def __init__(self, cell: str, input_size: int, hidden_size: int):
        super().__init__()
        self.step = STEP_MODULES[cell](input_size, hidden_size)

    def forward(self, input: Tensor) -> tuple[Tensor, Tensor | tuple[Tensor, ...]]:
        """Outputs ``(T, B, H)`` and final states ``(1, B, H)`` from ``(T, B, I)``."""
        state: Tensor | tuple[Tensor, ...] | None = None
        outputs = []
        for x in input.unbind():
            state = self.step(x, state)
            outputs.append(state if isinstance(state, Tensor) else state[0])
        final = state[None] if isinstance(state, Tensor) else tuple(s[None] for s in cast("tuple[Tensor, ...]", state))
        return torch.stack(outputs), final


def architecture(cell: str, implementation: str, input_size: int, hidden_size: int) -> Architecture:
    """The smallest network around a layer: real-valued inputs, one output after the last step."""
    by_torch = implementation in ("torch", "cell_loop")
    ours = {"cell_loop": None, "torch": None, "compiled_loop": "loop"}
    return Architecture(
        f"torch_{cell}" if by_torch else cell,
        outputs=1,
        readout="last",
        features=input_size,
        hidden_size=hidden_size,
        implementation=ours.get(implementation, implementation),
    )


def reference(cell: str, hidden_size: int, input: Tensor, dtype: torch.dtype) -> Network:
    """The network that contenders of ``cell`` must agree with: torch's if there is one, else the plain loop."""
    implementation = "torch" if f"torch_{cell}" in MODULES else "loop"
    torch.manual_seed(0)
    return _computing_in(dtype, Network(architecture(cell, implementation, input.size(-1), hidden_size)).to(input))


def build(cell: str, implementation: str, weights: Network, input: Tensor, dtype: torch.dtype) -> Contender | None:
    """The contender, on the device of ``input`` and with the weights of the reference, after one run.

    None if the cell has no such implementation, or if a request for a fast one ends in the plain loop.

    Args:
        cell: the name of the equations.
        implementation: one of `cases.IMPLEMENTATIONS`.
        weights: the `reference`.
        input: ``(T, B, I)``, of the parameters' dtype.
        dtype: what to compute in.

    Raises:
        RuntimeError: or one of many other classes: torch's compiler does not work here.
    """
    plan = weights.architecture
    if implementation in ("torch", "cell_loop") and f"torch_{cell}" not in MODULES:
        return None
    if implementation == "fused" and not has_fast_path(plan.cell):
        return None
    network = Network(architecture(cell, implementation, plan.embedded_size, plan.hidden_size))
    if implementation == "cell_loop":
        network.recurrent = StepLoop(cell, plan.embedded_size, plan.hidden_size)
    network.to(input)
    with torch.no_grad():
        for own, given in zip(network.parameters(), weights.parameters(), strict=True):  # named apart, in one order
            own.copy_(given)
    if implementation == "compiled_loop":
        compile_step(cast("Recurrent", network.recurrent))
    _computing_in(dtype, network)
    network.recurrent(input)
    ran = getattr(network.recurrent, "implementation_used", implementation)
    if implementation in ("fused", "auto") and ran == "loop":
        return None
    return Contender(cell, implementation, implementation if implementation == "compiled_loop" else ran, network)


def compile_step(layer: Recurrent) -> None:
    """Compile the layer's step with torch.compile.

    The loop over steps stays in Python: compiled as a whole, 50 steps of a GRU took minutes to translate.
    """
    # Within this process: the compiler's helpers would outlive it, and leave semaphores behind.
    step = torch.compile(layer.cell.step, dynamic=False, options={"compile_threads": 1})
    object.__setattr__(layer.cell, "step", step)  # the cell is frozen, but this layer's own


def _computing_in(dtype: torch.dtype, network: Network) -> Network:
    """``network`` itself, with its forward passes under autocast for bfloat16."""
    if dtype == torch.bfloat16:
        for module in (network, network.recurrent):
            device = next(network.parameters()).device.type
            module.forward = torch.autocast(device, dtype)(module.forward)
    return network


def tolerance(dtype: torch.dtype, steps: int) -> float:
    """The largest error of a tensor's elements, relative to its largest element.

    In bfloat16 every result is rounded by up to 2^-8, a few times in each step, and the rounding errors of the steps
    add up like a random walk. The plain loop and `torch.nn.LSTM` differ by 0.016 after 3 steps, 0.054 after 200 and
    0.075 after 784; 0.022, 0.071 and 0.125 are allowed.
    """
    return _RELATIVE.get(dtype, 2**-6 + 2**-8 * math.sqrt(steps))


def disagreement(layer: nn.Module, reference: nn.Module, input: Tensor, dtype: torch.dtype) -> str | None:
    """What differs between two layers of the same weights by more than the `tolerance`; None if nothing does.

    Where sums are long, two float32 results may differ by more and both be as right as float32 is. So what differs in
    float32 is held against the reference in float64, and may be `NO_FURTHER` from it than the reference itself.

    Args:
        layer: its parameters in the order of the reference's.
        reference: what it should compute.
        input: ``(T, B, I)``.
        dtype: what both compute in.
    """
    allowed, exact = tolerance(dtype, len(input)), dict[str, Tensor]()
    for (name, found), (_, expected) in zip(_results(layer, input), _results(reference, input), strict=True):
        if found.shape != expected.shape:
            return f"{name}: shape {tuple(found.shape)} in place of {tuple(expected.shape)}"
        error, scale = _apart(found, expected), expected.abs().max().item()
        if error <= allowed * scale:
            continue
        if dtype == torch.float32:
            exact = exact or dict(_results(copy.deepcopy(reference).double(), input.double()))
            if _apart(found, exact[name]) <= NO_FURTHER * _apart(expected, exact[name]):
                continue
        return f"{name}: off by {error:.2g}, where the largest element is {scale:.2g}"
    return None


def _apart(one: Tensor, other: Tensor) -> float:
    return (one.double() - other.double()).abs().max().item()


def _results(layer: nn.Module, input: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Everything a layer computes, by name; the loss weights outputs and states at random, so no errors cancel."""
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
