"""The network around the recurrent layers: an embedding for symbols before them, a linear readout after them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncompare.models import own_module
from rnncompare.models.architecture import Architecture
from rnncompare.models.initialisation import start_as_keras
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.reference import MODULES, reference


class Network(nn.Module):
    """Inputs, dropout, recurrent layers, dropout, linear readout.

    The parts are built in this order, so that one seed gives models with the same equations the same initial weights,
    hand-written or torch's.

    Attributes:
        architecture: the plan it was built from.
        embedding: `nn.Embedding` for integer inputs, `nn.Identity` for real ones, `Columns` for categories and reals.
        recurrent: a `Recurrent`, one of torch's modules, or a user's own.
        readout: `nn.Linear` from the last layer's output, all directions, to K numbers.
    """

    def __init__(self, architecture: Architecture):
        super().__init__()
        self.architecture = architecture
        self.embedding = _embedding(architecture)
        self.input_dropout = nn.Dropout(architecture.input_dropout)
        self.recurrent = _recurrent(architecture)
        self.dropout = nn.Dropout(architecture.dropout)
        self.readout = nn.Linear(architecture.directions * architecture.hidden_size, architecture.outputs)

    def forward(self, inputs: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Read sequences whose first ``lengths`` steps are in use; the values in the padding change no output.

        Args:
            inputs: ``(T, B, F)`` real or ``(T, B)`` integer; ``(T, B, C + F)`` where there are C categories.
            lengths: ``(B,)``, from 1 to T; None if all steps are in use. Lengths on the CPU spare a bidirectional
                network on a GPU a wait for the device.

        Returns:
            ``(B, K)`` after the last step in use, or ``(T, B, K)`` after every step (those of padding mean nothing).
            With both directions read out after the last step, each gives its own last state; the backward direction
            reads the first step last.
        """
        x = self.input_dropout(self.embedding(inputs))
        if lengths is None or not self.architecture.bidirectional:
            output, state = self.recurrent(x)  # a forward direction reads padding only after everything else
        else:
            packed, state = self.recurrent(pack_padded_sequence(x, lengths.cpu(), enforce_sorted=False))
            output, _ = pad_packed_sequence(packed, total_length=len(x))
        if self.architecture.readout == "last":
            output = self._last(output, state, lengths)
        return self.readout(self.dropout(output))

    def _last(self, output: Tensor, state: Tensor | tuple[Tensor, ...], lengths: Tensor | None) -> Tensor:
        if self.architecture.bidirectional:
            h = state if isinstance(state, Tensor) else state[0]
            return torch.cat((h[-2], h[-1]), -1)
        if lengths is None:
            return output[-1]
        return output[lengths - 1, torch.arange(len(lengths), device=lengths.device)]


class Columns(nn.Module):
    """Embeds the leading C columns of ``(T, B, C + F)``, which hold whole numbers; the others stay as they are.

    Attributes:
        tables: one `nn.Embedding` for each of the C columns.
    """

    def __init__(self, embeddings: list[tuple[int, int]]):
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(count, size) for count, size in embeddings)

    def forward(self, inputs: Tensor) -> Tensor:
        """``(T, B, I)``: the embedded columns side by side, then the real ones."""
        codes, real = inputs.split((len(self.tables), inputs.shape[-1] - len(self.tables)), -1)
        embedded = [table(column) for table, column in zip(self.tables, codes.long().unbind(-1), strict=True)]
        return torch.cat((*embedded, real), -1)


def check_own(architecture: Architecture) -> None:
    """Raise `SettingError` unless the module that an architecture's factory makes has the interface of torch's."""
    width = architecture.directions * architecture.hidden_size
    own_module.check(architecture.name, lambda: _recurrent(architecture), architecture.embedded_size, width)


def _embedding(architecture: Architecture) -> nn.Module:
    if architecture.categories:
        return Columns(architecture.embeddings)
    return nn.Identity() if architecture.vocabulary is None else nn.Embedding(*architecture.embeddings[0])


def _recurrent(architecture: Architecture) -> nn.Module:
    arguments: dict[str, Any] = {
        "input_size": architecture.embedded_size,
        "hidden_size": architecture.hidden_size,
        "num_layers": architecture.num_layers,
        "dropout": architecture.dropout if architecture.num_layers > 1 else 0.0,  # between layers; torch warns of one
        "bidirectional": architecture.bidirectional,
    }
    if architecture.factory is not None:
        return own_module.make(architecture.factory, **arguments)
    cell = architecture.cell
    module: nn.Module
    if architecture.name in MODULES:
        module = reference(architecture.name, cell, **arguments)
    else:
        module = Recurrent(cell, **arguments, implementation=architecture.implementation or "auto")
    if architecture.initialisation == "keras":
        start_as_keras(module, cell)
    return module
