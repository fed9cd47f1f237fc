"""Chooses the function that runs a layer."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from torch import Tensor

from rnncompare.base.errors import SettingError
from rnncompare.models import fast
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast import operator, parallel_scan
from rnncompare.models.unroll import unroll

IMPLEMENTATIONS = ("auto", "loop", "fused")


class Unrolling(Protocol):
    """An implementation: a function with the arguments and the results of `unroll`."""

    def __call__(
        self,
        cell: Cell,
        input: Tensor,
        state: State,
        w: Weights,
        batch_sizes: list[int] | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, State]: ...


def has_fast_path(cell: Cell) -> bool:
    """Whether there is a way faster than the loop for the cell, if not for every input."""
    return fast.knows(cell) or parallel_scan.serves(cell)


def choose(implementation: str, cell: Cell, input: Tensor, w: Weights, packed: bool = False) -> tuple[str, Unrolling]:
    """The implementation for one layer and direction: its name for the record, and its function.

    Args:
        implementation: the request: ``auto``, the fastest there is; ``loop``, the reading version; ``fused``, the fast
            path in PyTorch alone, the same on every machine. The loop runs where no fast path serves.
        cell: the equations.
        input: the layer's input, for its dtype, device and size.
        w: the layer's parameters.
        packed: whether the input is packed data.

    Returns:
        While PyTorch compiles, exports or traces, ``operator``: one node of the graph, which picks its engine as it
        runs.

    Raises:
        SettingError: the implementation does not serve this cell.
    """
    if implementation != "loop" and parallel_scan.serves(cell) and (implementation == "fused" or input.is_cuda):
        return "parallel_scan", parallel_scan.parallel_scan
    if implementation != "loop":
        if not packed and operator.serves(cell, input):
            return "operator", partial(operator.layer, implementation)
        for name, function in fast.paths(cell, input, w):
            if implementation in ("auto", name):
                return name, function
    if implementation in ("auto", "loop") or has_fast_path(cell):
        return "loop", unroll
    raise SettingError("model.implementation", implementation, f"not available for {type(cell).__name__}; loop or auto")
