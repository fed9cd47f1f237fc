"""The subjects of a benchmark: one cell by one implementation, in a network, all with the same weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from rnncompare.base.errors import SettingError
from rnncompare.models.architecture import Architecture
from rnncompare.models.network import Network
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.reference import MODULES

STEP_MODULES: dict[str, Callable[[int, int], nn.RNNCellBase]] = {
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
    "rnn": nn.RNNCell,
}


@dataclass(frozen=True)
class Subject:
    """One thing to be timed.

    Attributes:
        cell: the name of its equations.
        implementation: the name that was asked for.
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
    """The smallest network around a layer: real inputs, one output after the last step."""
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
    """The network that subjects of ``cell`` must agree with: torch's where there is one, else the plain loop."""
    implementation = "torch" if f"torch_{cell}" in MODULES else "loop"
    torch.manual_seed(0)
    return _computing_in(dtype, Network(architecture(cell, implementation, input.size(-1), hidden_size)).to(input))


def build(cell: str, implementation: str, weights: Network, input: Tensor, dtype: torch.dtype) -> Subject | None:
    """The subject, on the device of ``input`` and with the weights of the reference, having run once.

    None where the cell has no such implementation, or where a request for a fast one ends in the plain loop.

    Args:
        cell: the name of the equations.
        implementation: one of `grid.IMPLEMENTATIONS`.
        weights: the `reference`.
        input: ``(T, B, I)``, of the parameters' dtype.
        dtype: what to compute in.

    Raises:
        RuntimeError: of torch's compiler, in many classes, where it does not work.
    """
    plan = weights.architecture
    if implementation in ("torch", "cell_loop") and f"torch_{cell}" not in MODULES:
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
    try:
        network.recurrent(input)
    except SettingError:
        return None
    ran = getattr(network.recurrent, "implementation_used", implementation)
    if implementation in ("fused", "auto") and ran == "loop":
        return None
    return Subject(cell, implementation, implementation if implementation == "compiled_loop" else ran, network)


def compile_step(layer: Recurrent) -> None:
    """Have torch.compile translate the layer's step.

    The loop over it stays Python's: compiled as a whole, 50 steps of a GRU took minutes to translate.
    """
    # Within this process: the compiler's helpers would outlive it, and leave semaphores behind.
    step = torch.compile(layer.cell.step, dynamic=False, options={"compile_threads": 1})
    object.__setattr__(layer.cell, "step", step)  # the cell is frozen, but this layer's own


def _computing_in(dtype: torch.dtype, network: Network) -> Network:
    """``network`` itself, its forward passes under autocast where that is how ``dtype`` is reached."""
    if dtype == torch.bfloat16:
        for module in (network, network.recurrent):
            device = next(network.parameters()).device.type
            module.forward = torch.autocast(device, dtype)(module.forward)
    return network
