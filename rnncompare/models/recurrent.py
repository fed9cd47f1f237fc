"""Recurrent layers of any cell: parameters, layers, directions, packing, dropout and initial states."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from rnncompare.errors import require
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.checks import check_dimensions, check_input, check_settings, check_state
from rnncompare.models.implementations import IMPLEMENTATIONS, choose


class Recurrent(nn.RNNBase):
    """A stack of recurrent layers of one cell, with the interface of `torch.nn.LSTM` and its kin.

    Parameters are named as in torch, ``weight_ih_l0``, ``weight_hh_l0_reverse``, ..., and drawn in torch's order, so
    one seed gives the same weights as there.

    Args:
        cell: the equations of one step.
        input_size: I, the features of an input step.
        hidden_size: H, the units of a layer and direction.
        num_layers: layers, each fed with the outputs of the one below.
        bias: whether the cell has biases.
        batch_first: inputs and outputs are ``(B, T, ·)`` rather than ``(T, B, ·)``; states are not affected.
        dropout: the probability of zeroing an output of any layer but the last, in training.
        bidirectional: run a second set of weights from the end; its outputs follow the forward ones.
        proj_size: P, the size of a projected output; 0 for none. The cell must know projections, as the LSTM does.
        device: where the parameters are made.
        dtype: what the parameters are made of.
        implementation: ``auto``, ``loop`` or ``fused``.

    Attributes:
        implementation_used: what ran in the latest `forward`, such as ``loop``; None before it.

    Raises:
        TypeError: a setting of the wrong type, as in torch.
        ValueError: a number out of range, as in torch; `SettingError`, which is one, for the implementation.
    """

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
        nn.Module.__init__(self)  # RNNBase's own knows the cells of torch alone
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
        # What RNNBase keeps, and code that works on torch's modules reads.
        self._all_weights = [list(names.values()) for names in self._names]
        self._flat_weights_names = [name for names in self._all_weights for name in names]
        self._init_flat_weights()
        self.reset_parameters()

    @property
    def _output_size(self) -> int:
        """P, or H without a projection: the features of one direction's output."""
        return self.proj_size or self.hidden_size

    @property
    def _dtype(self) -> torch.dtype:
        return next(iter(self._parameters_of(0).values())).dtype

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), then let the cell set what it wants otherwise."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        with torch.no_grad():
            for index in range(len(self._names)):
                self.cell.initialise(Weights(**self._parameters_of(index)))

    def flatten_parameters(self) -> None:
        """Do nothing; torch's modules lay their parameters out for cuDNN here."""

    def extra_repr(self) -> str:
        """The cell, then what torch's modules show."""
        return f"{self.cell}, {self.settings()}"

    def settings(self) -> str:
        """The sizes, and what differs from the defaults, as torch's modules show them."""
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
            shaped as `hx`. Under autocast they have its dtype, whatever the cell.

        Raises:
            ValueError: an input of the wrong dtype or number of dimensions.
            RuntimeError: wrong sizes.
        """
        state = (hx,) if isinstance(hx, Tensor) else hx
        if isinstance(input, PackedSequence):
            packed, final = self._forward_packed(input, state)
            return packed, final if len(final) > 1 else final[0]
        output, final = self._forward_tensor(input, state)
        return output, final if len(final) > 1 else final[0]

    def _forward_tensor(self, input: Tensor, state: State | None) -> tuple[Tensor, State]:
        """Bring single sequences and `batch_first` into the form ``(T, B, I)``, and the results back."""
        check_dimensions(type(self).__name__, input, state, self.cell.states)
        if input.dim() == 2:
            batch = None if state is None else tuple(s.unsqueeze(1) for s in state)
            output, final = self._run(input.unsqueeze(1), batch)
            return output.squeeze(1), tuple(s.squeeze(1) for s in final)
        if self.batch_first:
            output, final = self._run(input.transpose(0, 1), state)
            return output.transpose(0, 1), final
        return self._run(input, state)

    @torch.compiler.disable  # its batch sizes would be constants of the graph
    def _forward_packed(self, input: PackedSequence, state: State | None) -> tuple[PackedSequence, State]:
        """Bring the states into the order of the packed sequences, longest first, and back."""
        if torch.jit.is_tracing() or torch.compiler.is_exporting():
            raise RuntimeError(
                f"{type(self).__name__}: packed sequences cannot be traced or exported; give padded ones"
            )
        data, batch_sizes, order, inverse = input
        if state is not None and order is not None:
            self._check_state(state, len(order), self._dtype)
            state = tuple(s.index_select(1, order) for s in state)
        output, final = self._run(data, state, batch_sizes.tolist())
        if inverse is not None:
            final = tuple(s.index_select(1, inverse) for s in final)
        return PackedSequence(output, batch_sizes, order, inverse), final

    def _run(self, input: Tensor, state: State | None, batch_sizes: list[int] | None = None) -> tuple[Tensor, State]:
        """Layer upon layer over ``(T, B, I)`` or packed ``(N, I)``."""
        weights = [self._parameters_of(index) for index in range(len(self._names))]
        dtype = next(iter(weights[0].values())).dtype
        check_input(input, batch_sizes is not None, self.input_size, dtype)
        batch = input.size(1) if batch_sizes is None else batch_sizes[0]
        if state is None:
            state = tuple(input.new_zeros(shape) for shape in self._state_shapes(batch))
        else:
            self._check_state(state, batch, dtype)
        result = input.dtype
        if input.device.type != "meta" and torch.is_autocast_enabled(input.device.type):
            result = self._result_dtype(input, state)
            input, state = _as_autocast(input), tuple(_as_autocast(s) for s in state)
            weights = [{name: _as_autocast(p) for name, p in named.items()} for named in weights]
        initial = list(zip(*(s.unbind() for s in state), strict=True))
        final: list[State] = []
        used = set()
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self._directions):
                index = layer * self._directions + direction
                w = Weights(**weights[index])
                name, function = choose(self.implementation, self.cell, input, w, batch_sizes is not None)
                output, last = function(self.cell, input, initial[index], w, batch_sizes, reverse=direction == 1)
                outputs.append(output)
                final.append(last)
                used.add(name)
            input = torch.cat(outputs, -1) if self.bidirectional else outputs[0]
            if self.dropout and layer < self.num_layers - 1:
                input = F.dropout(input, self.dropout, self.training)
        ran = "+".join(sorted(used))
        if ran != self.implementation_used:
            self.implementation_used = ran
        if input.requires_grad and not self.bidirectional and not used <= {"loop", "operator"}:
            input = input.clone()  # a fast path needs its output in backward, and the caller may write to this one
        stacked = tuple(torch.stack(s) for s in zip(*final, strict=True))
        if result == input.dtype:
            return input, stacked
        return input.to(result), tuple(s.to(result) for s in stacked)

    def _result_dtype(self, input: Tensor, state: State) -> torch.dtype:
        """The dtype of outputs and final states, for initial states as given."""
        return _as_autocast(input).dtype

    def _parameters_of(self, index: int) -> dict[str, Tensor]:
        """The parameters of a layer and direction by the cell's names, looked up so that swapped ones are seen."""
        return {name: getattr(self, own) for name, own in self._names[index].items()}

    def _state_shapes(self, batch: int) -> list[tuple[int, ...]]:
        sizes = [self._output_size] + [self.hidden_size] * (len(self.cell.states) - 1)
        return [(self.num_layers * self._directions, batch, size) for size in sizes]

    def _check_state(self, state: State, batch: int, dtype: torch.dtype) -> None:
        check_state(state, self._state_shapes(batch), dtype)


def _as_autocast(tensor: Tensor) -> Tensor:
    """``tensor`` in the dtype that autocast would give it in a product; itself where autocast is off."""
    device = tensor.device.type
    if tensor.dtype == torch.float64 or device == "meta" or not torch.is_autocast_enabled(device):
        return tensor
    return tensor.to(torch.get_autocast_dtype(device))
