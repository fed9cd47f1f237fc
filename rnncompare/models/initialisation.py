"""Where recurrent layers start from: torch's defaults, or those of Keras."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from rnncompare.models.cell import Cell, Weights

INITIALISATIONS = ("torch", "keras")


@torch.no_grad()
def start_as_keras(module: Any, cell: Cell) -> None:
    """Draw the recurrent layers anew as Keras 3 does by default, then let the cell set what it wants otherwise.

    Keras draws each matrix of a layer as a whole, all gates together (``keras/src/layers/rnn/lstm.py``, ``gru.py``,
    ``simple_rnn.py``; ``keras/src/initializers/random_initializers.py``). In torch's layout that is:

    - ``weight_ih`` ``(G H, I)`` from U(-a, a) with a = sqrt(6 / (I + G H)) (Glorot and Bengio 2010, equation 16);
    - ``weight_hh`` ``(G H, H)`` with orthonormal columns, uniformly distributed (Saxe et al. 2014). A single gate's
      block is therefore not orthogonal unless the cell has one gate only;
    - biases zero, but for an LSTM's forget gate, whose bias starts at 1 (Jozefowicz et al. 2015).

    Other matrices of a cell see earlier states and are drawn as ``weight_hh``. Vectors of weights, such as peepholes,
    which Keras has none of, keep torch's draw. A forget bias that was asked for, or that the cell draws itself, wins.

    Args:
        module: a `Recurrent` or one of torch's modules, with the parameters of `cell` in ``all_weights``.
        cell: the equations of one step.
    """
    for parameters in module.all_weights:
        weights = dict(zip(cell.shapes(module.input_size, module.hidden_size), parameters, strict=True))
        for name, weight in weights.items():
            if name == "weight_ih":
                bound = math.sqrt(6 / sum(weight.shape))
                nn.init.uniform_(weight, -bound, bound)
            elif name.startswith("bias"):
                nn.init.zeros_(weight)
            elif weight.dim() == 2:
                nn.init.orthogonal_(weight)
        if hasattr(cell, "forget_bias"):
            weights["bias_ih"].chunk(len(cell.gates))[cell.gates.index("forget")].fill_(1.0)
        cell.initialise(Weights(**weights))
