"""Recurrent layers of any cell: parameters, layers, directions, packing, dropout and initial states."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.fx import Proxy
from torch.nn.utils.rnn import PackedSequence

from rnncompare.base.errors import require
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.checks import check_dimensions, check_input, check_settings, check_state
from rnncompare.models.fast import direct
from rnncompare.models.implementations import IMPLEMENTATIONS, choose


class Recurrent(nn.RNNBase):
    """A stack of recurrent layers of one cell, with the interface of `torch.nn.LSTM` and its kin.

    Parameters have torch's names (``weight_ih_l0``, ``weight_hh_l0_reverse``, ...) and are drawn in torch's order, so
    one seed gives the same weights. An `nn.RNNBase`, so code that looks for one finds ``all_weights`` and
    ``_flat_weights``; not a subclass of `nn.LSTM`, `nn.GRU` or `nn.RNN`, which `torch.compile` refuses.

    Args:
        cell: the equations of one step.
        input_size: I, the features of an input step.
        hidden_size: H, the units of a layer and direction.
        num_layers: number of stacked layers; each reads the outputs of the one below.
        bias: whether the cell has biases.
        batch_first: inputs and outputs are ``(B, T, ·)`` instead of ``(T, B, ·)``; states stay as they are.
        dropout: probability of zeroing an output, in training, of every layer except the last.
        bidirectional: also run a second set of weights from the last step to the first; its outputs come after the
            forward ones.
        proj_size: P, the size of a projected output; 0 for none. The cell must support projections, as the LSTM does.
        device: the parameters' device.
        dtype: the parameters' dtype.
        implementation: ``auto``, ``loop`` or ``fused``.

    Attributes:
        implementation_used: what the last `forward` ran, such as ``loop``; None before the first. `torch.compile` and
            `torch.export` leave it as it is.

    Raises:
        TypeError: a setting has the wrong type, as in torch.
        ValueError: a number is out of range, as in torch; for the implementation a `SettingError`, a kind of
            ValueError.
    """

    _promotes: tuple[str, ...] = ()
    """Of which input, ``padded`` or ``packed``, results under autocast on a CPU have the initial states' dtype."""

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        implementation: str = "auto",
    ):
        nn.Module.__init__(self)  # RNNBase.__init__ accepts torch's own cells only
        check_settings(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        valid = f"one of {', '.join(IMPLEMENTATIONS)}"
        require(implementation in IMPLEMENTATIONS, "model.implementation", implementation, valid)
        self.cell = cell
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self.implementation = implementation
        self.implementation_used: str | None = None

        suffixes = ("", "_reverse") if bidirectional else ("",)
        self._directions = len(suffixes)
        # For each layer and direction: the cell's name of a parameter, and the module's.
        self._names: list[dict[str, str]] = []
        for layer in range(num_layers):
            width = input_size if layer == 0 else self._output_size * self._directions
            shapes = cell.shapes(width, hidden_size, bias, proj_size)
            for suffix in suffixes:
                self._names.append({name: f"{name}_l{layer}{suffix}" for name in shapes})
                for name, shape in shapes.items():
                    parameter = nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                    self.register_parameter(self._names[-1][name], parameter)
        # RNNBase's own bookkeeping, which code written for torch's modules reads.
        self._all_weights = [list(names.values()) for names in self._names]
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()
        self.reset_parameters()

    @property
    def _output_size(self) -> int:
        """P, or H without a projection: the features of one direction's output."""
        return self.proj_size or self.hidden_size

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), then let the cell change what it needs to."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        with torch.no_grad():
            for index in range(len(self._names)):
                self.cell.initialise(Weights(**self._parameters_of(index)))

    def flatten_parameters(self) -> None:
        """Do nothing: this is where torch's modules lay out their parameters for cuDNN."""

    def extra_repr(self) -> str:
        """The cell, then the settings that torch's modules show."""
        return f"{self.cell}, {self.settings()}"

    def settings(self) -> str:
        """The sizes and whatever differs from the defaults, as torch's modules show them."""
        shown = [f"{self.input_size}", f"{self.hidden_size}"]
        defaults = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
            "implementation": "auto",
        }
        shown += [f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value]
        return ", ".join(shown)

    def forward(
        self, input: Tensor | PackedSequence, hx: Tensor | State | None = None
    ) -> tuple[Tensor | PackedSequence, Tensor | State]:
        """Run all layers over the sequences.

        Args:
            input: ``(T, B, I)``, ``(B, T, I)`` if `batch_first`, ``(T, I)`` for a single sequence, or packed sequences.
            hx: the initial states, ``(layers * directions, B, P)`` for the output and ``(layers * directions, B, H)``
                for the others, in a tuple if the cell has several; without B for a single sequence. Zeros if None.

        Returns:
            The outputs of the last layer, shaped as the input with ``directions * P`` features, and the final states,
            shaped as `hx`. Under autocast they have its dtype, except on a CPU those of a `GRU`, and of an `LSTM` for
            packed sequences, which as in torch have that of the initial states.

        Raises:
            ValueError: an input of the wrong dtype or number of dimensions.
            RuntimeError: wrong sizes.
        """
        if isinstance(input, Proxy):  # of `torch.fx`, for which torch's own modules are leaves too
            tracer: Any = input.tracer
            leaf: Any = tracer.create_proxy("call_module", tracer.path_of_module(self), (input, hx), {})
            return leaf
        state = (hx,) if isinstance(hx, Tensor) else hx
        if isinstance(input, PackedSequence):
            run = self._forward_packed
            if torch.compiler.is_dynamo_compiling():  # its batch sizes would be constants of the graph
                run = torch.compiler.disable(run)  # as a decorator it would load the compiler at import: two seconds
            packed, final = run(input, state)
            return packed, final if len(final) > 1 else final[0]
        output, final = self._forward_tensor(input, state)
        return output, final if len(final) > 1 else final[0]

    def _forward_tensor(self, input: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Turn single sequences and `batch_first` input into ``(T, B, I)``, and the results back."""
        check_dimensions(type(self).__name__, input, state, self.cell.states)
        if input.dim() == 2:
            batch = None if state is None else tuple(s.unsqueeze(1) for s in state)
            output, final = self._run(input.unsqueeze(1), batch)
            return output.squeeze(1), tuple(s.squeeze(1) for s in final)
        if self.batch_first:
            output, final = self._run(input.transpose(0, 1), state)
            return output.transpose(0, 1), final
        return self._run(input, state)

    def _forward_packed(self, input: PackedSequence, state: State | None) -> tuple[PackedSequence, State]:
        """Put the states in the order of the packed sequences, longest first, and back."""
        if torch.jit.is_tracing() or torch.compiler.is_exporting():
            raise RuntimeError(
                f"{type(self).__name__}: packed sequences cannot be traced or exported; give padded ones"
            )
        data, batch_sizes, order, inverse = input
        if state is not None and order is not None:
            check_state(state, self._state_shapes(len(order)), self._parameters_of(0)["weight_ih"].dtype)
            state = tuple(s.index_select(1, order) for s in state)
        output, final = self._run(data, state, batch_sizes.tolist())
        if inverse is not None:
            final = tuple(s.index_select(1, inverse) for s in final)
        return PackedSequence(output, batch_sizes, order, inverse), final

    def _run(self, input: Tensor, state: State | None, batch_sizes: list[int] | None = None) -> tuple[Tensor, State]:
        """Run the layers in turn over ``(T, B, I)`` or packed ``(N, I)``."""
        parameters = [self._parameters_of(index) for index in range(len(self._names))]
        if len(parameters) == 1 and batch_sizes is None and self.implementation == "auto":
            found = direct.layer(self.cell, input, state, parameters[0])
            if found is not None:
                self._ran("fused_c")
                return found
        dtype = parameters[0]["weight_ih"].dtype
        check_input(input, batch_sizes is not None, self.input_size, dtype)
        batch = input.size(1) if batch_sizes is None else batch_sizes[0]
        shapes = self._state_shapes(batch)
        if state is None:
            state = tuple(input.new_zeros(shape) for shape in shapes)
        else:
            check_state(state, shapes, dtype)
        autocast = _autocast_dtype(input.device.type)
        kind = "padded" if batch_sizes is None else "packed"
        promoted = state[0].dtype if autocast and kind in self._promotes and input.device.type == "cpu" else None
        if autocast:
            input, *rest = _cast(autocast, input, *state)
            state = tuple(rest)
            parameters = [dict(zip(p, _cast(autocast, *p.values()), strict=True)) for p in parameters]
        initial = list(zip(*(s.unbind() for s in state), strict=True))
        final: list[State] = []
        used = set()
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self._directions):
                index = layer * self._directions + direction
                w = Weights(**parameters[index])
                name, function = choose(self.implementation, self.cell, input, w, batch_sizes is not None)
                output, last = function(self.cell, input, initial[index], w, batch_sizes, reverse=direction == 1)
                outputs.append(output)
                final.append(last)
                used.add(name)
            input = torch.cat(outputs, -1) if self.bidirectional else outputs[0]
            if self.dropout and layer < self.num_layers - 1:
                input = F.dropout(input, self.dropout, self.training)
        self._ran("+".join(sorted(used)))
        if input.requires_grad and not self.bidirectional and not used <= {"loop", "operator"}:
            input = input.clone()  # a fast path needs its output in backward, and the caller may write to this one
        states = tuple(torch.stack(s) for s in zip(*final, strict=True))
        return (input, states) if promoted is None else (input.to(promoted), tuple(s.to(promoted) for s in states))

    def _ran(self, implementation: str) -> None:
        if torch.compiler.is_compiling():
            return  # a compiled module would be compiled again at its second call, once this has changed
        if self.implementation_used != implementation:  # setting an attribute of a module takes a microsecond
            self.implementation_used = implementation

    def _parameters_of(self, index: int) -> dict[str, Tensor]:
        """A layer and direction's parameters by the cell's names, looked up each time, as they may be replaced."""
        return {name: getattr(self, own) for name, own in self._names[index].items()}

    def _state_shapes(self, batch: int) -> list[tuple[int, ...]]:
        sizes = [self._output_size] + [self.hidden_size] * (len(self.cell.states) - 1)
        return [(self.num_layers * self._directions, batch, size) for size in sizes]


def _autocast_dtype(device: str) -> torch.dtype | None:
    """The dtype of autocast on ``device``; None where it is off."""
    if device == "meta" or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)


def _cast(dtype: torch.dtype, *tensors: Tensor) -> list[Tensor]:
    """The tensors as autocast gives them to a product: all but float64 in ``dtype``."""
    return [t if t.dtype == torch.float64 else t.to(dtype) for t in tensors]
