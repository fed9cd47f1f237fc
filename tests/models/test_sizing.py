"""Sizing: closed forms against built networks, hand counts, and torch's own counter."""

from dataclasses import replace
from math import prod

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from rnncompare.base.errors import SettingError
from rnncompare.models import cells
from rnncompare.models.architecture import Architecture, names
from rnncompare.models.network import Network
from rnncompare.models.sizing import count_parameters, flops_per_update, solve_hidden_size, state_size

plans = st.builds(
    lambda inputs, **rest: Architecture(**inputs, **rest),
    inputs=st.integers(1, 5).map(lambda n: {"features": n})
    | st.builds(
        dict,
        features=st.integers(0, 3),
        categories=st.lists(st.integers(1, 80), min_size=1, max_size=3).map(tuple),
        embedding_size=st.none() | st.integers(1, 9),
    )
    | st.tuples(st.integers(1, 80), st.none() | st.integers(1, 9)).map(
        lambda pair: {"vocabulary": pair[0], "embedding_size": pair[1]}
    ),
    name=st.sampled_from(names()),
    outputs=st.integers(1, 5),
    readout=st.sampled_from(["last", "every"]),
    hidden_size=st.integers(1, 12),
    num_layers=st.integers(1, 3),
    bidirectional=st.booleans(),
)


def real(name: str, **changes) -> Architecture:
    return Architecture(**{"name": name, "features": 2, "outputs": 1, "readout": "last"} | changes)


def numel(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def measured_flops(plan: Architecture, batch_size: int, sequence_length: int) -> int:
    """What torch counts in one forward and backward of the plain loop."""
    network = Network(replace(plan, implementation="loop"))
    shape = sequence_length, batch_size
    if plan.features is None:
        inputs = torch.randint(plan.vocabulary, shape)
    else:
        codes = [torch.randint(count, (*shape, 1)).float() for count in plan.categories]
        inputs = torch.cat((*codes, torch.randn(*shape, plan.features)), -1)
    with FlopCounterMode(display=False) as counter:
        network(inputs).sum().backward()
    return counter.get_total_flops()


@given(plan=plans)
@settings(max_examples=60, deadline=None)
def test_counts_are_those_of_the_built_network(plan):
    counts, network = count_parameters(plan), Network(plan)
    assert counts.total == numel(network)
    assert counts.recurrent == numel(network.recurrent)
    assert counts.embedding == numel(network.embedding)
    assert counts.readout == numel(network.readout)


@pytest.mark.parametrize("name", names())
def test_every_model_is_counted(name):
    plan = real(name, hidden_size=7, num_layers=2, bidirectional=True)
    assert count_parameters(plan).total == numel(Network(plan))


@pytest.mark.parametrize(("gates", "suffix"), [(1, "rnn"), (3, "gru"), (4, "lstm")])
@pytest.mark.parametrize("prefix", ["", "torch_"])
def test_counts_by_hand(gates, suffix, prefix):
    counts = count_parameters(real(prefix + suffix, hidden_size=64))
    assert counts.recurrent == gates * (2 * 64 + 64 * 64 + 2 * 64)
    assert (counts.embedding, counts.readout) == (0, 65)
    assert counts.total == counts.recurrent + 65

    deep = Architecture(
        prefix + suffix, vocabulary=100, outputs=100, readout="every", hidden_size=32, num_layers=2, bidirectional=True
    )
    counts = count_parameters(deep)
    first, second = gates * (64 * 32 + 32 * 32 + 64), gates * (64 * 32 + 32 * 32 + 64)  # 64 embedded, 2 x 32 below
    assert counts.recurrent == 2 * (first + second)
    assert (counts.embedding, counts.readout) == (100 * 64, 64 * 100 + 100)


def test_a_gru_has_three_quarters_of_an_lstms_recurrent_parameters():
    gru, lstm = (count_parameters(real(name, num_layers=3)).recurrent for name in ("gru", "lstm"))
    assert 4 * gru == 3 * lstm


@pytest.mark.parametrize("name", names())
def test_state_size_is_what_the_module_hands_on(name):
    plan = real(name, hidden_size=5, num_layers=2, bidirectional=True)
    _, state = Network(plan).recurrent(torch.randn(3, 1, 2))
    assert state_size(plan) == sum(part.numel() for part in (state if isinstance(state, tuple) else (state,)))


def test_state_size_by_hand():
    assert state_size(real("lstm", hidden_size=10)) == 20
    assert state_size(real("torch_gru", hidden_size=10, num_layers=2, bidirectional=True)) == 40


@given(
    plan=plans.filter(lambda plan: plan.name in ("lstm", "gru", "rnn")),
    batch_size=st.integers(1, 4),
    sequence_length=st.integers(1, 4),
)
@settings(max_examples=40, deadline=None)
def test_flops_are_those_that_torch_counts(plan, batch_size, sequence_length):
    assert flops_per_update(plan, batch_size, sequence_length) == measured_flops(plan, batch_size, sequence_length)


@pytest.mark.parametrize("name", cells.names())
def test_flops_of_every_cell_are_those_that_torch_counts(name):
    """Up to the first step's gradients, which a cell may need of products of what it computed from the state."""
    plan = real(name, hidden_size=6, num_layers=2)
    shapes = plan.cell.shapes(6, 6)
    first_step = 2 * 2 * 3 * prod(shapes.get("weight_hh", (0,)))
    assert 0 <= measured_flops(plan, 3, 5) - flops_per_update(plan, 3, 5) <= first_step


@pytest.mark.parametrize("prefix", ["", "torch_"])
def test_flops_by_hand(prefix):
    T, B, F, H, K = 50, 32, 2, 64, 1
    forward = T * B * 3 * H * (F + H) + B * H * K
    weights = forward
    inputs = (T - 1) * B * 3 * H * H + B * H * K  # not of the features, nor of the initial state
    plan = real(prefix + "gru", hidden_size=H)
    assert flops_per_update(plan, B, T) == 2 * (forward + weights + inputs)

    symbols = Architecture(prefix + "gru", vocabulary=2, outputs=K, readout="every", hidden_size=H)
    of_readout = 3 * K * (T - 1) * B * H  # at every step instead of the last alone
    of_embedding = T * B * 3 * H * F
    assert flops_per_update(symbols, B, T) - flops_per_update(plan, B, T) == 2 * (of_readout + of_embedding)


@given(plan=plans, parameters=st.integers(1, 20_000))
@settings(max_examples=100, deadline=None)
def test_the_solved_width_is_the_largest_within_the_budget(plan, parameters):
    smallest = count_parameters(replace(plan, hidden_size=1)).total
    if parameters < smallest:
        with pytest.raises(SettingError, match=rf"^model.parameters={parameters}: .*smallest possible is {smallest}$"):
            solve_hidden_size(plan, parameters)
    else:
        width = solve_hidden_size(plan, parameters)
        assert count_parameters(replace(plan, hidden_size=width)).total <= parameters
        assert count_parameters(replace(plan, hidden_size=width + 1)).total > parameters


@pytest.mark.parametrize("name", names())
def test_the_width_of_a_budget_met_exactly(name):
    for hidden_size in (1, 2, 63, 500):
        plan = real(name, hidden_size=hidden_size)
        total = count_parameters(plan).total
        assert solve_hidden_size(plan, total) == hidden_size
        assert solve_hidden_size(plan, total + 1) == hidden_size


@pytest.mark.parametrize("parameters", [-5, 0])
def test_no_budget_at_all_is_refused(parameters):
    with pytest.raises(SettingError, match=f"model.parameters={parameters}"):
        solve_hidden_size(real("gru"), parameters)
