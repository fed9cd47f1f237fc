"""torch's own LSTM, GRU and RNN, built from the settings of the hand-written cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from rnncompare.models.cell import Cell, Weights

MODULES: dict[str, Callable[..., nn.RNNBase]] = {"torch_lstm": nn.LSTM, "torch_gru": nn.GRU, "torch_rnn": nn.RNN}


def cell_name(name: str) -> str:
    """The cell whose equations the model ``name`` computes: ``lstm`` for both ``torch_lstm`` and ``lstm``."""
    return name.removeprefix("torch_") if name in MODULES else name


def reference(name: str, cell: Cell, input_size: int, hidden_size: int, **arguments: Any) -> nn.RNNBase:
    """The torch module called ``name`` with the settings and the initial values of ``cell``.

    torch initialises first, then the cell: with ``forget_bias`` every layer and direction starts from
    b_if + b_hf = forget_bias, as in `LSTMCell.initialise`.

    Args:
        name: a key of `MODULES`.
        cell: the cell with the same equations; its settings, except the initial forget bias, are torch's arguments.
        input_size: I.
        hidden_size: H.
        arguments: of torch's module; ``num_layers``, ``dropout``, ``bidirectional``.
    """
    settings = {key: value for key, value in asdict(cell).items() if key != "forget_bias"}
    module = MODULES[name](input_size, hidden_size, **settings, **arguments)
    names = cell.shapes(input_size, hidden_size)
    with torch.no_grad():
        for parameters in module.all_weights:
            cell.initialise(Weights(**dict(zip(names, parameters, strict=True))))
    return module
