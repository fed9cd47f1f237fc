"""LSTM, GRU and RNN: drop-in replacements for the `torch.nn` modules of the same names, built on hand-written cells."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.recurrent import Recurrent

Device = torch.device | str | int | None


class LSTM(Recurrent):
    """Drop-in for `torch.nn.LSTM`; the equations are in `rnncompare.models.cells.lstm.LSTMCell`.

    Takes the arguments of `torch.nn.LSTM` in the same order, and by keyword:

    Args:
        implementation: ``auto``, ``loop`` or ``fused``; see `Recurrent`.
        forget_bias: the forget gate's initial bias; None for torch's own initialisation.

    Example:
        >>> output, (h, c) = LSTM(8, 16, num_layers=2)(torch.zeros(5, 3, 8))
        >>> output.shape, h.shape
        (torch.Size([5, 3, 16]), torch.Size([2, 3, 16]))
    """

    mode = "LSTM"
    _promotes = ("packed",)
    # RNNBase has those of a single state
    permute_hidden = nn.LSTM.permute_hidden  # type: ignore[assignment]
    check_forward_args = nn.LSTM.check_forward_args  # type: ignore[assignment]
    get_expected_cell_size = nn.LSTM.get_expected_cell_size

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        implementation: str = "auto",
        forget_bias: float | None = None,
    ):
        super().__init__(
            LSTMCell(forget_bias),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
            implementation,
        )
        self.forget_bias = forget_bias

    def extra_repr(self) -> str:
        return self.settings() + ("" if self.forget_bias is None else f", forget_bias={self.forget_bias}")


class GRU(Recurrent):
    """Drop-in for `torch.nn.GRU`; the equations are in `rnncompare.models.cells.gru.GRUCell`.

    Takes the arguments of `torch.nn.GRU` in the same order, and by keyword:

    Args:
        implementation: ``auto``, ``loop`` or ``fused``; see `Recurrent`.
        proj_size: refused, as in torch.
    """

    mode = "GRU"
    _promotes = ("padded", "packed")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        implementation: str = "auto",
        proj_size: None = None,
    ):
        _refuse(proj_size)
        super().__init__(
            GRUCell(),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            implementation=implementation,
        )

    def extra_repr(self) -> str:
        return self.settings()


class RNN(Recurrent):
    """Drop-in for `torch.nn.RNN`; the equations are in `rnncompare.models.cells.rnn.RNNCell`.

    Takes the arguments of `torch.nn.RNN` in the same order, and by keyword:

    Args:
        implementation: ``auto``, ``loop`` or ``fused``; see `Recurrent`.
        proj_size: refused, as in torch.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Device = None,
        dtype: torch.dtype | None = None,
        *,
        implementation: str = "auto",
        proj_size: None = None,
    ):
        _refuse(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(
            RNNCell(nonlinearity),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
            implementation=implementation,
        )
        self.nonlinearity = nonlinearity
        self.mode = f"RNN_{nonlinearity.upper()}"

    def extra_repr(self) -> str:
        return self.settings()


def _refuse(proj_size: object) -> None:
    if proj_size is not None:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
