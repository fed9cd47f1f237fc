"""Cells that are special cases of others: with some gates held or tied, outputs and gradients are the same."""

import pytest
import torch

from rnncompare.models import cells
from rnncompare.models.cell import Weights
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.unroll import unroll

N, H = 3, 4  # inputs and units
OPEN, CLOSED = 50.0, -50.0  # σ is 1 and 2e-22 there


def blocks(parameters, name):
    return list(parameters[name].split(H))


def hold(**held):
    """The small cell's parameters among those of a cell with more gates, which have no weights and the given bias."""

    def embed(small, big, parameters):
        result = {}
        for name, shape in big.shapes(N, H).items():
            gates = big.gates
            if name.endswith("_hh") and big.recurrent_gates is not None:
                gates = big.recurrent_gates
            own = iter(blocks(parameters, name))
            constant = {"bias_ih": held}.get(name, dict.fromkeys(held, 0.0))
            result[name] = torch.cat(
                [
                    torch.full((H, *shape[1:]), constant[g], dtype=torch.float64) if g in held else next(own)
                    for g in gates
                ]
            )
            assert next(own, None) is None
        return result

    return embed


def tie(**sources):
    """Each gate of the big cell takes the rows of a gate of the small one, or with a minus their negative."""

    def embed(small, big, parameters):
        def rows(name, source):
            gate = source.lstrip("-")
            block = blocks(parameters, name)[small.gates.index(gate)]
            return -block if source.startswith("-") else block

        return {name: torch.cat([rows(name, sources[g]) for g in big.gates]) for name in big.shapes(N, H)}

    return embed


def zero_further(small, big, parameters):
    """The big cell's own parameters are zero."""
    further = big.shapes(N, H).items() - small.shapes(N, H).items()
    return parameters | {name: torch.zeros(shape, dtype=torch.float64) for name, shape in further}


def same(small, big, parameters):
    return parameters


CASES = [
    ("lstm_no_input_gate", "lstm", hold(input=OPEN)),
    ("lstm_no_forget_gate", "lstm", hold(forget=OPEN)),
    ("lstm_no_output_gate", "lstm", hold(output=OPEN)),
    ("lstm_coupled", "lstm", tie(input="-forget", forget="forget", candidate="candidate", output="output")),
    ("lstm", "lstm_peephole", zero_further),
    ("lstm", "lstm_full_gate_recurrence", zero_further),
    ("lstm", "lstm_extra_gate", hold(attention=OPEN)),
    ("lstm", "lstm_chrono", same),
    ("gru", "gru_extra_gate", hold(attention=OPEN)),
    ("gru_no_reset", "gru", hold(reset=OPEN)),
    ("gru_no_reset", "gru_reset_before", hold(reset=OPEN)),
    ("gru_no_update", "gru", hold(update=CLOSED)),
    ("rnn", "gru", hold(reset=OPEN, update=CLOSED)),
    ("rnn", "gru_reset_before", hold(reset=OPEN, update=CLOSED)),
    ("rnn", "gru_no_reset", hold(update=CLOSED)),
    ("rnn", "gru_no_update", hold(reset=OPEN)),
    ("rnn", "gru_extra_gate", hold(reset=OPEN, update=CLOSED, attention=OPEN)),
    ("rnn", "mgu", hold(forget=OPEN)),
    ("rnn", "mut2", hold(reset=OPEN, update=OPEN)),
    ("rnn", "mut3", hold(reset=OPEN, update=OPEN)),
    ("mgu", "gru_reset_before", tie(reset="forget", update="-forget", candidate="candidate")),
    ("gru_reset_before", "mut2", tie(update="-update", reset="reset", candidate="candidate")),
    ("min_gru", "min_lstm", tie(forget="-update", input="update", candidate="candidate")),
]


def leaves(cell):
    torch.manual_seed(0)
    x = torch.randn(6, 2, N, dtype=torch.float64, requires_grad=True)
    state = [torch.randn(2, H, dtype=torch.float64, requires_grad=True) for _ in cell.states]
    shapes = cell.shapes(N, H)
    return x, state, {k: torch.randn(v, dtype=torch.float64, requires_grad=True) for k, v in shapes.items()}


def results(cell, x, state, weights, wrt, states):
    """The outputs, the final states and the gradients of an uneven sum of them."""
    output, final = unroll(cell, x, tuple(state), Weights(**weights))
    values = [output, *final[:states]]
    loss = sum((value * torch.arange(value.numel()).view_as(value).cos()).sum() for value in values)
    return values + list(torch.autograd.grad(loss, wrt))


def assert_equal_to_a_millionth(actual, expected):
    for ours, theirs in zip(actual, expected, strict=True):
        assert theirs.abs().max() > 0
        assert (ours - theirs).abs().max() <= 1e-6 * min(1, theirs.abs().max())


@pytest.mark.parametrize(("small", "big", "embed"), CASES, ids=[f"{small}-in-{big}" for small, big, _ in CASES])
def test_cell_is_a_special_case(small, big, embed):
    small, big = cells.cell_class(small)(), cells.cell_class(big)()
    x, state, parameters = leaves(small)
    wrt, states = [x, *state, *parameters.values()], len(small.states)
    expected = results(small, x, state, parameters, wrt, states)
    further = [torch.rand(2, H, dtype=torch.float64) for _ in big.states[states:]]
    actual = results(big, x, [*state, *further], embed(small, big, parameters), wrt, states)
    assert_equal_to_a_millionth(actual, expected)


def test_irnn_is_the_plain_cell_with_relu():
    cell = cells.cell_class("irnn")()
    x, state, parameters = leaves(cell)
    wrt = [x, *state, *parameters.values()]
    expected = results(RNNCell(nonlinearity="relu"), x, state, parameters, wrt, 1)
    assert_equal_to_a_millionth(results(cell, x, state, parameters, wrt, 1), expected)


@pytest.mark.parametrize("name", ["lstm_no_input_activation", "lstm_no_output_activation"])
def test_activation_matters_not_where_it_is_linear(name):
    lstm, cell = cells.cell_class("lstm")(), cells.cell_class(name)()
    x, (h, c), parameters = leaves(lstm)
    with torch.no_grad():  # a small candidate and a small cell state: tanh(a) = a (1 - a^2 / 3)
        c *= 1e-5
        for value in parameters.values():
            value.chunk(4)[2].mul_(1e-5)
    wrt = [x, h, c, *parameters.values()]
    expected = results(lstm, x, (h, c), parameters, wrt, 2)
    assert_equal_to_a_millionth(results(cell, x, (h, c), parameters, wrt, 2), expected)


@pytest.mark.parametrize("name", ["lstm_no_input_activation", "lstm_no_output_activation", "lstm_peephole"])
def test_variant_differs_from_the_lstm_elsewhere(name):
    lstm, cell = cells.cell_class("lstm")(), cells.cell_class(name)()
    x, state, parameters = leaves(cell)
    ours, _ = unroll(cell, x, tuple(state), Weights(**parameters))
    theirs, _ = unroll(lstm, x, tuple(state), Weights(**parameters))
    assert (ours - theirs).abs().max() > 0.01
