"""Checks of structure: they hold for what they are about, and fail for cells that are built otherwise."""

import socket

import pytest
import torch
from torch import nn

from rnncompare.claims import exact_checks as structure
from rnncompare.claims.exact_checks import fewer_parameters, gates_and_state, gru_is_rnn
from rnncompare.models import cells


@pytest.fixture(autouse=True)
def _no_data(monkeypatch, tmp_path):
    def refuse(*_):
        raise AssertionError("something was to be fetched")

    monkeypatch.setenv("RNNCOMPARE_DATA", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", refuse)


def looked_at(*words):
    return [check for check in gates_and_state.checks() if all(word in check.statement for word in words)]


def test_a_claim_without_checks_is_refused():
    with pytest.raises(KeyError):
        structure.checks("nothing")


@pytest.mark.parametrize("name", ["gates_and_state", "gru_is_rnn", "fewer_parameters"])
def test_what_is_asked_holds(name):
    random = torch.random.get_rng_state()
    checks = structure.checks(name)
    assert checks
    assert not [check for check in checks if check.holds is False]
    assert torch.equal(torch.random.get_rng_state(), random)


def test_easier_to_modify_is_reported_alone():
    checks = structure.checks("easier_to_modify")
    assert all(check.holds is None and check.value == int(check.found) for check in checks)
    found = {check.statement: check.value for check in checks}
    assert found["lstm: lines removed for it"] < found["gru: lines removed for it"]


@pytest.mark.parametrize(
    ("name", "other", "about"),
    [
        ("gru", "gru_extra_gate", "gates, which"),
        ("lstm", "lstm_no_forget_gate", "gates, which"),
        ("lstm", "lstm_no_output_activation", "non-linearities"),
        ("lstm", "gru", "states"),
        ("lstm", "lstm_no_output_gate", "gates that silence"),
    ],
)
def test_another_number_of_gates_or_states_shows(name, other, about, monkeypatch):
    cell_class = cells.cell_class
    monkeypatch.setattr(cells, "cell_class", lambda asked: cell_class(other if asked == name else asked))
    (check,) = looked_at(f"{name}: {about}")
    assert not check.holds


def test_an_output_that_is_no_weighted_sum_shows(monkeypatch):
    step = gates_and_state.OneStep.step
    monkeypatch.setattr(gates_and_state.OneStep, "step", lambda *args: tuple(1.5 * s for s in step(*args)))
    (check,) = looked_at("weighted sum")
    assert not check.holds


def test_a_reset_gate_that_acts_elsewhere_shows(monkeypatch):
    step = gates_and_state.OneStep.step

    def scaled_by_reset(trial, driven=None, state=None):
        """Its effect does not depend on the previous state."""
        others = dict(driven or {})
        shift = others.pop("reset", 0) > 0
        return tuple(s + shift for s in step(trial, others, state))

    monkeypatch.setattr(gates_and_state.OneStep, "step", scaled_by_reset)
    assert [check.holds for check in looked_at("gru:", "reset gate")] == [False, False]


def test_a_gru_whose_gates_are_not_held_is_no_rnn(monkeypatch):
    assert gru_is_rnn.largest_difference(torch.float64, "loop") < 1e-14
    monkeypatch.setattr(gru_is_rnn, "SATURATED", 3.0)
    assert gru_is_rnn.largest_difference(torch.float64, "loop") > 1e-3


def test_parameters_are_those_of_torch():
    def total(recurrent):
        return sum(p.numel() for module in (recurrent, nn.Linear(128, 1)) for p in module.parameters())

    checks = {check.statement.split(":")[0]: check for check in fewer_parameters.checks()}
    assert checks["adding"].value == total(nn.GRU(2, 128)) / total(nn.LSTM(2, 128))
    assert checks["text"].value < 1  # its default needs no file
    assert "not here" in checks["mnist_pixels"].found
    assert (checks["mnist_pixels"].holds, checks["mnist_pixels"].value) == (None, None)
