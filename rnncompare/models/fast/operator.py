"""A layer in one direction as a PyTorch operator: one node for `torch.compile`, `torch.export` and `torch.jit.trace`.

``rnncompare::layer`` gives the output and the final states. With gradients it calls ``rnncompare::layer_saving``, which
also gives what ``rnncompare::layer_backward`` needs. Under the transforms of `torch.func`, in forward mode and for
gradients that are differentiated again, it is the operations of `unroll`. The batch and the length may be dynamic.
Eager calls go around the dispatcher, which costs more than a short step: see `rnncompare.models.fast.function.run`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.gru_reset_before import GRUResetBeforeCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast.engines import IN_PYTORCH, fastest
from rnncompare.models.fast.function import PARAMETERS, Call, Engine, Steps, step_of, through_unroll, weights_of
from rnncompare.models.fast.watched import is_forward_mode, is_transformed, needs_autograd
from rnncompare.models.unroll import unroll

CELLS: dict[str, Cell] = {
    "lstm": LSTMCell(),
    "gru": GRUCell(),
    "gru_reset_before": GRUResetBeforeCell(),
    "rnn_tanh": RNNCell("tanh"),
    "rnn_relu": RNNCell("relu"),
}
"""The equations by the names that the operator's graphs hold; initial values do not matter here."""

_ARGUMENTS = (
    "Tensor input, Tensor[] state, Tensor weight_ih, Tensor weight_hh, Tensor? bias_ih, Tensor? bias_hh, "
    "Tensor? weight_hr, str cell, str implementation, bool reverse"
)
_LIBRARY = torch.library.Library("rnncompare", "FRAGMENT")
_LIBRARY.define(f"layer({_ARGUMENTS}) -> Tensor[]")
_LIBRARY.define(f"layer_saving({_ARGUMENTS}) -> Tensor[]")
_LIBRARY.define(
    f"layer_backward({_ARGUMENTS}, Tensor output, Tensor[] saved, Tensor?[] gradients, bool[] wanted) -> Tensor[]"
)


def serves(cell: Cell, input: Tensor) -> bool:
    """Whether a graph is being made that can hold the operator."""
    return (torch.compiler.is_compiling() or torch.jit.is_tracing()) and (
        input.is_floating_point() and _name(cell) is not None
    )


def layer(
    implementation: str,
    cell: Cell,
    input: Tensor,
    state: State,
    w: Weights,
    batch_sizes: list[int] | None = None,
    reverse: bool = False,
) -> tuple[Tensor, State]:
    """Apply ``cell`` to every step of ``input``; arguments and results are those of `rnncompare.models.unroll.unroll`.

    Args:
        implementation: ``auto``, the fastest engine; ``fused``, the one in PyTorch.
        cell: one that the operator `serves`.
        input: ``(T, B, I)``.
        state: the initial states, the first ``(B, P)``, others ``(B, H)``.
        w: the parameters.
        batch_sizes: None; packed data stay outside graphs.
        reverse: from the last step to the first.
    """
    assert batch_sizes is None
    parameters = [getattr(w, parameter) for parameter in PARAMETERS]
    settings = (_name(cell), implementation, reverse)
    output, *final = torch.ops.rnncompare.layer(input, list(state), *parameters, *settings)
    return output, tuple(final)


def _name(cell: Cell) -> str | None:
    """What the cell is called in `CELLS`; None if no fast engine knows its equations."""
    kind = (step_of(cell), getattr(cell, "nonlinearity", None))
    return next((n for n, c in CELLS.items() if kind == (step_of(c), getattr(c, "nonlinearity", None))), None)


class _Arguments:
    """The operator's arguments, as `Engine` takes them."""

    def __init__(self, input: Tensor, state: list[Tensor], *rest: Any):
        *parameters, name, implementation, self.reverse = rest
        self.input, self.state = input, tuple(state)
        self.parameters: tuple[Tensor | None, ...] = tuple(parameters)
        self.cell, self.w = CELLS[name], weights_of(parameters)
        self.engine: Engine = (
            IN_PYTORCH[step_of(self.cell)] if implementation == "fused" else fastest(self.cell, input, self.w)
        )
        self._check()

    def _check(self) -> None:
        """Refuse wrong shapes here, for the kernels trust them.

        Raises:
            RuntimeError: a tensor is not of the shape that the others call for.
        """
        w, batch = self.w, self.input.size(1)
        output_size = w.weight_hh.size(1)
        hidden = w.weight_hh.size(0) // len(self.cell.gates)
        shapes = self.cell.shapes(self.input.size(2), hidden, proj_size=0 if w.weight_hr is None else output_size)
        wanted = {name: shapes[name] for name in PARAMETERS if getattr(w, name) is not None}
        found = {name: tuple(getattr(w, name).shape) for name in wanted}
        wanted_states = [(batch, size) for size in (output_size, hidden)[: len(self.cell.states)]]
        if found != wanted or [tuple(s.shape) for s in self.state] != wanted_states:
            raise RuntimeError(f"rnncompare::layer: the shapes {found} do not fit the input {tuple(self.input.shape)}")

    def call(self) -> Call:
        """What the engine is called with; only tensors with values can be."""
        steps = Steps((self.input.size(1),) * self.input.size(0), self.reverse)
        rows = self.input.reshape(-1, self.input.size(2)).resolve_neg()
        parameters = [None if p is None else p.resolve_neg() for p in self.parameters]
        return Call(self.cell, steps, rows, tuple(s.resolve_neg() for s in self.state), weights_of(parameters))

    def named(self, wanted: list[bool]) -> dict[str, Tensor]:
        """The tensors that are ``wanted``, by the names that `Engine.backward` gives their gradients."""
        names = ("input", *map(str, range(len(self.state))), *PARAMETERS)
        tensors = (self.input, *self.state, *self.parameters)
        return {n: t for n, t, want in zip(names, tensors, wanted, strict=True) if want and t is not None}

    def results(self, save: bool) -> list[Tensor]:
        """Empty tensors like those that the operator gives."""
        steps, batch, _ = self.input.shape
        output = self.input.new_empty(steps, batch, self.w.weight_hh.size(1))
        final = [self.input.new_empty(s.shape) for s in self.state]
        shapes = self.engine.saved_shapes(self.cell, steps * batch, self.w) if save else []
        return [output, *final, *(self.input.new_empty(shape) for shape in shapes)]


def _forward(save: bool, *arguments: Any) -> list[Tensor]:
    given = _Arguments(*arguments)
    if given.input.numel() == 0:
        output, *rest = given.results(save)
        return [output, *(s.clone() for s in given.state), *rest[len(given.state) :]]
    output, final, saved = given.engine.forward(given.call(), save)
    return [output.view(*given.input.shape[:2], -1), *final, *saved]


def _backward(*arguments: Any) -> list[Tensor]:
    *arguments, output, saved, gradients, wanted = arguments  # type: ignore[assignment]
    given = _Arguments(*arguments)
    named = given.named(wanted)
    if given.input.numel() == 0:
        return [torch.zeros_like(tensor, memory_format=torch.contiguous_format) for tensor in named.values()]
    d_output, *d_state = (None if g is None else g.resolve_neg() for g in gradients)
    d_output = None if d_output is None else d_output.reshape(-1, d_output.size(-1))
    rows = output.reshape(-1, output.size(-1))
    found = given.engine.backward(given.call(), rows, tuple(saved), d_output, tuple(d_state), set(named))
    return [found[name].reshape(tensor.shape).contiguous() for name, tensor in named.items()]


def _fake_backward(*arguments: Any) -> list[Tensor]:
    *arguments, _, _, _, wanted = arguments  # type: ignore[assignment]
    named = _Arguments(*arguments).named(wanted)
    return [torch.empty_like(tensor, memory_format=torch.contiguous_format) for tensor in named.values()]


class _Differentiable(torch.autograd.Function):
    """``layer`` with gradients: its two passes are operators too."""

    @staticmethod
    def forward(ctx: Any, states: int, settings: tuple[Any, ...], *tensors: Tensor) -> tuple[Tensor, ...]:
        input, state, parameters = tensors[0], list(tensors[1 : 1 + states]), tensors[1 + states :]
        with torch._C._AutoDispatchBelowAutograd():
            output, *rest = torch.ops.rnncompare.layer_saving(input, state, *parameters, *settings)
        ctx.states, ctx.settings = states, settings
        ctx.save_for_backward(*tensors, output, *rest[states:])
        ctx.set_materialize_grads(False)
        return output.clone(), *rest[:states]  # the caller may write to the output

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        count = 1 + ctx.states + len(PARAMETERS)
        tensors = ctx.saved_tensors
        (input, *rest), (output, *saved) = tensors[:count], tensors[count:]
        state, parameters = rest[: ctx.states], rest[ctx.states :]
        wanted = list(ctx.needs_input_grad[2:])
        if needs_autograd(gradients):
            name, _, reverse = ctx.settings
            return None, None, *through_unroll(CELLS[name], tensors[:count], (None, reverse), tuple(wanted), gradients)
        found = iter(
            torch.ops.rnncompare.layer_backward(
                input, state, *parameters, *ctx.settings, output, saved, list(gradients), wanted
            )
        )
        return None, None, *(next(found) if want else None for want in wanted)


def _autograd(input: Tensor, state: list[Tensor], *rest: Any) -> list[Tensor]:
    parameters, settings = rest[: len(PARAMETERS)], rest[len(PARAMETERS) :]
    tensors = (input, *state, *parameters)
    if is_transformed() or is_forward_mode():
        return _unrolled(input, state, *rest)
    if torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        tensors = (input.contiguous(), *state, *parameters)  # a copy of an input with strides, which may be written to
        return list(_Differentiable.apply(len(state), settings, *tensors))
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.rnncompare.layer(input, state, *rest)


def _unrolled(input: Tensor, state: list[Tensor], *rest: Any) -> list[Tensor]:
    """The operator as the operations of the reading version, which PyTorch can differentiate and map in any way."""
    *parameters, name, _, reverse = rest
    output, final = unroll(CELLS[name], input, tuple(state), weights_of(parameters), reverse=reverse)
    return [output, *final]


_LIBRARY.impl("layer", lambda *a: _forward(False, *a), "CompositeExplicitAutograd")
_LIBRARY.impl("layer_saving", lambda *a: _forward(True, *a), "CompositeExplicitAutograd")
_LIBRARY.impl("layer_backward", _backward, "CompositeExplicitAutograd")
_LIBRARY.impl("layer", _autograd, "Autograd")
_LIBRARY.impl("layer", _unrolled, "FuncTorchBatched")
torch.library.register_fake("rnncompare::layer", lambda *a: _Arguments(*a).results(False), lib=_LIBRARY)
torch.library.register_fake("rnncompare::layer_saving", lambda *a: _Arguments(*a).results(True), lib=_LIBRARY)
torch.library.register_fake("rnncompare::layer_backward", _fake_backward, lib=_LIBRARY)
