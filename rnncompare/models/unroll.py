"""One layer in one direction, one plain step at a time: the reading version of the recurrence."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights


def unroll(
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Apply ``cell`` to every step of ``input``; autograd differentiates it, any number of times.

    A packed batch holds its sequences longest first, and a step holds only those that last that long: the active batch
    shrinks where sequences end; in reverse it grows where they begin.

    Args:
        cell: the equations.
        input: ``(T, B, I)``, or the data ``(N, I)`` of a `torch.nn.utils.rnn.PackedSequence`.
        state: the initial states, the first ``(B, P)``, others ``(B, H)``.
        w: the parameters of the layer and direction.
        batch_sizes: for packed data, how many sequences are active at each step.
        reverse: from the last step to the first.

    Returns:
        The outputs ``(T, B, P)`` or ``(N, P)``, in the order of the input's steps, and the states after the last step
        taken of each sequence.
    """
    x = w.input(input)
    steps = x.unbind(0) if batch_sizes is None else x.split(batch_sizes)
    if reverse:
        steps = steps[::-1]
    active = steps[0].size(0)  # `len` would be a constant of an exported graph
    state, waiting = _divide(state, active)
    outputs: list[Tensor] = []
    ended: list[State] = []
    for x_t in steps:
        rows = x_t.size(0)
        if rows < active:
            state, shortest = _divide(state, rows)
            ended.append(shortest)
        elif rows > active:
            longer, waiting = _divide(waiting, rows - active)
            state = _join([state, longer])
        active = rows
        before, state = state, cell.step(x_t, state, w)
        if not outputs:
            _require_states(cell, state, before)
        outputs.append(state[0])
    if ended:
        state = _join([state, *reversed(ended)])
    if reverse:
        outputs.reverse()
    return torch.stack(outputs) if batch_sizes is None else torch.cat(outputs), state


def _require_states(cell: Cell, after: object, before: State) -> None:
    """Raise `TypeError` unless a step gives states as it was given."""
    many = isinstance(after, tuple) and len(after) == len(before)
    if not many or any(a.shape != b.shape for a, b in zip(cast("State", after), before, strict=True)):
        found = tuple(tuple(s.shape) for s in after) if isinstance(after, tuple) else type(after).__name__
        shapes = tuple(tuple(s.shape) for s in before)
        raise TypeError(f"{type(cell).__name__}.step gives {found}; a tuple of states of shapes {shapes} is needed")


def _divide(state: State, rows: int) -> tuple[State, State]:
    """The first ``rows`` sequences of the batch, and the others."""
    if rows == state[0].size(0):
        return state, ()
    first, others = zip(*(s.tensor_split([rows]) for s in state), strict=True)
    return first, others


def _join(states: list[State]) -> State:
    return tuple(torch.cat(parts) for parts in zip(*states, strict=True))
