"""A module of one layer in one direction, straight to the kernels: a short step takes less time than what surrounds it.

What `rnncompare.models.fast.function` does for every engine, packed sequences and stacks of layers, this does for dense
input, with the states as the module takes and gives them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast import compiled
from rnncompare.models.fast.function import PARAMETERS, Gradients, step_of, through_unroll
from rnncompare.models.fast.watched import is_transformed, is_watched, needs_autograd

NONE_WANTED: Gradients = (None,) * len(compiled.WANTED)


def layer(cell: Cell, input: Tensor, state: State | None, parameters: dict[str, Tensor]) -> tuple[Tensor, State] | None:
    """Apply ``cell`` to every step of ``input``, if the kernels can read all that is given.

    Args:
        cell: the equations.
        input: ``(T, B, I)``.
        state: the initial states, ``(1, B, H)``; zeros if None.
        parameters: by the names of `PARAMETERS`.

    Returns:
        The outputs ``(T, B, H)`` and the final states ``(1, B, H)``; None for what the kernels do not serve, errors
        included.
    """
    if is_transformed() or is_watched() or torch.is_autocast_enabled("cpu"):
        return None
    if not compiled.serves(cell, input, Weights(**parameters)):
        return None
    count = len(cell.states)
    shape = (1, input.size(1), parameters["weight_hh"].size(1))
    if state is None:
        initial: Gradients = (None,) * count
    elif len(state) == count and all(s.shape == shape for s in state) and compiled.readable(input.dtype, state):
        initial = state
    else:
        return None
    # The kernels would copy an input of strides in both passes; the caller may write to that of a copy.
    given = (input.contiguous(), *initial, *map(parameters.get, PARAMETERS))
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in given):
        output, *final = _Layer.apply(cell, *given)
    else:
        output, final, _ = _forward(cell, given, save=False)
    return output, tuple(final)


def _forward(cell: Cell, given: Gradients, save: bool) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Outputs, final states and, if ``save``, the gates and cells that the backward pass reads."""
    input, w_hh = given[0], given[-4]
    assert input is not None
    assert w_hh is not None
    (steps, batch, _), hidden = input.shape, w_hh.size(1)
    output = input.new_empty((steps, batch, hidden))
    final = [input.new_empty((1, batch, hidden)) for _ in cell.states]
    shapes = compiled.saved_shapes(cell, steps * batch, w_hh) if save else ()
    saved = [input.new_empty(shape) for shape in shapes]
    results = (output, *compiled.two(final), *compiled.two(saved), None, None, None)
    compiled.kernel("forward", cell, (steps, batch), False, (*_arguments(given), *results, *NONE_WANTED))
    return output, final, saved


def _arguments(given: Gradients) -> Gradients:
    """``given`` in the order of `compiled.ARGUMENTS`."""
    input, *state, w_ih, w_hh, b_ih, b_hh, _ = given
    return (None, input, w_ih, w_hh, b_ih, b_hh, *compiled.two(state))


class _Layer(torch.autograd.Function):
    """The layer as one node."""

    @staticmethod
    def forward(ctx: Any, cell: Cell, *given: Tensor | None) -> tuple[Tensor, ...]:
        output, final, saved = _forward(cell, given, save=True)
        # The caller may write to the output; of a single step the backward pass of gates does not read it.
        read = len(output) > 1 or step_of(cell) is RNNCell.step
        ctx.cell = cell
        ctx.save_for_backward(*given, output.clone() if read else None, *saved)
        ctx.set_materialize_grads(False)
        return output, *final

    @staticmethod
    def backward(ctx: Any, d_output: Tensor | None, *d_final: Tensor | None) -> tuple[Tensor | None, ...]:
        cell, needed, tensors = ctx.cell, ctx.needs_input_grad[1:], ctx.saved_tensors
        given, (output, *saved) = tensors[: len(needed)], tensors[len(needed) :]
        if needs_autograd((d_output, *d_final)):
            return None, *_through_unroll(cell, given, needed, (d_output, *d_final))
        found = [
            torch.empty_like(t, memory_format=torch.contiguous_format) if need else None
            for t, need in zip(given, needed, strict=True)
        ]
        d_input, *d_state, dw_ih, dw_hh, db_ih, db_hh, _ = found
        results = (output, None, None, *compiled.two(saved), d_output, *compiled.two(d_final))
        wanted = (d_input, dw_ih, dw_hh, db_ih, db_hh, *compiled.two(d_state))
        compiled.kernel("backward", cell, given[0].shape[:2], False, (*_arguments(given), *results, *wanted))
        return None, *found


def _through_unroll(
    cell: Cell, given: tuple[Tensor | None, ...], needed: tuple[bool, ...], gradients: Gradients
) -> list[Tensor | None]:
    """The gradients by autograd. Here states have a first dimension of 1."""
    input, *rest = given
    count, w_hh = len(cell.states), given[-4]
    assert input is not None
    assert w_hh is not None
    zeros = input.new_zeros(input.size(1), w_hh.size(1))
    state = (zeros if s is None else s.squeeze(0) for s in rest[:count])
    d_output, *d_final = gradients
    d_final = [None if d is None else d.squeeze(0) for d in d_final]
    inputs = (input, *state, *rest[count:])
    found = through_unroll(cell, inputs, (None, False), needed, (d_output, *d_final))
    found[1 : 1 + count] = [None if d is None else d.unsqueeze(0) for d in found[1 : 1 + count]]
    return found
