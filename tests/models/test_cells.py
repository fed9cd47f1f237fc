"""Every cell alone: against NumPy, against hand counts, its initial values, its signs, and its configuration."""

import math
from dataclasses import fields
from pathlib import Path

import cell_oracles
import numpy as np
import pytest
import torch
import yaml
from scipy.stats import kstest

from rnncompare.base.errors import SettingError
from rnncompare.models import cells
from rnncompare.models.cell import Weights
from rnncompare.models.cells.lstm_chrono import LSTMChronoCell
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.unroll import unroll

CONFIGS = Path(__file__).parents[2] / "configs" / "model"


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def draw(name, input_size, hidden_size):
    """Random parameters and the cell, in float64."""
    cell = cells.cell_class(name)()
    shapes = cell.shapes(input_size, hidden_size)
    return cell, {key: torch.randn(shape, dtype=torch.float64) for key, shape in shapes.items()}


@pytest.mark.parametrize("name", cells.names())
def test_step_is_the_papers(name):
    cell, parameters = draw(name, 3, 4)
    state = [torch.randn(2, 4, dtype=torch.float64) for _ in cell.states]
    x = torch.randn(2, 3, dtype=torch.float64)
    w = Weights(**parameters)
    actual = cell.step(w.input(x), tuple(state), w)
    gates = cell_oracles.Gates({key: value.numpy() for key, value in parameters.items()}, 4)
    for row in range(2):
        expected = getattr(cell_oracles, name)(gates, x[row].numpy(), *(s[row].numpy() for s in state))
        assert len(actual) == len(expected) == len(cell.states)
        for ours, theirs in zip(actual, expected, strict=True):
            np.testing.assert_allclose(ours[row].numpy(), theirs, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", cells.names())
@pytest.mark.parametrize(("input_size", "hidden_size"), [(3, 5), (4, 4)])
def test_parameters_are_as_counted_by_hand(name, input_size, hidden_size):
    module = Recurrent(cells.cell_class(name)(), input_size, hidden_size)
    assert sum(p.numel() for p in module.parameters()) == cell_oracles.PARAMETERS[name](input_size, hidden_size)


@pytest.mark.parametrize("name", cells.names())
def test_without_bias_there_is_none_and_the_step_runs(name):
    module = Recurrent(cells.cell_class(name)(), 3, 4, bias=False)
    assert not any("bias" in key for key in module.state_dict())
    output, _ = module(torch.randn(2, 1, 3))
    assert output.shape == (2, 1, 4)
    assert output.isfinite().all()


@pytest.mark.parametrize("name", cells.names())
def test_gradients_are_those_of_finite_differences(name):
    cell, parameters = draw(name, 2, 2)
    leaves = [torch.randn(3, 1, 2, dtype=torch.float64)]
    leaves += [torch.randn(1, 2, dtype=torch.float64) for _ in cell.states]
    leaves += list(parameters.values())
    states = len(cell.states)

    def run(x, *rest):
        output, final = unroll(cell, x, rest[:states], Weights(**dict(zip(parameters, rest[states:], strict=True))))
        return output, *final

    assert torch.autograd.gradcheck(run, [leaf.requires_grad_() for leaf in leaves], fast_mode=True)


COPYING = {  # the gate that decides between the past and the new content, and the sign with which it copies
    "gru": ("update", +1),
    "gru_reset_before": ("update", +1),
    "gru_no_reset": ("update", +1),
    "gru_extra_gate": ("update", +1),
    "mgu": ("forget", -1),
    "mut1": ("update", -1),
    "mut2": ("update", -1),
    "mut3": ("update", -1),
    "min_gru": ("update", -1),
}


@pytest.mark.parametrize("name", COPYING)
def test_update_gate_held_at_copying_copies_exactly_and_passes_the_gradient_whole(name):
    cell, parameters = draw(name, 3, 4)
    gate, sign = COPYING[name]
    parameters["bias_ih"].chunk(len(cell.gates))[cell.gates.index(gate)].fill_(sign * 1000)
    h = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)
    output, (final,) = unroll(cell, torch.randn(50, 2, 3, dtype=torch.float64), (h,), Weights(**parameters))
    assert torch.equal(final, h)
    assert torch.equal(output, h.expand(50, 2, 4))
    (gradient,) = torch.autograd.grad(final.sum(), h)
    assert torch.equal(gradient, torch.ones_like(h))


FORGETTING = [name for name in cells.names() if "forget_bias" in [f.name for f in fields(cells.cell_class(name))]]


@pytest.mark.parametrize("name", [name for name in FORGETTING if name != "lstm_chrono"])
def test_forget_bias_sets_the_forget_gates_bias_and_nothing_else(name):
    kind = cells.cell_class(name)
    torch.manual_seed(1)
    plain = Recurrent(kind(), 3, 4).state_dict()
    torch.manual_seed(1)
    biased = Recurrent(kind(forget_bias=1.5), 3, 4).state_dict()
    forget = slice(kind.gates.index("forget") * 4, (kind.gates.index("forget") + 1) * 4)
    total = biased["bias_ih_l0"][forget] + biased["bias_hh_l0"][forget] if "bias_hh_l0" in biased else None
    assert torch.equal(biased["bias_ih_l0"][forget] if total is None else total, torch.full((4,), 1.5))
    for key in plain:
        if "bias" in key:
            plain[key][forget] = biased[key][forget] = 0
        assert torch.equal(plain[key], biased[key]), key


def test_every_cell_with_a_forget_gate_of_the_lstms_sign_offers_its_bias():
    assert {name for name in cells.names() if "forget" in cells.cell_class(name).gates} == {*FORGETTING, "mgu"}


def test_chrono_biases_are_spread_over_the_time_scales():
    biases = Recurrent(LSTMChronoCell(longest_dependency=50), 2, 2000, dtype=torch.float64).state_dict()
    b_i, b_f, *_ = (biases["bias_ih_l0"] + biases["bias_hh_l0"]).chunk(4)
    assert torch.equal(b_i, -b_f)
    assert kstest(b_f.exp().numpy(), "uniform", args=(1, 48)).pvalue > 0.001
    assert math.isclose(b_f.exp().max(), 49, rel_tol=0.01)


def test_chrono_refuses_what_it_cannot_do():
    with pytest.raises(SettingError, match=r"longest_dependency=1: at least 2"):
        LSTMChronoCell(longest_dependency=1)
    with pytest.raises(SettingError, match=r"model.forget_bias=1.0"):
        LSTMChronoCell(forget_bias=1.0)


def test_irnn_starts_by_adding_up_its_inputs():
    module = Recurrent(cells.cell_class("irnn")(), 3, 4, dtype=torch.float64)
    x = torch.randn(6, 1, 3, dtype=torch.float64)
    module.weight_ih_l0.data.abs_()
    output, _ = module(x.abs())
    torch.testing.assert_close(output, (x.abs() @ module.weight_ih_l0.T).cumsum(0))


@pytest.mark.parametrize(("name", "gate"), [("mut1", "candidate"), ("mut2", "reset")])
def test_mut_takes_the_input_itself_at_the_start_where_sizes_allow(name, gate):
    kind = cells.cell_class(name)
    k = kind.gates.index(gate)
    square = Recurrent(kind(), 4, 4).state_dict()
    assert torch.equal(square["weight_ih_l0"].chunk(3)[k], torch.eye(4))
    assert torch.equal(square["bias_ih_l0"].chunk(3)[k], torch.zeros(4))
    assert Recurrent(kind(), 3, 4).state_dict()["weight_ih_l0"].chunk(3)[k].all()


@pytest.mark.parametrize("name", [*cells.names(), "torch_lstm", "torch_gru", "torch_rnn"])
def test_configuration_says_what_the_model_is_and_fits_it(name):
    text = (CONFIGS / f"{name}.yaml").read_text()
    assert text.startswith("# ")
    config = yaml.safe_load(text)
    assert config.pop("name") == name
    kind = cells.cell_class(name.removeprefix("torch_"))
    assert kind(**config.pop("options", {}))
    assert config == ({"implementation": None} if name.startswith("torch_") else {})


@pytest.mark.parametrize("name", cells.names())
def test_docstring_states_the_equations(name):
    assert "::\n\n    " in cells.cell_class(name).__doc__


def test_all_configurations_are_of_models():
    assert {path.stem for path in CONFIGS.glob("*.yaml")} == {*cells.names(), "torch_lstm", "torch_gru", "torch_rnn"}
