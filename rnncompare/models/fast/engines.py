"""Which engine computes a layer, by its cell's step: a subclass that changes the step is another cell."""

from __future__ import annotations

from torch import Tensor

from rnncompare.models.cell import Cell, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.gru_reset_before import GRUResetBeforeCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast import compiled
from rnncompare.models.fast.function import Engine, step_of
from rnncompare.models.fast.gru import GRUEngine
from rnncompare.models.fast.gru_reset_before import GRUResetBeforeEngine
from rnncompare.models.fast.lstm import LSTMEngine
from rnncompare.models.fast.rnn import RNNEngine

IN_PYTORCH: dict[object, Engine] = {
    LSTMCell.step: LSTMEngine(),
    GRUCell.step: GRUEngine(),
    GRUResetBeforeCell.step: GRUResetBeforeEngine(),
    RNNCell.step: RNNEngine(),
}


def fastest(cell: Cell, input: Tensor, w: Weights) -> Engine:
    """The fastest engine for a cell of `IN_PYTORCH`, from what a tensor without values tells too: dtype and device."""
    if compiled.suits(cell, input.dtype, input.device, w):
        return compiled.CompiledEngine()
    return IN_PYTORCH[step_of(cell)]
