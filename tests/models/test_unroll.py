"""The unrolling against the equations in NumPy, against sequences taken singly, and under gradient checks."""

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_sequence

from rnncompare.models.cell import Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.unroll import unroll
from tests.covering import covering_and_nightly
from tests.models.parity import CELLS, IMPLEMENTATIONS, KINDS, example, pair

INPUTS, H, B, T = 3, 4, 5, 6


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm_by_hand(p, x, h, c):
    (W_ii, W_if, W_ig, W_io), (W_hi, W_hf, W_hg, W_ho) = np.split(p["weight_ih"], 4), np.split(p["weight_hh"], 4)
    (b_ii, b_if, b_ig, b_io), (b_hi, b_hf, b_hg, b_ho) = np.split(p["bias_ih"], 4), np.split(p["bias_hh"], 4)
    i = sigmoid(W_ii @ x + b_ii + W_hi @ h + b_hi)
    f = sigmoid(W_if @ x + b_if + W_hf @ h + b_hf)
    g = np.tanh(W_ig @ x + b_ig + W_hg @ h + b_hg)
    o = sigmoid(W_io @ x + b_io + W_ho @ h + b_ho)
    c = f * c + i * g
    return o * np.tanh(c), c


def gru_by_hand(p, x, h):
    (W_ir, W_iz, W_in), (W_hr, W_hz, W_hn) = np.split(p["weight_ih"], 3), np.split(p["weight_hh"], 3)
    (b_ir, b_iz, b_in), (b_hr, b_hz, b_hn) = np.split(p["bias_ih"], 3), np.split(p["bias_hh"], 3)
    r = sigmoid(W_ir @ x + b_ir + W_hr @ h + b_hr)
    z = sigmoid(W_iz @ x + b_iz + W_hz @ h + b_hz)
    n = np.tanh(W_in @ x + b_in + r * (W_hn @ h + b_hn))
    return ((1 - z) * n + z * h,)


def rnn_by_hand(p, x, h):
    return (np.tanh(p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"]),)


def relu_by_hand(p, x, h):
    return (np.maximum(p["weight_ih"] @ x + p["bias_ih"] + p["weight_hh"] @ h + p["bias_hh"], 0),)


BY_HAND = [
    (LSTMCell(), lstm_by_hand),
    (GRUCell(), gru_by_hand),
    (RNNCell("tanh"), rnn_by_hand),
    (RNNCell("relu"), relu_by_hand),
]


def draw(cell):
    """Parameters and initial states."""
    shapes = cell.shapes(INPUTS, H)
    return Weights(**{name: torch.randn(shape).double() for name, shape in shapes.items()}), tuple(
        torch.randn(B, H).double() for _ in cell.states
    )


@pytest.mark.parametrize(("cell", "by_hand"), BY_HAND, ids=lambda value: getattr(value, "__name__", str(value)))
@pytest.mark.parametrize("reverse", [False, True])
def test_equations(cell, by_hand, reverse):
    torch.manual_seed(0)
    w, state = draw(cell)
    x = torch.randn(T, B, INPUTS).double()
    output, final = unroll(cell, x, state, w, reverse=reverse)
    p = {name: tensor.numpy() for name, tensor in vars(w).items()}
    for b in range(B):
        states = tuple(s[b].numpy() for s in state)
        for t in reversed(range(T)) if reverse else range(T):
            states = by_hand(p, x[t, b].numpy(), *states)
            np.testing.assert_allclose(output[t, b], states[0], rtol=1e-12, atol=1e-14)
        for found, expected in zip(final, states, strict=True):
            np.testing.assert_allclose(found[b], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("cell", [cell for cell, _ in BY_HAND], ids=str)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("lengths", [(6, 6, 4, 3, 1), (5, 5, 5, 5, 5), (5, 1, 1, 1, 1), (3, 3, 3, 3, 2)], ids=str)
def test_packed_sequences_are_independent(cell, reverse, lengths):
    torch.manual_seed(0)
    w, state = draw(cell)
    sequences = [torch.randn(length, INPUTS).double() for length in lengths]
    packed = pack_sequence(sequences)
    output, final = unroll(cell, packed.data, state, w, packed.batch_sizes.tolist(), reverse)
    rows = torch.cat([torch.tensor([0]), packed.batch_sizes.cumsum(0)])
    for b, sequence in enumerate(sequences):
        alone, last = unroll(cell, sequence[:, None], tuple(s[b : b + 1] for s in state), w, reverse=reverse)
        for t in range(len(sequence)):
            torch.testing.assert_close(output[rows[t] + b], alone[t, 0])
        for found, expected in zip(final, last, strict=True):
            torch.testing.assert_close(found[b], expected[0])


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@covering_and_nightly("constructions", CELLS, KINDS, (False, True), (False, True))
def test_gradients_and_their_gradients(implementation, constructions):
    for name, kind, both, with_state in constructions:
        module, _ = pair(name, implementation, input_size=2, hidden_size=2, bidirectional=both, dtype=torch.float64)
        given = example(module, kind, with_state, steps=3, batch=2)
        names = [n for n, _ in module.named_parameters()]

        def results(values, *others, module=module, given=given, names=names):
            weights, states = others[: len(names)], others[len(names) :]
            hx = (states if len(states) > 1 else states[0]) if states else None
            output, final = torch.func.functional_call(
                module, dict(zip(names, weights, strict=True)), (given.feed(False, values), hx)
            )
            return (output if isinstance(output, torch.Tensor) else output.data), *final

        leaves = [given.values, *(p.detach().clone() for p in module.parameters()), *(given.state or ())]
        leaves = [leaf.requires_grad_() for leaf in leaves]
        assert torch.autograd.gradcheck(results, leaves)
        assert torch.autograd.gradgradcheck(results, leaves, fast_mode=True)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda state: state[0], "GRUCell.step gives Tensor; a tuple of states of shapes"),
        (lambda state: (*state, state[0]), r"GRUCell.step gives \(\(5, 4\), \(5, 4\)\); a tuple of .* \(\(5, 4\),\)"),
        (lambda state: (state[0][:, :1],), r"GRUCell.step gives \(\(5, 1\),\)"),
    ],
)
def test_a_cell_whose_step_gives_other_states_is_named(change, says, monkeypatch):
    whole = GRUCell.step
    monkeypatch.setattr(GRUCell, "step", lambda self, *given: change(whole(self, *given)))
    w, state = draw(GRUCell())
    with pytest.raises(TypeError, match=says):
        unroll(GRUCell(), torch.randn(T, B, INPUTS).double(), state, w)


def test_a_name_in_place_of_a_tuple_of_gates_is_refused():
    with pytest.raises(TypeError, match=r"Slip.gates is 'candidate'; a tuple is needed, such as \('candidate',\)"):

        class Slip(GRUCell):
            gates = "candidate"
