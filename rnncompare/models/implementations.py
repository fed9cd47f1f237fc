"""Which function runs a layer: the one place where an implementation is chosen."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from rnncompare.base.errors import SettingError
from rnncompare.models import fast
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast import parallel_scan
from rnncompare.models.unroll import unroll

IMPLEMENTATIONS = ("auto", "loop", "fused")


class Unrolling(Protocol):
    """What every implementation is: a function of the signature and the result of `unroll`."""

    def __call__(
        self,
        cell: Cell,
        input: Tensor,
        state: State,
        w: Weights,
        batch_sizes: list[int] | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, State]: ...


def choose(implementation: str, cell: Cell, input: Tensor, w: Weights) -> tuple[str, Unrolling]:
    """The implementation for one layer and direction: its name for the record, and its function.

    Args:
        implementation: the request: ``auto``, the fastest there is; ``loop``, the reading version; ``fused``, the fast
            path in PyTorch alone, the same on every machine. Where a fast path cannot serve, the loop runs.
        cell: the equations.
        input: the layer's input, for its dtype, device and size.
        w: the layer's parameters.

    Raises:
        SettingError: no such implementation, or it does not serve this cell.
    """
    if implementation != "loop" and parallel_scan.serves(cell) and (implementation == "fused" or input.is_cuda):
        return "parallel_scan", parallel_scan.parallel_scan
    if implementation != "loop":
        for name, function in fast.paths(cell, input, w):
            if implementation in ("auto", name):
                return name, function
    if implementation in ("auto", "loop") or fast.knows(cell):
        return "loop", unroll
    raise SettingError("model.implementation", implementation, f"not available for {type(cell).__name__}; loop or auto")
