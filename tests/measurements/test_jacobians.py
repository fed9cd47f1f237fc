"""Gradient flow against closed forms, and against autograd through the whole unrolled sequence."""

import math

import numpy as np
import pytest
import torch

from rnncompare.base.errors import SettingError
from rnncompare.measurements.jacobians import embedded, log_norms, slope, steppable
from rnncompare.models import cells
from rnncompare.models.architecture import Architecture
from rnncompare.models.modules import GRU, LSTM, RNN
from rnncompare.models.network import Network
from rnncompare.models.recurrent import Recurrent

SHUT, OPEN = -1e4, 1e4


def double(kind, hidden_size, **settings):
    return kind(2, hidden_size, dtype=torch.float64, implementation="loop", **settings)


@torch.no_grad()
def set_all(layer, **values):
    """Parameters to the values given, the others to 0."""
    for name, parameter in layer.named_parameters():
        parameter.zero_()
        if name in values:
            parameter.add_(torch.as_tensor(values[name], dtype=torch.float64))


def inputs(steps, batch=3):
    return torch.rand(steps, batch, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_linear_rnn_loses_the_largest_eigenvalue_a_step():
    layer = double(RNN, 3, nonlinearity="relu")
    # positive states, on which relu is the identity
    set_all(layer, weight_hh_l0=np.diag([0.5, 0.8, 0.1]), bias_ih_l0=1.0)
    norms = log_norms(layer, inputs(12))
    np.testing.assert_allclose(norms, np.arange(13) * math.log(0.8), atol=1e-12)
    assert slope(norms) == pytest.approx(math.log(0.8), abs=1e-12)


def test_identity_rnn_keeps_all():
    layer = double(RNN, 4, nonlinearity="relu")
    set_all(layer, weight_hh_l0=np.eye(4), bias_ih_l0=1.0)
    assert (log_norms(layer, inputs(9)) == 0).all()


def test_gru_whose_update_gate_copies_has_norm_1_at_every_lag_whatever_its_other_weights():
    torch.manual_seed(0)
    layer = double(GRU, 5)
    with torch.no_grad():
        layer.bias_ih_l0[5:10] = OPEN
    norms = log_norms(layer, inputs(30))
    assert (np.exp(norms) == 1).all()
    assert slope(norms) == 0


@pytest.mark.parametrize(("output_bias", "norm"), [(OPEN, 1.0), (0.3, 1 / (1 + math.exp(-0.3)))])
def test_lstm_whose_forget_gate_copies_has_the_same_norm_at_every_lag(output_bias, norm):
    """Along c, d h_T / d c_t = o_T (1 - tanh² c_T), and c stays 0 where the input gate is shut."""
    layer = double(LSTM, 3)
    set_all(layer, bias_ih_l0=[SHUT] * 3 + [OPEN] * 3 + [0.0] * 3 + [output_bias] * 3)
    norms = log_norms(layer, inputs(30))
    assert norms[0] == 0
    np.testing.assert_allclose(np.exp(norms[1:]), norm, rtol=1e-14)
    assert slope(norms) == pytest.approx(0, abs=1e-14)


def by_autograd(layer, input, lag):
    """The log of the spectral norm, median over single sequences, by one derivative through the last ``lag`` steps."""
    norms = []
    for sequence in input.unbind(1):
        x = sequence[:, None]
        steps = len(x) - lag
        state = layer(x[:steps])[1] if steps else None
        if state is None:
            state = layer(x)[1]
            state = torch.zeros_like(state) if isinstance(state, torch.Tensor) else tuple(map(torch.zeros_like, state))
        parts = (state,) if isinstance(state, torch.Tensor) else state

        def last_output(*parts, rest=x[steps:]):
            return layer(rest, parts[0] if len(parts) == 1 else parts)[0][-1, 0]

        jacobians = torch.autograd.functional.jacobian(last_output, parts)
        whole = torch.cat([jacobian.flatten(1) for jacobian in jacobians], -1)
        norms.append(torch.linalg.svdvals(whole)[0].log().item())
    return np.median(norms)


@pytest.mark.parametrize("name", ["gru", "lstm", "rnn", "lstm_peephole", "gru_reset_before", "mut1", "min_lstm"])
def test_as_autograd_through_the_whole_sequence(name):
    torch.manual_seed(3)
    layer = Recurrent(cells.cell_class(name)(), 2, 4, num_layers=2, dtype=torch.float64, implementation="loop")
    input = inputs(6, batch=4)
    found = log_norms(layer, input)
    assert len(found) == 7
    for lag in range(1, 7):
        assert found[lag] == pytest.approx(by_autograd(layer, input, lag), abs=1e-10)


def test_largest_lag_cuts_and_changes_nothing():
    torch.manual_seed(0)
    layer = double(LSTM, 4)
    whole, cut = log_norms(layer, inputs(8)), log_norms(layer, inputs(8), lags=3)
    np.testing.assert_array_equal(cut, whole[:4])
    np.testing.assert_array_equal(log_norms(layer, inputs(8), lags=99), whole)


def test_what_vanishes_beyond_all_floats_is_still_known():
    layer = double(RNN, 2, nonlinearity="relu")
    set_all(layer, weight_hh_l0=1e-30 * np.eye(2), bias_ih_l0=1.0)
    norms = log_norms(layer, inputs(50))
    assert norms[-1] == pytest.approx(-50 * 30 * math.log(10))


def test_a_unit_that_is_off_passes_nothing():
    layer = double(RNN, 2, nonlinearity="relu")
    set_all(layer, weight_hh_l0=np.eye(2), bias_ih_l0=-1.0)
    norms = log_norms(layer, inputs(3))
    assert norms[0] == 0
    assert np.isneginf(norms[1:]).all()
    assert slope(norms) == -np.inf


def test_slope_is_that_of_the_line_of_least_squares_without_lag_0():
    norms = np.array([0.0, -3.0, -3.5, -3.6, -5.1])
    assert slope(norms) == pytest.approx(np.polyfit([1, 2, 3, 4], norms[1:], 1)[0])


def network(name, **settings):
    torch.manual_seed(5)
    return Network(Architecture(name, outputs=1, readout="last", vocabulary=7, hidden_size=6, **settings))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_torch_modules_are_measured_as_the_hand_written_with_the_same_weights(cell):
    symbols = torch.randint(7, (10, 4), generator=torch.Generator().manual_seed(0))
    ours, theirs = network(cell, num_layers=2, dropout=0.5), network(f"torch_{cell}", num_layers=2, dropout=0.5)
    found = [log_norms(steppable(one), embedded(one, symbols)) for one in (ours, theirs)]
    np.testing.assert_array_equal(*found)
    assert found[0][-1] < 0


def test_two_directions_are_refused():
    with pytest.raises(SettingError, match=r"model\.bidirectional=True: .*one direction"):
        steppable(network("gru", bidirectional=True))
