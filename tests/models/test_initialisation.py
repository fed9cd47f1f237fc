"""Keras's start: its bounds, orthogonality and biases; and one draw for a hand-written cell and torch's module."""

import math

import pytest
import torch

from rnncompare.base.errors import SettingError
from rnncompare.models import cells
from rnncompare.models.architecture import Architecture
from rnncompare.models.cells import cell_class
from rnncompare.models.network import Network
from rnncompare.models.reference import MODULES

FEATURES, H = 5, 12
WITH_OWN_START = {"irnn", "lstm_chrono", "mut1", "mut2"}  # an identity matrix or drawn biases are part of these cells


def network(name, seed=0, **changed):
    arguments = {"features": FEATURES, "outputs": 2, "readout": "last", "hidden_size": H, "initialisation": "keras"}
    torch.manual_seed(seed)
    return Network(Architecture(name, **arguments | changed))


def layers(name, **changed):
    """Of each layer and direction, its input size and its parameters by their names without the suffix."""
    built = network(name, num_layers=2, bidirectional=True, **changed)
    found = {}
    for full, value in built.recurrent.named_parameters():
        short, _, place = full.rpartition("_l")
        found.setdefault(place, {})[short] = value.detach()
    assert len(found) == 4
    return list(found.values())


@pytest.mark.parametrize("name", [*cells.names(), *MODULES])
def test_every_cell_starts_as_a_keras_layer(name):
    cell = cell_class(name.removeprefix("torch_") if name in MODULES else name)
    for weights in layers(name):
        rows, inputs = weights["weight_ih"].shape
        bound = math.sqrt(6 / (inputs + rows))
        if name not in WITH_OWN_START:
            largest = float(weights["weight_ih"].abs().max())
            assert 0.9 * bound < largest <= bound
            assert float(weights["weight_ih"].std()) == pytest.approx(bound / math.sqrt(3), rel=0.15)
        for matrix in (weights.get("weight_hh"), weights.get("weight_gates")):
            if matrix is not None:  # (G H, H): the columns of all gates together are orthonormal
                torch.testing.assert_close(matrix.T @ matrix, torch.eye(matrix.shape[1]), rtol=0, atol=1e-5)
        if name == "lstm_chrono":
            continue
        for bias in ("bias_ih", "bias_hh"):
            expected = torch.zeros_like(weights.get(bias, torch.zeros(0)))
            if bias == "bias_ih" and hasattr(cell, "forget_bias"):
                at = cell.gates.index("forget") * H
                expected[at : at + H] = 1
            torch.testing.assert_close(weights.get(bias, torch.zeros(0)), expected)


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("start", ["torch", "keras"])
def test_hand_written_and_torch_modules_draw_the_same(name, start):
    shared = {"num_layers": 2, "bidirectional": True, "initialisation": start}
    ours, theirs = network(name, 3, **shared), network(f"torch_{name}", 3, **shared)
    for (name_ours, a), (name_theirs, b) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        assert name_ours == name_theirs
        assert torch.equal(a, b), name_ours


def test_a_forget_bias_that_is_asked_for_wins():
    for weights in layers("lstm", forget_bias=-2.0):
        assert (weights["bias_ih"] + weights["bias_hh"])[H : 2 * H].unique().tolist() == [-2.0]


def test_seeds_draw_differently_and_the_readout_keeps_torchs_start():
    first, second = network("gru", 1), network("gru", 2)
    assert not torch.equal(first.recurrent.weight_hh_l0, second.recurrent.weight_hh_l0)
    assert float(first.readout.weight.detach().abs().max()) <= 1 / math.sqrt(H)
    assert bool(first.readout.bias.detach().any())


def test_another_name_is_refused():
    with pytest.raises(SettingError, match=r"model\.initialisation=tensorflow"):
        network("gru", initialisation="tensorflow")
