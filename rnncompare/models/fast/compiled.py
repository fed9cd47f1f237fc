"""The fast path in C: all steps of a layer in one call, for float32 and float64 on a CPU."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast.build import kernels
from rnncompare.models.fast.function import PARAMETERS, Call, Engine, Gradients, Tensors, run, step_of

REALS = {torch.float32: "float", torch.float64: "double"}
GATES: dict[object, int] = {LSTMCell.step: 4, GRUCell.step: 3, RNNCell.step: 1}
BLOCKS: dict[object, int] = {LSTMCell.step: 4, GRUCell.step: 4, RNNCell.step: 0}
"""Values saved for backward for each unit and step: all gates, the GRU's W_hn h + b_hn too; the RNN's is its output."""
MINIMUM_PER_THREAD = 100_000_000
"""Multiply-adds of a layer's forward pass, about 1 ms, below which another thread does not pay.

At 16 million, two threads took 2.2 times as long as one beside torch's own waiting threads; at 105 million, 1.7 times.
"""


class _Layer(ctypes.Structure):
    """`Layer` of kernels.c."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("cell", "steps", "batch", "input", "hidden", "reverse", "threads")),
        *(
            (name, ctypes.c_void_p)
            for name in (
                *("sizes", "x", "w_ih", "w_hh", "b_ih", "b_hh", "h_0", "c_0", "y", "h_n", "c_n", "gates", "cells"),
                *("dy", "dh_n", "dc_n", "dx", "dw_ih", "dw_hh", "db_ih", "db_hh", "dh_0", "dc_0"),
            )
        ),
    ]


def serves(cell: Cell, input: Tensor, w: Weights) -> bool:
    """Whether the kernels know the cell and can read these tensors; the shapes are looked at here, as C trusts them."""
    step = step_of(cell)
    if step not in GATES or w.weight_hr is not None or input.numel() == 0 or input.dim() not in (2, 3):
        return False
    hidden = w.weight_hh.size(-1)
    rows, features = GATES[step] * hidden, input.size(-1)
    shapes = {"weight_ih": (rows, features), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
    given = {name: tensor for name in shapes if (tensor := getattr(w, name)) is not None}
    fitting = all(tensor.shape == shapes[name] for name, tensor in given.items())
    return hidden > 0 and fitting and _readable(input.dtype, input, *given.values()) and kernels() is not None


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
        engine = CompiledEngine() if fitting and _readable(input.dtype, *state) else self._fallback
        return run(engine, cell, input, state, w, batch_sizes, reverse)


def _readable(dtype: torch.dtype, *tensors: Tensor) -> bool:
    return dtype in REALS and all(
        type(t) in (Tensor, torch.nn.Parameter)
        and t.device.type == "cpu"
        and t.dtype == dtype
        and t.layout == torch.strided
        and not t.is_neg()
        for t in tensors
    )


class CompiledEngine:
    """An `Engine` that calls the kernels."""

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        input, state = call.input, call.state
        hidden = call.w.weight_hh.size(1)
        output = input.new_empty(len(input), hidden)
        final = tuple(torch.empty_like(s, memory_format=torch.contiguous_format) for s in state)
        shapes = self.saved_shapes(call.cell, len(input), call.w) if save else []
        saved = tuple(input.new_empty(shape) for shape in shapes)
        results: dict[str, Tensor | None] = {
            "y": output,
            "h_n": final[0],
            "c_n": final[-1] if len(state) == 2 else None,
        }
        _call("forward", call, results | _named(saved))
        return output, final, saved

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        sources = {"input": call.input, **{str(i): s for i, s in enumerate(call.state)}}
        sources |= {name: getattr(call.w, name) for name in PARAMETERS}
        found = {name: torch.empty_like(sources[name], memory_format=torch.contiguous_format) for name in wanted}
        short = {"input": "dx", "weight_ih": "dw_ih", "weight_hh": "dw_hh", "bias_ih": "db_ih", "bias_hh": "db_hh"}
        short |= {"0": "dh_0", "1": "dc_0"}
        given = {"y": output, "dy": d_output, **dict(zip(("dh_n", "dc_n"), d_state, strict=False))}
        _call("backward", call, given | _named(saved) | {short[name]: tensor for name, tensor in found.items()})
        return found

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        blocks, hidden = BLOCKS[step_of(cell)], w.weight_hh.size(1)
        lanes = _library(w.weight_hh.dtype).lanes()
        padded = -(-hidden // lanes) * lanes
        shapes: list[tuple[int, ...]] = [(rows, blocks, padded)] if blocks else []
        return [*shapes, (rows, padded)] if len(cell.states) == 2 else shapes


def _named(saved: tuple[Tensor, ...]) -> dict[str, Tensor]:
    return dict(zip(("gates", "cells"), saved, strict=False))


def _call(name: str, call: Call, others: Mapping[str, Tensor | None]) -> None:
    """Call a kernel; ``others`` are by the names of `_Layer`, those written to contiguous."""
    cell, steps, input, state, w = call.cell, call.steps, call.input, call.state, call.w
    relu = isinstance(cell, RNNCell) and cell.nonlinearity == "relu"
    kind = list(GATES).index(step_of(cell)) + relu
    sizes = torch.tensor(steps.sizes) if not steps.dense else torch.full((len(steps.sizes),), steps.batch)
    tensors = {"sizes": sizes, "x": input, "h_0": state[0], "c_0": state[1] if len(state) == 2 else None}
    tensors |= {"w_ih": w.weight_ih, "w_hh": w.weight_hh, "b_ih": w.bias_ih, "b_hh": w.bias_hh, **others}
    contiguous = {key: tensor.contiguous() for key, tensor in tensors.items() if tensor is not None}
    layer = _Layer(
        cell=kind,
        steps=len(steps.sizes),
        batch=steps.batch,
        input=input.size(1),
        hidden=w.weight_hh.size(1),
        reverse=steps.reverse,
        threads=_threads(call),
        **{key: tensor.data_ptr() for key, tensor in contiguous.items()},
    )
    if getattr(_library(input.dtype), name)(ctypes.byref(layer)):
        raise MemoryError("the kernels found no memory")


def _library(dtype: torch.dtype) -> ctypes.CDLL:
    found = kernels()
    assert found is not None, "asked for only where `serves` says so"
    return found[REALS[dtype]]


def _threads(call: Call) -> int:
    work = len(call.input) * (call.w.weight_ih.numel() + call.w.weight_hh.numel())
    return max(1, min(torch.get_num_threads(), call.steps.batch, work // MINIMUM_PER_THREAD))
