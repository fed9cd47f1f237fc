"""Many runs of one layer at once, each with its own weights: the basis of training runs of a sweep as one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import PARAMETERS, Call, Gradients, Steps, through_unroll, weights_of
from rnncompare.models.fast.triton.engine import StackedEngine


def unroll_stacked(
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
    engine: StackedEngine | None = None,
) -> tuple[Tensor, State]:
    """Apply ``cell`` to every step of the input of R runs, each with its own weights.

    Args:
        cell: the equations, those of `EQUATIONS`.
        input: ``(R, T, B, I)``, or the data ``(R, N, I)`` of packed sequences, of the same lengths in all runs.
        state: the initial states, ``(R, B, H)`` each.
        w: the parameters of the layer and direction, each with a leading axis of R runs.
        batch_sizes: for packed data, how many sequences are active at each step.
        reverse: from the last step to the first.
        engine: another than the default.

    Returns:
        The outputs ``(R, T, B, H)`` or ``(R, N, H)``, and the final states ``(R, B, H)``.
    """
    sizes = (input.size(2),) * input.size(1) if batch_sizes is None else tuple(batch_sizes)
    rows = input.flatten(1, 2) if batch_sizes is None else input
    parameters = [getattr(w, name) for name in PARAMETERS]
    output, *final = _Runs.apply(engine or StackedEngine(), cell, Steps(sizes, reverse), rows, *state, *parameters)
    return output if batch_sizes is not None else output.unflatten(1, input.shape[1:3]), tuple(final)


class _Runs(torch.autograd.Function):
    """A layer of all runs as one node."""

    @staticmethod
    def forward(
        ctx: Any, engine: StackedEngine, cell: Cell, steps: Steps, input: Tensor, *rest: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.engine, ctx.cell, ctx.steps = engine, cell, steps
        output, final, saved = engine.forward(_call(cell, steps, input, *rest), save=any(ctx.needs_input_grad))
        ctx.save_for_backward(input, *rest, output, *saved)
        ctx.set_materialize_grads(False)
        return output, *final

    @staticmethod
    def backward(ctx: Any, d_output: Tensor | None, *d_state: Tensor | None) -> tuple[Tensor | None, ...]:
        needed = ctx.needs_input_grad[3:]
        tensors = ctx.saved_tensors
        inputs, (output, *saved) = tensors[: len(needed)], tensors[len(needed) :]
        if torch.is_grad_enabled():  # for a gradient of the gradient
            return None, None, None, *_run_by_run(ctx.cell, ctx.steps, inputs, needed, (d_output, *d_state))
        names = ("input", *map(str, range(len(ctx.cell.states))), *PARAMETERS)
        wanted = {name for name, need in zip(names, needed, strict=True) if need}
        call = _call(ctx.cell, ctx.steps, *inputs)
        found = ctx.engine.backward(call, output, tuple(saved), d_output, d_state, wanted)
        return None, None, None, *(found[name] if name in wanted else None for name in names)


def _run_by_run(
    cell: Cell, steps: Steps, inputs: Gradients, needed: tuple[bool, ...], gradients: Gradients
) -> list[Tensor | None]:
    """The gradients of all runs by autograd through the loop, one run after the other."""
    first = next(t for t in inputs if t is not None)
    runs = [
        through_unroll(
            cell,
            tuple(None if t is None else t[run] for t in inputs),
            (list(steps.sizes), steps.reverse),
            needed,
            tuple(None if d is None else d[run] for d in gradients),
        )
        for run in range(len(first))
    ]
    return [None if found[0] is None else torch.stack(found) for found in zip(*runs, strict=True)]


def unroll_under_vmap(
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """As `unroll` of one run within `torch.func.vmap` over R runs, which calls `unroll_stacked` once for all."""
    parameters = [getattr(w, name) for name in PARAMETERS]
    output, *final = _OneOfRuns.apply(cell, batch_sizes, reverse, input, *state, *parameters)
    return output, tuple(final)


class _OneOfRuns(torch.autograd.Function):
    """A layer of one run, of which only `vmap` is ever asked."""

    @staticmethod
    def forward(*_arguments: Any) -> tuple[Tensor, ...]:
        raise RuntimeError("a layer of one run outside vmap")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Nothing: the stacked layer keeps what backward needs."""

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        cell: Cell,
        batch_sizes: list[int] | None,
        reverse: bool,
        *tensors: Tensor | None,
    ) -> tuple[tuple[Tensor, ...], tuple[int, ...]]:
        """All runs at once: results with the axis of runs, and where that is."""
        given: list[Any] = [
            None if t is None else t.expand(info.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)
            for t, dim in zip(tensors, in_dims[3:], strict=True)
        ]
        input, rest = given[0], given[1:]
        count = len(cell.states)
        output, final = unroll_stacked(cell, input, tuple(rest[:count]), weights_of(rest[count:]), batch_sizes, reverse)
        return (output, *final), (0,) * (1 + count)


def _call(cell: Cell, steps: Steps, input: Tensor, *rest: Tensor) -> Call:
    count = len(cell.states)
    return Call(cell, steps, input, rest[:count], weights_of(rest[count:]))
