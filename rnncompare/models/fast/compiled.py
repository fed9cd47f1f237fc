"""The fast path in C: all steps of a layer in one call, for float32 and float64 on a CPU."""

from __future__ import annotations

import ctypes
import functools
import struct
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast.build import kernels
from rnncompare.models.fast.function import Call, Engine, Gradients, Tensors, run, step_of

REALS = {torch.float32: "float", torch.float64: "double"}
GATES: dict[object, int] = {LSTMCell.step: 4, GRUCell.step: 3, RNNCell.step: 1}
KINDS = {step: kind for kind, step in enumerate(GATES)}
BLOCKS: dict[object, int] = {LSTMCell.step: 4, GRUCell.step: 4, RNNCell.step: 0}
"""Values saved for backward for each unit and step: all gates, the GRU's W_hn h + b_hn too; the RNN's is its output."""
MINIMUM_PER_THREAD = 1_000_000
"""Multiply-adds of a layer's forward pass below which another thread does not pay."""

NUMBERS = ("cell", "steps", "batch", "input", "hidden", "reverse", "threads", "team")
ARGUMENTS = ("sizes", "x", "w_ih", "w_hh", "b_ih", "b_hh", "h_0", "c_0")
RESULTS = ("y", "h_n", "c_n", "gates", "cells", "dy", "dh_n", "dc_n")
WANTED = {
    "input": "dx",
    "weight_ih": "dw_ih",
    "weight_hh": "dw_hh",
    "bias_ih": "db_ih",
    "bias_hh": "db_hh",
    "0": "dh_0",
    "1": "dc_0",
}
"""The names of gradients in kernels.c."""
_LAYER = struct.Struct(f"{len(NUMBERS) + len(ARGUMENTS) + len(RESULTS) + len(WANTED)}q")
"""`Layer` of kernels.c: numbers, then addresses in the order of the names above."""


def serves(cell: Cell, input: Tensor, w: Weights) -> bool:
    """Whether the kernels know the cell and can read these tensors; the shapes are looked at here, as C trusts them."""
    gates = GATES.get(step_of(cell))
    if gates is None or w.weight_hr is not None or input.dim() not in (2, 3):
        return False
    hidden, ih, hh = w.weight_hh.size(-1), w.bias_ih, w.bias_hh
    rows = gates * hidden
    return (
        w.weight_ih.shape == (rows, input.size(-1))
        and w.weight_hh.shape == (rows, hidden)
        and (ih is None or ih.shape == (rows,))
        and (hh is None or hh.shape == (rows,))
        and input.numel() > 0
        and hidden > 0
        and readable(input.dtype, (input, w.weight_ih, w.weight_hh, ih, hh))
        and kernels() is not None
    )


def suits(cell: Cell, dtype: torch.dtype, device: torch.device, w: Weights) -> bool:
    """Whether the kernels serve this kind of layer; what `serves` asks of its tensors is not looked at."""
    known = step_of(cell) in GATES and w.weight_hr is None and dtype in REALS and device.type == "cpu"
    return known and kernels() is not None


class CompiledUnrolling:
    """A function of the signature and the result of `rnncompare.models.unroll.unroll`.

    Args:
        fallback: the engine for initial states that the kernels cannot read.
    """

    def __init__(self, fallback: Engine):
        self._fallback = fallback

    def __call__(
        self,
        cell: Cell,
        input: Tensor,
        state: State,
        w: Weights,
        batch_sizes: list[int] | None = None,
        reverse: bool = False,
    ) -> tuple[Tensor, State]:
        """Apply ``cell`` to every step of ``input``."""
        batch = input.size(1) if batch_sizes is None else batch_sizes[0]
        shape = (batch, w.weight_hh.size(-1))
        fitting = len(state) == len(cell.states) and all(s.shape == shape for s in state)
        if batch_sizes is not None:
            fitting &= sum(batch_sizes) == len(input) and min(batch_sizes) > 0
            fitting &= all(a >= b for a, b in pairwise(batch_sizes))
        engine = CompiledEngine() if fitting and readable(input.dtype, state) else self._fallback
        return run(engine, cell, input, state, w, batch_sizes, reverse)


def readable(dtype: torch.dtype, tensors: Gradients) -> bool:
    """Whether the kernels can read the ``tensors`` that are there, all of one ``dtype``."""
    for t in tensors:
        if t is not None and not (
            (type(t) is Tensor or type(t) is torch.nn.Parameter)
            and t.is_cpu
            and t.dtype is dtype
            and t.layout is torch.strided
            and not t.is_neg()
        ):
            return False
    return dtype in REALS


class CompiledEngine:
    """An `Engine` that calls the kernels."""

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        rows, state, hidden = len(call.input), call.state, call.w.weight_hh.size(1)
        output = call.input.new_empty((rows, hidden))
        final = tuple(torch.empty_like(s, memory_format=torch.contiguous_format) for s in state)
        shapes = self.saved_shapes(call.cell, rows, call.w) if save else []
        saved = tuple(call.input.new_empty(shape) for shape in shapes)
        _call("forward", call, (output, *two(final), *two(saved), None, None, None), (None,) * len(WANTED))
        return output, final, saved

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        sources = {"input": call.input, "0": call.state[0], "1": call.state[-1], **vars(call.w)}
        found = {name: torch.empty_like(sources[name], memory_format=torch.contiguous_format) for name in wanted}
        given = (output, None, None, *two(saved), d_output, *two(d_state))
        _call("backward", call, given, tuple(found.get(name) for name in WANTED))
        return found

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        return saved_shapes(cell, rows, w.weight_hh)


def saved_shapes(cell: Cell, rows: int, w_hh: Tensor) -> list[tuple[int, ...]]:
    """The shapes of what the kernels save for N ``rows``."""
    blocks, hidden, lanes = BLOCKS[step_of(cell)], w_hh.size(1), _lanes(w_hh.dtype)
    padded = -(-hidden // lanes) * lanes
    shapes: list[tuple[int, ...]] = [(rows, blocks, padded)] if blocks else []
    return [*shapes, (rows, padded)] if len(cell.states) == 2 else shapes


@functools.cache
def _lanes(dtype: torch.dtype) -> int:
    """The numbers in a vector of the kernels."""
    return int(_library(dtype).lanes())


def two(tensors: Sequence[Tensor | None]) -> Gradients:
    """``tensors``, with None for those that are missing of two."""
    return (*tensors, None, None)[:2]


def _call(name: str, call: Call, results: Gradients, wanted: Gradients) -> None:
    """Call a kernel with tensors in the order of `RESULTS` and `WANTED`; those written to are contiguous."""
    steps, w = call.steps, call.w
    sizes = None if steps.dense else torch.tensor(steps.sizes, device="cpu")
    arguments = (sizes, call.input, w.weight_ih, w.weight_hh, w.bias_ih, w.bias_hh, *two(call.state))
    kernel(name, call.cell, (len(steps.sizes), steps.batch), steps.reverse, (*arguments, *results, *wanted))


def kernel(name: str, cell: Cell, size: tuple[int, int], reverse: bool, tensors: Gradients) -> None:
    """Call the kernel called ``name``, forward or backward.

    Args:
        name: ``forward`` or ``backward``.
        cell: the equations.
        size: T and B.
        reverse: whether the recurrence runs from the last step to the first.
        tensors: in the order of `ARGUMENTS`, `RESULTS` and `WANTED`; those written to are contiguous.
    """
    _, input, w_ih, w_hh, *_ = tensors
    assert input is not None
    assert w_ih is not None
    assert w_hh is not None
    inputs, team = input.size(-1), torch.get_num_threads()
    work = input.numel() // inputs * (w_ih.numel() + w_hh.numel())
    held = [None if t is None else t.contiguous() for t in tensors]
    layer = _LAYER.pack(
        KINDS[step_of(cell)] + (getattr(cell, "nonlinearity", None) == "relu"),
        *size,
        inputs,
        w_hh.size(1),
        reverse,
        max(1, min(team, work // MINIMUM_PER_THREAD)),
        team,
        *[0 if t is None else t.data_ptr() for t in held],
    )
    if getattr(_library(input.dtype), name)(layer):
        raise MemoryError("the kernels found no memory")


def _library(dtype: torch.dtype) -> ctypes.CDLL:
    found = kernels()
    assert found is not None, "asked for only where `serves` says so"
    return found[REALS[dtype]]
