"""The engine on a GPU: a launch a layer, direction and pass for the recurrence, and one large product for all else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.fast.function import PARAMETERS, Call, Gradients, Tensors
from rnncompare.models.fast.products import sum_of
from rnncompare.models.fast.triton import loops
from rnncompare.models.fast.triton.cells import Equations, equations_of

SEQUENCES = 16
"""Sequences of a program: the fewest rows that tensor cores take, so that small batches spread over the device."""
LEAST_SHARED = 100 << 10
"""Bytes of shared memory that a block may have on the smallest of today's devices."""


@dataclass(frozen=True)
class Tiles:
    """How a program goes through the units; by the layer's width, dtype and device, never by the batch.

    Attributes:
        units: a tile's, a power of 2 of at least 16.
        on_chip: whether one tile holds all units, and the weights stay on chip over all steps.
        warps: of 32 threads, of a program.
    """

    units: int
    on_chip: bool
    warps: int = 8


def tiles_for(hidden: int, blocks: int, dtype: torch.dtype, precision: str, shared: int) -> Tiles:
    """The tiles for H units, so many blocks of recurrent weights ``(H, H)``, and so many bytes of shared memory."""
    units = max(16, triton.next_power_of_2(hidden))
    parts = 2 if precision == "tf32x3" else 1
    needed = (blocks * units + SEQUENCES) * units * dtype.itemsize * parts
    # Without tensor cores, wider products need more registers than there are.
    tensor_cores = dtype.itemsize == 2 or precision != "ieee"
    if needed <= shared and (tensor_cores or units <= 64):
        return Tiles(units, on_chip=True, warps=4 if units <= 32 else 8)
    return Tiles(32 if dtype == torch.float64 else 64, on_chip=False)


def precision() -> str:
    """How float32 products are taken, as PyTorch's own: ``ieee``, or ``tf32`` where its settings allow that."""
    asked = torch.backends.cuda.matmul.fp32_precision
    if asked == "none":
        asked = torch.backends.fp32_precision  # type: ignore[attr-defined]
    return "tf32" if asked == "tf32" else "ieee"


@dataclass(frozen=True)
class _Layout:
    """The sizes of a call with an axis of runs, as the loops take them."""

    call: Call
    equations: Equations

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """R, B, H."""
        return len(self.call.input), self.call.steps.batch, self.call.w.weight_hh.size(2)

    @property
    def accumulator(self) -> torch.dtype:
        """What sums are taken in."""
        return torch.float64 if self.call.input.dtype == torch.float64 else torch.float32

    def rows(self, *blocks: int) -> Tensor:
        """An empty tensor ``(R, N, ..., H)``."""
        return self.call.input.new_empty(*self.call.input.shape[:2], *blocks, self.shape[2])

    def last_recorded(self, sums: Tensor, extra: Tensor) -> Tensor:
        """The last block of the record, ``(R, N, H)``."""
        blocks = sums.unflatten(2, (self.equations.gates, self.shape[2]))
        return extra[:, :, -1] if self.equations.extra else blocks[:, :, self.equations.recorded - 1]

    def lengths(self) -> tuple[Tensor, Tensor]:
        """The steps of each sequence, and the first row of each step; nothing where all sequences are of one length."""
        steps, device = self.call.steps, self.call.input.device
        if steps.dense:
            return (torch.empty(0, dtype=torch.int64, device=device),) * 2
        with torch.device("cpu"):
            lasting = (torch.tensor(steps.sizes).unsqueeze(1) > torch.arange(steps.batch)).sum(0)
            return lasting.to(device), torch.tensor(steps.offsets).to(device)

    def weight_gradient(self, d: Tensor, output: Tensor, inner: Tensor | None) -> Tensor:
        """The gradient of W_hh, of that of its products, ``(R, N, G H)``."""
        gated = d if inner is None else d[:, :, : (self.equations.gates - self.equations.inner) * self.shape[2]]
        # `Steps` has rows first.
        pairs = self.call.steps.before(output.transpose(0, 1), self.call.state[0].transpose(0, 1))
        products = [torch.bmm(gated[:, rows].transpose(1, 2), h.transpose(0, 1)) for rows, h in pairs]
        found = products[0] if len(products) == 1 else products[0] + products[1]
        if inner is None:
            return found
        return torch.cat((found, torch.bmm(d[:, :, gated.size(2) :].transpose(1, 2), inner)), 1)


@dataclass(frozen=True)
class StackedEngine:
    """An `Engine` for R runs at once: all tensors of a `Call`, and all results, have a leading axis of runs.

    Runs share the layout of steps. Sums are taken in float32 for narrower dtypes. The order of every sum is fixed, so
    that the same call gives the same bits.

    Attributes:
        precision: of the recurrent products in float32: ``ieee``, ``tf32`` or ``tf32x3`` (three products of parts, near
            float32's own precision); None for that of PyTorch's products, which the other products always have.
        tiles: instead of `tiles_for`.
    """

    precision: str | None = None
    tiles: Tiles | None = None

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        layout, w, input = _Layout(call, _known(call.cell)), call.w, call.input
        separate = layout.equations.moved > 0
        sums = _linear(input, w.weight_ih, w.bias_ih if separate else sum_of(w.bias_ih, w.bias_hh))
        extra = layout.rows(layout.equations.extra if save else 0)
        output = layout.rows()
        initial = torch.stack([s.expand(layout.shape) for s in call.state])
        state = initial.to(layout.accumulator, copy=True)
        bias = w.bias_hh.contiguous() if separate and w.bias_hh is not None else None
        self._launch(
            loops.forward,
            layout,
            sums=sums,
            extra=extra,
            weight=w.weight_hh.contiguous(),
            bias=sums if bias is None else bias,
            state=state,
            exchange=torch.stack((initial[0], *initial.new_zeros(2, *layout.shape))),  # sequences yet to begin read it
            output=output,
            STEP=layout.equations.forward,
            RESET=layout.equations.reset,
            SAVE=save,
            BIAS=bias is not None,
        )
        return (
            output,
            tuple(state.to(input.dtype).unbind()),
            (sums, extra) if save and layout.equations.recorded else (),
        )

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        layout, w = _Layout(call, _known(call.cell)), call.w
        turn = layout.equations.moved * layout.shape[2]
        sums, extra = saved or (output, output)
        d = layout.rows(layout.equations.blocks)
        ends = [torch.zeros_like(s) if d_s is None else d_s for d_s, s in zip(d_state, call.state, strict=True)]
        d_states = torch.stack(ends).to(layout.accumulator)
        self._launch(
            loops.backward,
            layout,
            sums=sums,
            extra=extra,
            weight=w.weight_hh.roll(turn, 1).contiguous(),
            state=torch.stack([s.expand(layout.shape) for s in call.state]),
            output=output.contiguous(),
            d_output=output if d_output is None else d_output.contiguous(),
            d_state=d_states,
            d=d,
            STEP=layout.equations.backward,
            RESET=layout.equations.reset_backward,
            BLOCKS=layout.equations.blocks,
            HAS_D_OUTPUT=d_output is not None,
        )
        d_x = d[:, :, layout.equations.moved :].flatten(2)
        d_h = d[:, :, : layout.equations.gates].flatten(2)
        inner = None if layout.equations.reset is None else layout.last_recorded(sums, extra)
        ways = {
            "input": lambda: torch.bmm(d_x, w.weight_ih),
            "weight_ih": lambda: torch.bmm(d_x.transpose(1, 2), call.input),
            "weight_hh": lambda: layout.weight_gradient(d_h, output, inner).roll(-turn, 1),
            "bias_ih": lambda: d_x.sum(1),
            "bias_hh": lambda: d_h.sum(1).roll(-turn, 1),
        }
        found = {str(i): d_s for i, d_s in enumerate(d_states.to(output.dtype))}
        return found | {name: way() for name, way in ways.items() if name in wanted}

    def _launch(self, kernel: Any, layout: _Layout, **arguments: Any) -> None:
        steps, equations = layout.call.steps, layout.equations
        runs, batch, hidden = layout.shape
        dtype = layout.call.input.dtype
        products = (self.precision or precision()) if dtype == torch.float32 else "ieee"
        tiles = self.tiles or tiles_for(
            hidden, layout.equations.gates, dtype, products, _shared_memory(layout.call.input)
        )
        length, first = layout.lengths()
        with torch.cuda.device_of(layout.call.input):
            kernel[(triton.cdiv(batch, SEQUENCES), runs)](
                **arguments,
                length=length,
                first=first,
                steps=len(steps.sizes),
                batch=batch,
                rows=layout.call.input.size(1),
                runs=runs,
                GATES=equations.gates,
                KEPT=equations.kept,
                EXTRA=layout.equations.extra,
                STATES=equations.states,
                EARLY=equations.early,
                INNER=equations.inner,
                H=hidden,
                BB=SEQUENCES,
                BH=tiles.units,
                ON_CHIP=tiles.on_chip,
                DENSE=steps.dense,
                REVERSE=steps.reverse,
                ACC=tl.float64 if layout.accumulator == torch.float64 else tl.float32,
                PRECISION=products,
                num_warps=tiles.warps,
                num_stages=1 if tiles.on_chip else 2,  # to fetch the next weights meanwhile
                enable_fp_fusion=True,
            )


@dataclass(frozen=True)
class TritonEngine:
    """An `Engine` for one run: `StackedEngine` with R = 1, whose attributes it has."""

    precision: str | None = None
    tiles: Tiles | None = None

    @property
    def _stacked(self) -> StackedEngine:
        return StackedEngine(self.precision, self.tiles)

    def forward(self, call: Call, save: bool) -> tuple[Tensor, State, Tensors]:
        output, state, saved = self._stacked.forward(_one_run(call), save)
        return output[0], tuple(s[0] for s in state), tuple(s[0] for s in saved)

    def backward(
        self, call: Call, output: Tensor, saved: Tensors, d_output: Tensor | None, d_state: Gradients, wanted: set[str]
    ) -> dict[str, Tensor]:
        d_output, *d_states = (None if t is None else t[None] for t in (d_output, *d_state))
        kept = tuple(t[None] for t in saved)
        found = self._stacked.backward(_one_run(call), output[None], kept, d_output, tuple(d_states), wanted)
        return {name: gradient[0] for name, gradient in found.items()}

    def saved_shapes(self, cell: Cell, rows: int, w: Weights) -> list[tuple[int, ...]]:
        """The shapes of what `forward` saves for N ``rows``."""
        equations, hidden = _known(cell), w.weight_hh.size(1)
        sums, extra = (rows, equations.gates * hidden), (rows, equations.extra, hidden)
        return [sums, extra] if equations.recorded else []


def _one_run(call: Call) -> Call:
    parameters = {name: p for name in PARAMETERS if (p := getattr(call.w, name)) is not None}
    w = Weights(**{name: p[None] for name, p in parameters.items()})
    return Call(call.cell, call.steps, call.input[None], tuple(s[None] for s in call.state), w)


def _known(cell: Cell) -> Equations:
    equations = equations_of(cell)
    assert equations is not None, "asked for only where there are equations"
    return equations


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Give x W^T + b of each run: ``(R, N, I)`` to ``(R, N, G H)``."""
    if bias is None:
        return torch.bmm(x, weight.transpose(1, 2))
    return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2))


def _shared_memory(tensor: Tensor) -> int:
    """Bytes of shared memory of a block on the tensor's device."""
    if not tensor.is_cuda:
        return LEAST_SHARED
    properties: Any = torch.cuda.get_device_properties(tensor.device)
    return properties.shared_memory_per_block_optin
