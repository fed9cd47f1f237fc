"""The pointwise part of each cell's step, forward and backward: all that the loops do not know.

A cell with other equations runs fused once `EQUATIONS` has its step. The functions take and return tuples of tiles:

- ``forward(x, p, state)`` to ``(new state, kept)``: x the input's part of all gates, p their products with h_{t-1}.
- ``backward(d, kept, before, after)`` to ``(d_sums, d_state)``: from the gradients of the new states, what forward
  kept, and the states before and after the step, to the gradients of the gates' sums, and to those of the states
  before, less what reaches them through the products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import triton
import triton.language as tl

from rnncompare.models.cell import Cell
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.gru_reset_before import GRUResetBeforeCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.lstm_coupled import LSTMCoupledCell
from rnncompare.models.cells.lstm_no_forget_gate import LSTMNoForgetGateCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast.function import step_of


@triton.jit
def sigmoid(x):
    """σ(x), without overflow."""
    e = tl.exp(-tl.abs(x))
    return tl.where(x >= 0, 1.0, e) / (1.0 + e)


@triton.jit
def tanh(x):
    """Hyperbolic tangent, exact to the last digits near 0 too, by the rational function of Cephes (Moshier 1989)."""
    e = tl.exp(-2.0 * tl.abs(x))
    large = (1.0 - e) / (1.0 + e)
    z = x * x
    p = (-9.64399179425052238628e-1 * z - 9.92877231001918586564e1) * z - 1.61468768441708447952e3
    q = ((z + 1.12811678491632931402e2) * z + 2.23548839060100448583e3) * z + 4.84406305325125486048e3
    # NaN fails every comparison and comes out of the last branch.
    return tl.where(tl.abs(x) < 0.625, x + x * z * (p / q), tl.where(x < 0, -large, large))


@triton.jit
def lstm(x, p, state):
    i, f = sigmoid(x[0] + p[0]), sigmoid(x[1] + p[1])
    g, o = tanh(x[2] + p[2]), sigmoid(x[3] + p[3])
    c = f * state[1] + i * g
    return (o * tanh(c), c), (i, f, g, o)


@triton.jit
def lstm_backward(d, kept, before, after):
    i, f, g, o = kept
    squashed = tanh(after[1])
    d_c = d[1] + d[0] * o * (1.0 - squashed * squashed)
    d_i, d_f = d_c * g * i * (1.0 - i), d_c * before[1] * f * (1.0 - f)
    d_g, d_o = d_c * i * (1.0 - g * g), d[0] * squashed * o * (1.0 - o)
    return (d_i, d_f, d_g, d_o), (nothing(d_c), d_c * f)


@triton.jit
def lstm_coupled(x, p, state):
    f, g, o = sigmoid(x[0] + p[0]), tanh(x[1] + p[1]), sigmoid(x[2] + p[2])
    c = g + f * (state[1] - g)
    return (o * tanh(c), c), (f, g, o)


@triton.jit
def lstm_coupled_backward(d, kept, before, after):
    f, g, o = kept
    squashed = tanh(after[1])
    d_c = d[1] + d[0] * o * (1.0 - squashed * squashed)
    d_f, d_g = d_c * (before[1] - g) * f * (1.0 - f), d_c * (1.0 - f) * (1.0 - g * g)
    return (d_f, d_g, d[0] * squashed * o * (1.0 - o)), (nothing(d_c), d_c * f)


@triton.jit
def lstm_no_forget_gate(x, p, state):
    i, g, o = sigmoid(x[0] + p[0]), tanh(x[1] + p[1]), sigmoid(x[2] + p[2])
    c = state[1] + i * g
    return (o * tanh(c), c), (i, g, o)


@triton.jit
def lstm_no_forget_gate_backward(d, kept, before, after):
    i, g, o = kept
    squashed = tanh(after[1])
    d_c = d[1] + d[0] * o * (1.0 - squashed * squashed)
    d_i, d_g = d_c * g * i * (1.0 - i), d_c * i * (1.0 - g * g)
    return (d_i, d_g, d[0] * squashed * o * (1.0 - o)), (nothing(d_c), d_c)


@triton.jit
def gru(x, p, state):
    r, z = sigmoid(x[0] + p[0]), sigmoid(x[1] + p[1])
    n = tanh(x[2] + r * p[2])
    return (n + z * (state[0] - n),), (r, z, n, p[2])


@triton.jit
def gru_backward(d, kept, before, after):
    r, z, n, p = kept
    d_n = d[0] * (1.0 - z) * (1.0 - n * n)
    d_z = d[0] * (before[0] - n) * z * (1.0 - z)
    return (d_n * r, d_n * p * r * (1.0 - r), d_z, d_n), (d[0] * z,)


@triton.jit
def reset(x, p, state):
    r = sigmoid(x[0] + p[0])
    return r * state[0], (r,)


@triton.jit
def reset_backward(d_inner, kept, before):
    r = kept[0]
    return (d_inner * before[0] * r * (1.0 - r),), d_inner * r


@triton.jit
def gru_reset_before(x, p, state):
    z, n = sigmoid(x[0] + p[0]), tanh(x[1] + p[1])
    return (n + z * (state[0] - n),), (z, n)


@triton.jit
def gru_reset_before_backward(d, kept, before, after):
    z, n = kept[1], kept[2]
    d_z = d[0] * (before[0] - n) * z * (1.0 - z)
    return (d_z, d[0] * (1.0 - z) * (1.0 - n * n)), (d[0] * z,)


@triton.jit
def rnn_tanh(x, p, state):
    return (tanh(x[0] + p[0]),), ()


@triton.jit
def rnn_tanh_backward(d, kept, before, after):
    return (d[0] * (1.0 - after[0] * after[0]),), (nothing(d[0]),)


@triton.jit
def rnn_relu(x, p, state):
    a = x[0] + p[0]
    return (tl.where(a <= 0, 0.0, a),), ()  # so that NaN stays


@triton.jit
def rnn_relu_backward(d, kept, before, after):
    return (tl.where(after[0] == 0, 0.0, d[0]),), (nothing(d[0]),)


@triton.jit
def nothing(like):
    """A tile of zeros: for a state that only the products see."""
    return tl.full(like.shape, 0.0, like.dtype)


@dataclass(frozen=True)
class Equations:
    """A cell as the loops take it.

    Attributes:
        forward: the pointwise part of a step.
        backward: the same back.
        gates: the blocks of rows of ``weight_ih`` and ``weight_hh``.
        kept: the number of tiles that forward keeps for backward, all early ones included.
        states: how many states there are.
        moved: for how many of the last gates the product and the input's part have different gradients, as
            for a GRU's candidate. If any, ``bias_hh`` is part of p, and d_sums begins with the gradients of these
            products.
        early: how many first gates are needed before the products of the last ones.
        inner: how many last gates take, instead of h_{t-1}, the inner operand that ``reset`` makes.
        reset: of x, p of the early gates and the state, the inner operand and what of it to keep.
        reset_backward: of the inner operand's gradient, what was kept and the states before, the gradients of the early
            gates' sums and what passes to h_{t-1}, except through the products.
    """

    forward: Any
    backward: Any
    gates: int
    kept: int
    states: int = 1
    moved: int = 0
    early: int = 0
    inner: int = 0
    reset: Any = None
    reset_backward: Any = None

    @property
    def blocks(self) -> int:
        """Blocks of the gradients of sums: those that products and input have in common are there once."""
        return self.gates + self.moved

    @property
    def recorded(self) -> int:
        """Blocks of a row's record: what the cell keeps, the states but the output, the inner operand."""
        return self.kept + self.states - 1 + (self.reset is not None)

    @property
    def extra(self) -> int:
        """Blocks of the record for which the gates leave no room."""
        return max(0, self.recorded - self.gates)


TANH = Equations(rnn_tanh, rnn_tanh_backward, gates=1, kept=0)
RELU = Equations(rnn_relu, rnn_relu_backward, gates=1, kept=0)
EQUATIONS: dict[object, Equations] = {
    LSTMCell.step: Equations(lstm, lstm_backward, gates=4, kept=4, states=2),
    LSTMCoupledCell.step: Equations(lstm_coupled, lstm_coupled_backward, gates=3, kept=3, states=2),
    LSTMNoForgetGateCell.step: Equations(lstm_no_forget_gate, lstm_no_forget_gate_backward, gates=3, kept=3, states=2),
    GRUCell.step: Equations(gru, gru_backward, gates=3, kept=4, moved=1),
    GRUResetBeforeCell.step: Equations(
        gru_reset_before,
        gru_reset_before_backward,
        gates=3,
        kept=3,
        early=1,
        inner=1,
        reset=reset,
        reset_backward=reset_backward,
    ),
    RNNCell.step: TANH,
}


def equations_of(cell: Cell) -> Equations | None:
    """What the loops are given for a cell; None if they cannot run it."""
    found = EQUATIONS.get(step_of(cell))
    return RELU if found is TANH and getattr(cell, "nonlinearity", "tanh") == "relu" else found
