"""The LSTM with chrono initialisation (Tallec and Ollivier 2018)."""

from dataclasses import dataclass

from rnncompare.base.errors import require
from rnncompare.models.cell import Weights
from rnncompare.models.cells.lstm import LSTMCell


@dataclass(frozen=True)
class LSTMChronoCell(LSTMCell):
    """The equations of `LSTMCell`; two gates' biases start spread over the time scales expected in the data::

        b_f ~ log U(1, T_max - 1)      b_f = b_if + b_hf
        b_i = -b_f                     b_i = b_ii + b_hi

    A forget gate of bias log(T - 1) forgets over about T steps. "Can recurrent neural networks warp time?", section 3.

    Attributes:
        longest_dependency: T_max, the longest lag in steps that the cell is meant to span; at least 2.
    """

    longest_dependency: int = 100

    def __post_init__(self) -> None:
        require(self.longest_dependency >= 2, "model.options.longest_dependency", self.longest_dependency, "at least 2")
        require(
            self.forget_bias is None,
            "model.forget_bias",
            self.forget_bias,
            "null for lstm_chrono, which draws the forget gate's bias",
        )

    def initialise(self, w: Weights) -> None:
        if w.bias_ih is not None and w.bias_hh is not None:
            b_ii, b_if, _, _ = w.bias_ih.chunk(4)
            b_if.uniform_(1, self.longest_dependency - 1).log_()
            b_ii.copy_(-b_if)
            w.bias_hh[: 2 * len(b_if)] = 0
