"""Gates and states of a GRU and an LSTM, found by running the cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from rnncompare.claims.exact_checks import Check
from rnncompare.models import cells
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.modules import GRU

BATCH, INPUT, HIDDEN = 8, 3, 5
SHUT, OPEN = -1e4, 1e4  # what a sigmoid maps to exactly 0 and 1
ROUNDING = 1e-12


def checks() -> list[Check]:
    """Gates, states, the way to the output, and where the reset gate enters."""
    return [
        _gates("gru", 2),
        _gates("lstm", 3),
        _non_linearities("gru", 1),
        _non_linearities("lstm", 2),
        _states("gru", 1),
        _states("lstm", 2),
        _silencing("gru", []),
        _silencing("lstm", ["output"]),
        _output_is_state(),
        _weighted_sum(),
        *_reset_gate("gru"),
        *_reset_gate("gru_reset_before"),
    ]


class OneStep:
    """One step of a cell from a random input, state and weights, in float64.

    Attributes:
        cell: the equations.
        x: ``(B, G H)``, the input's part of all gates.
        state: the states before.
        w: the weights.
    """

    def __init__(self, name: str):
        random = torch.Generator().manual_seed(0)

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=random, dtype=torch.float64)

        self.cell: Cell = cells.cell_class(name)()
        self.x = normal(BATCH, len(self.cell.gates) * HIDDEN)
        self.state: State = tuple(normal(BATCH, HIDDEN) for _ in self.cell.states)
        self.w = Weights(**{key: normal(*shape) for key, shape in self.cell.shapes(INPUT, HIDDEN).items()})

    def step(self, driven: Mapping[str, float] | None = None, state: State | None = None) -> State:
        """The states after, with the pre-activations of some gates driven to a value."""
        x = self.x.clone()
        for gate, value in (driven or {}).items():
            start = self.cell.gates.index(gate) * HIDDEN
            x[:, start : start + HIDDEN] = value
        return self.cell.step(x, self.state if state is None else state, self.w)


class _Activations(TorchDispatchMode):
    """Counts the numbers that sigmoid and tanh are applied to."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (name := func.overloadpacket.__name__) in ("sigmoid", "tanh"):
            self.count[name] += result.numel()
        return result


def _per_unit(name: str) -> Counter[str]:
    """How many of each activation a unit uses in a step."""
    one, activations = OneStep(name), _Activations()
    with activations:
        one.step()
    return Counter({kind: count // (BATCH * HIDDEN) for kind, count in activations.count.items()})


def _gates(name: str, expected: int) -> Check:
    found = _per_unit(name)["sigmoid"]
    named = [gate for gate in cells.cell_class(name).gates if gate != "candidate"]
    statement = f"{name}: gates, which are the sigmoids that a unit takes in a step"
    holds = found == expected == len(named)
    return Check(statement, str(expected), f"{found}: {', '.join(named)}", holds, found)


def _non_linearities(name: str, expected: int) -> Check:
    found = _per_unit(name)["tanh"]
    which = {1: "the candidate's alone", 2: "the candidate's, and one on the way to the output"}
    statement = f"{name}: non-linearities beside the gates that a unit takes in a step"
    return Check(statement, f"{expected}, {which[expected]}", str(found), found == expected, found)


def _states(name: str, expected: int) -> Check:
    one = OneStep(name)
    found = len(one.step())
    statement = f"{name}: states that it hands to the next step"
    return Check(statement, str(expected), f"{found}: {', '.join(one.cell.states)}", found == expected, found)


def _silencing(name: str, expected: list[str]) -> Check:
    """Which gates, when shut, make the output 0 whatever the past and the input: those on the way to the output."""
    one = OneStep(name)
    found = [gate for gate in one.cell.gates if not one.step({gate: SHUT})[0].any()]
    statement = f"{name}: gates that silence the output when shut"
    return Check(statement, ", ".join(expected) or "none", ", ".join(found) or "none", found == expected)


def _output_is_state() -> Check:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = GRU(INPUT, HIDDEN, dtype=torch.float64)
        output, final = layer(torch.randn(6, BATCH, INPUT, dtype=torch.float64))
    assert isinstance(output, Tensor)  # neither packed
    assert isinstance(final, Tensor)  # nor several
    difference = (output[-1] - final[0]).abs().max().item()
    return Check("gru: output less state, largest difference", "0", f"{difference:g}", difference == 0, difference)


def _weighted_sum() -> Check:
    """h_t lies between h_{t-1} and n_t, which is what remains when the update gate is shut."""
    one = OneStep("gru")
    (h,), (n,), (after,) = one.state, one.step({"update": SHUT}), one.step()
    low, high = torch.minimum(h, n), torch.maximum(h, n)
    outside = torch.maximum(low - after, after - high).clamp(min=0).max().item()
    return Check(
        "gru: the output is a weighted sum of old state and candidate: how far it lies outside of the two",
        f"0, to rounding ({ROUNDING:g})",
        f"{outside:g}",
        outside <= ROUNDING,
        outside,
    )


def _reset_gate(name: str) -> list[Check]:
    """Where the reset gate enters, seen in the candidate, which is the new state when the update gate is shut."""
    one = OneStep(name)

    def sensitivity(reset: float) -> float:
        """The largest derivative of a unit's candidate with respect to a unit of the previous state."""

        def candidate(h: Tensor) -> Tensor:
            return one.step({"reset": reset, "update": SHUT}, (h,))[0]

        return float(torch.autograd.functional.jacobian(candidate, one.state[0]).abs().max())

    shut, opened = sensitivity(SHUT), sensitivity(OPEN)
    assert one.w.bias_hh is not None
    one.w.bias_hh.zero_()  # where the gate comes after the product it scales this as well
    nothing = (torch.zeros_like(one.state[0]),)
    candidates = [one.step({"reset": reset, "update": SHUT}, nothing)[0] for reset in (SHUT, OPEN)]
    effect = (candidates[1] - candidates[0]).abs().max().item()
    return [
        Check(
            f"{name}: largest derivative of the candidate by the previous state, reset gate shut and open",
            "0 and more than 0",
            f"{shut:g} and {opened:.3g}",
            shut == 0 < opened,
            opened,
        ),
        Check(
            f"{name}: what the reset gate changes in the candidate where the previous state is 0",
            "0",
            f"{effect:g}",
            effect == 0,
            effect,
        ),
    ]
