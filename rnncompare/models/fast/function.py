"""One layer in one direction as a single autograd node with an analytic backward, whatever computes it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.watched import needs_autograd
from rnncompare.models.unroll import unroll

PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
"""The parameters that a standard cell may have, as attributes of `Weights`."""

Tensors = tuple[Tensor, ...]
Gradients = tuple[Tensor | None, ...]
"""None for what the loss does not depend on."""


@dataclass(frozen=True)
class Steps:
    """How the rows of all steps of a layer lie in ``(N, ·)``: one step after another.

    Attributes:
        sizes: the number of active sequences B_t of each step, never growing.
        reverse: whether the recurrence runs from the last step to the first.
    """

    sizes: tuple[int, ...]
    reverse: bool

    @property
    def batch(self) -> int:
        """B, the number of sequences."""
        return self.sizes[0]

    @cached_property
    def dense(self) -> bool:
        """Whether all sequences are of one length."""
        return self.sizes[0] == self.sizes[-1]

    @cached_property
    def offsets(self) -> list[int]:
        """The first row of each step."""
        return list(accumulate(self.sizes[:-1], initial=0))

    def in_time(self) -> range:
        """The indices of the steps in the order in which the recurrence takes them."""
        last = len(self.sizes)
        return range(last - 1, -1, -1) if self.reverse else range(last)

    def active(self, sequences: Tensor, t: int) -> Tensor:
        """The rows of ``(B, ·)`` whose sequences take step t."""
        n = self.sizes[t]
        return sequences if len(sequences) == n else sequences[:n]

    def split(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Views of each step's rows of ``(N, ·)``."""
        if self.dense:
            return rows.view(len(self.sizes), self.batch, *rows.shape[1:]).unbind(0)
        return rows.split(self.sizes)

    def carry(self, earlier: Tensor, initial: Tensor, t: int) -> Tensor:
        """The state before step t, ``(B_t, ·)``, from the states after the step before it in time.

        Ended sequences are dropped; in reverse, sequences that begin join with their ``initial`` state ``(B, ·)``.
        """
        n = self.sizes[t]
        if len(earlier) >= n:
            return earlier if len(earlier) == n else earlier[:n]
        return torch.cat((earlier, initial[len(earlier) : n]))

    def final(self, rows: Tensor) -> Tensor:
        """The last row in time of each sequence, ``(B, ·)``, of ``(N, ·)``."""
        parts = self.split(rows)
        if self.dense or self.reverse:
            return parts[0 if self.reverse else -1].clone()
        lasting = (*self.sizes[1:], 0)
        return torch.cat([p[n:] for p, n in zip(reversed(parts), reversed(lasting), strict=True)])

    def before(self, rows: Tensor, initial: Tensor) -> list[tuple[slice, Tensor]]:
        """The value one step before each row: pairs of rows of ``(N, ·)`` and the values of ``rows`` a step earlier.

        For a sequence's first step that is ``initial`` ``(B, ·)``.
        """
        batch, last = self.batch, len(rows) - self.batch
        if self.dense and self.reverse:
            return [(slice(0, last), rows[batch:]), (slice(last, None), initial)]
        if self.dense:
            return [(slice(batch, None), rows[:last]), (slice(0, batch), initial)]
        parts = self.split(rows)
        if self.reverse:
            following = [*parts[1:], initial[:0]]
            earlier = [t for f, n in zip(following, self.sizes, strict=True) for t in (f, initial[len(f) : n])]
        else:
            earlier = [initial, *(p[:n] for p, n in zip(parts[:-1], self.sizes[1:], strict=True))]
        return [(slice(None), torch.cat(earlier))]


@dataclass(frozen=True)
class Call:
    """The arguments of a layer in one direction; no tensor here takes a gradient.

    Attributes:
        cell: the equations.
        steps: the layout of all rows ``(N, ·)``.
        input: x, ``(N, I)``.
        state: the initial states, the first ``(B, P)``, others ``(B, H)``.
        w: the parameters.
    """

    cell: Cell
    steps: Steps
    input: Tensor
    state: State
    w: Weights


def step_of(cell: Cell) -> object:
    """What cells with the same equations share: the function of their step."""
    return type(cell).step


def to_carry(d_state: Gradients, state: State) -> list[Tensor]:
    """Buffers for the gradients that pass from step to step, holding those of the final states at first."""
    return [
        torch.zeros_like(s, memory_format=torch.contiguous_format)
        if d is None
        else d.clone(memory_format=torch.contiguous_format)
        for d, s in zip(d_state, state, strict=True)
    ]


class Engine(Protocol):
    """Computes a layer in one direction, forward and backward."""

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        """Outputs ``(N, P)``, final states, and, if ``save``, what `backward` needs."""

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        """The gradients of at least what is ``wanted``: `PARAMETERS`, ``input``, and ``0``, ``1`` for the states."""

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        """The shapes of what `forward` saves for N ``rows``, in its order; all are of the input's dtype."""


def run(
    engine: Engine,
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Apply ``cell`` to every step of ``input`` by ``engine``; arguments and results are those of `unroll`."""
    sizes = (input.size(1),) * input.size(0) if batch_sizes is None else tuple(batch_sizes)
    steps = Steps(sizes, reverse)
    rows = input.reshape(-1, input.size(-1))
    parameters = (w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh, w.weight_hr)
    if torch.is_grad_enabled() and any(t.requires_grad for t in (rows, *state, *parameters) if t is not None):
        output, *final = _Layer.apply(engine, cell, steps, rows, *state, *parameters)
    else:
        output, final, _ = engine.forward(Call(cell, steps, rows, state, w), save=False)
    return output if batch_sizes is not None else output.view(*input.shape[:2], -1), tuple(final)


class _Layer(torch.autograd.Function):
    """The layer as one node: the engine computes its gradients, `unroll` those of gradients and many at once."""

    @staticmethod
    def forward(ctx: Any, engine: Engine, cell: Cell, steps: Steps, input: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        count = len(cell.states)
        state, parameters = rest[:count], rest[count:]
        output, final, saved = engine.forward(Call(cell, steps, input, state, weights_of(parameters)), save=True)
        ctx.engine, ctx.cell, ctx.steps = engine, cell, steps
        ctx.save_for_backward(input, *rest, output, *saved)
        ctx.set_materialize_grads(False)
        return output, *final

    @staticmethod
    def backward(ctx: Any, d_output: Tensor | None, *d_state: Tensor | None) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        tensors = ctx.saved_tensors  # read once: checkpointing unpacks them a single time
        inputs, (output, *saved) = tensors[: len(needed)], tensors[len(needed) :]
        if needs_autograd((d_output, *d_state)):
            arguments = (list(ctx.steps.sizes), ctx.steps.reverse)
            return None, None, None, *through_unroll(ctx.cell, inputs, arguments, needed, (d_output, *d_state))
        count = len(ctx.cell.states)
        names = ("input", *map(str, range(count)), *PARAMETERS)
        wanted = {name for name, need in zip(names, needed, strict=True) if need}
        input, *rest = inputs
        call = Call(ctx.cell, ctx.steps, input, tuple(rest[:count]), weights_of(rest[count:]))
        found = ctx.engine.backward(call, output, tuple(saved), d_output, d_state, wanted)
        return None, None, None, *(found[name] if name in wanted else None for name in names)


def weights_of(parameters: Any) -> Weights:
    """The `Weights` of `PARAMETERS` in their order, None for those that are missing."""
    return Weights(**dict(zip(PARAMETERS, parameters, strict=True)))


def through_unroll(
    cell: Cell,
    inputs: tuple[Tensor | None, ...],
    arguments: tuple[list[int] | None, bool],
    needed: tuple[bool, ...],
    gradients: Gradients,
) -> list[Tensor | None]:
    """The gradients by autograd through the reading version; where they have a graph they can be differentiated again.

    Args:
        cell: the equations.
        inputs: the input, the initial states and `PARAMETERS`.
        arguments: the last two of `unroll`.
        needed: which of ``inputs`` want a gradient.
        gradients: of the output and the final states.
    """
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        # Views, so that an input computed from another input here does not pass its gradient on twice.
        own: list[Any] = [None if t is None else t.view_as(t) for t in inputs]
        input, *rest = own
        count = len(cell.states)
        output, final = unroll(cell, input, tuple(rest[:count]), weights_of(rest[count:]), *arguments)
    pairs = [(o, g) for o, g in zip((output, *final), gradients, strict=True) if g is not None]
    targets = [t for t, need in zip(own, needed, strict=True) if need]
    found = iter(
        torch.autograd.grad(
            [o for o, _ in pairs], targets, [g for _, g in pairs], create_graph=again, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needed]
