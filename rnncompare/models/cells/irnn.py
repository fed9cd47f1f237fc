"""The identity-initialised plain recurrent cell (IRNN; Le, Jaitly and Hinton 2015)."""

from dataclasses import dataclass
from typing import Literal

import torch

from rnncompare.models.cell import Weights
from rnncompare.models.cells.rnn import RNNCell


@dataclass(frozen=True)
class IRNNCell(RNNCell):
    """Plain recurrent unit with relu, which at first sums its inputs::

        h_t = relu(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),    initially W_hh = identity, b_ih = b_hh = 0

    W_ih is left as torch draws it; the paper's experiments draw it from a Gaussian of deviation 0.001.
    """

    nonlinearity: Literal["tanh", "relu"] = "relu"

    def initialise(self, w: Weights) -> None:
        torch.nn.init.eye_(w.weight_hh)
        for bias in (w.bias_ih, w.bias_hh):
            if bias is not None:
                bias.zero_()
