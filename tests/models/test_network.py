"""The network: the same start whatever the implementation, padding without effect, and requests that it refuses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rnncompare.base.errors import SettingError
from rnncompare.models.architecture import Architecture, names
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.network import Network
from rnncompare.models.reference import reference
from rnncompare.tasks.contract.objectives import Classification

PAIRS = [("lstm", "torch_lstm"), ("gru", "torch_gru"), ("rnn", "torch_rnn")]


def architecture(name: str = "gru", **changes) -> Architecture:
    return Architecture(**{"name": name, "features": 3, "outputs": 4, "readout": "last", "hidden_size": 6} | changes)


def seeded(plan: Architecture, seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return Network(plan)


@pytest.mark.parametrize(("own", "torchs"), PAIRS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
def test_one_seed_gives_hand_written_and_torch_the_same_start(own, torchs, bidirectional, readout):
    changes = {"features": None, "vocabulary": 11, "num_layers": 2, "bidirectional": bidirectional, "readout": readout}
    a, b = seeded(architecture(own, **changes)), seeded(architecture(torchs, **changes))
    weights_a, weights_b = dict(a.named_parameters()), dict(b.named_parameters())
    assert weights_a.keys() == weights_b.keys()
    assert all(torch.equal(weights_a[name], weights_b[name]) for name in weights_a)

    inputs = torch.randint(11, (7, 5))
    targets = torch.randint(4, (5,) if readout == "last" else (7, 5))
    outputs_a, outputs_b = a(inputs), b(inputs)
    assert_close(outputs_a, outputs_b)
    objective = Classification(outputs=4, readout=readout)
    loss_a, loss_b = (objective.totals(outputs, targets, None)[0] for outputs in (outputs_a, outputs_b))
    assert_close(loss_a, loss_b)
    loss_a.backward()
    loss_b.backward()
    for name, weight in weights_a.items():
        assert_close(weight.grad, weights_b[name].grad, rtol=1e-4, atol=1e-5)


def test_the_first_updates_of_hand_written_and_torch_agree():
    losses = {}
    for name in ("gru", "torch_gru"):
        network = seeded(architecture(name))
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
        inputs, targets = torch.randn(9, 8, 3), torch.randn(8, 4)
        losses[name] = []
        for _ in range(5):
            loss = ((network(inputs) - targets) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[name].append(loss.detach())
    assert losses["gru"][-1] < losses["gru"][0]
    assert_close(torch.stack(losses["gru"]), torch.stack(losses["torch_gru"]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("readout", ["last", "every"])
@pytest.mark.parametrize("symbols", [False, True])
def test_a_padded_sequence_is_read_as_if_it_were_alone(name, bidirectional, readout, symbols):
    plan = architecture(
        name,
        bidirectional=bidirectional,
        readout=readout,
        num_layers=2,
        features=None if symbols else 3,
        vocabulary=7 if symbols else None,
    )
    network = seeded(plan).double().eval()
    lengths = torch.tensor([2, 5, 1, 4])  # none as long as the padded batch
    inputs = torch.randint(7, (6, 4)) if symbols else torch.randn(6, 4, 3, dtype=torch.float64)
    batched = network(inputs, lengths)
    assert batched.shape == ((4, 4) if readout == "last" else (6, 4, 4))
    for b, length in enumerate(lengths.tolist()):
        alone = network(inputs[:length, b : b + 1])
        assert_close(batched[b] if readout == "last" else batched[:length, b], alone[..., 0, :])


@pytest.mark.parametrize("bidirectional", [False, True])
def test_padding_has_no_gradient(bidirectional):
    network = seeded(architecture(bidirectional=bidirectional, num_layers=2))
    inputs = torch.randn(5, 3, 3, requires_grad=True)
    network(inputs, torch.tensor([5, 2, 3])).sum().backward()
    in_use = torch.arange(5)[:, None] < torch.tensor([5, 2, 3])
    assert (inputs.grad[~in_use] == 0).all()
    assert (inputs.grad[in_use].abs().sum(-1) > 0).all()


def test_the_last_readout_in_both_directions_joins_their_final_states():
    network = seeded(architecture("torch_lstm", bidirectional=True, num_layers=2))
    inputs = torch.randn(5, 2, 3)
    output, _ = network.recurrent(inputs)
    ends = torch.cat((output[-1, :, :6], output[0, :, 6:]), -1)
    assert_close(network(inputs), network.readout(ends))


def test_dropout_acts_in_training_only_and_where_it_was_asked_for():
    network = seeded(architecture("torch_gru", hidden_size=200, dropout=0.5))
    inputs = torch.randn(4, 2, 3)
    dropped = []
    network.readout.register_forward_pre_hook(lambda _, given: dropped.append((given[0] == 0).float().mean().item()))
    network(inputs)
    network.eval()
    network(inputs)
    assert dropped[0] == pytest.approx(0.5, abs=0.1)
    assert dropped[1] == 0
    assert network.recurrent.dropout == 0
    assert seeded(architecture("torch_gru", num_layers=2, dropout=0.5)).recurrent.dropout == 0.5
    only_inputs = seeded(architecture("gru", input_dropout=0.9))
    assert not torch.equal(only_inputs(inputs), only_inputs(inputs))
    assert torch.equal(only_inputs.eval()(inputs), only_inputs(inputs))


@pytest.mark.parametrize("name", ["lstm", "torch_lstm"])
def test_forget_bias_is_what_was_asked_for_in_every_layer_and_direction(name):
    network = seeded(architecture(name, forget_bias=1.5, num_layers=2, bidirectional=True))
    plain = seeded(architecture(name, num_layers=2, bidirectional=True))
    for suffix in ("l0", "l0_reverse", "l1", "l1_reverse"):
        of, of_plain = (
            getattr(net.recurrent, f"bias_ih_{suffix}") + getattr(net.recurrent, f"bias_hh_{suffix}")
            for net in (network, plain)
        )
        assert (of[6:12] == 1.5).all()
        rest = [*range(6), *range(12, 24)]
        assert torch.equal(of[rest], of_plain[rest])
        assert (of_plain[6:12] != 1.5).all()


def test_forget_bias_is_the_same_start_in_both():
    own, torchs = (seeded(architecture(name, forget_bias=1.0)).state_dict() for name in ("lstm", "torch_lstm"))
    assert all(torch.equal(own[name], torchs[name]) for name in own)


def test_reference_takes_the_settings_of_its_cell():
    assert reference("torch_rnn", RNNCell(nonlinearity="relu"), 2, 3).nonlinearity == "relu"
    lstm = reference("torch_lstm", LSTMCell(forget_bias=1.0), 2, 3)
    assert isinstance(lstm, nn.LSTM)
    assert (lstm.bias_ih_l0 + lstm.bias_hh_l0)[3:6].tolist() == [1, 1, 1]


def test_options_reach_the_cell():
    for name in ("rnn", "torch_rnn"):
        assert architecture(name, options={"nonlinearity": "relu"}).cell == RNNCell(nonlinearity="relu")
    relu, tanh = (
        seeded(architecture("rnn", options={"nonlinearity": nonlinearity}))(torch.ones(4, 1, 3))
        for nonlinearity in ("relu", "tanh")
    )
    assert not torch.equal(relu, tanh)


def test_categories_are_embedded_each_by_its_own_table_beside_the_numbers():
    network = Network(architecture(features=2, categories=(5, 200), hidden_size=3))
    first, second = network.embedding.tables
    assert (first.weight.shape, second.weight.shape) == ((5, 5), (200, 64))
    codes, numbers = torch.tensor([[[3, 170]], [[0, 1]]]), torch.randn(2, 1, 2)
    expected = torch.cat((first.weight[codes[..., 0]], second.weight[codes[..., 1]], numbers), -1)
    inputs = torch.cat((codes.float(), numbers), -1)
    torch.testing.assert_close(network.embedding(inputs), expected, rtol=0, atol=0)
    network(inputs).sum().backward()
    assert [row for row in range(5) if first.weight.grad[row].any()] == [0, 3]
    with pytest.raises(ValueError, match="categories stand beside features"):
        architecture(features=None, vocabulary=3, categories=(2,))


@given(vocabulary=st.integers(1, 200), size=st.none() | st.integers(1, 100))
@settings(max_examples=20, deadline=None)
def test_embedding_size(vocabulary, size):
    network = Network(architecture(features=None, vocabulary=vocabulary, embedding_size=size, hidden_size=2))
    assert network.embedding.weight.shape == (vocabulary, size if size is not None else min(vocabulary, 64))
    assert network.recurrent.weight_ih_l0.shape[1] == network.embedding.embedding_dim


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "gruu"}, "model.name=gruu: one of "),
        ({"hidden_size": 0}, "model.hidden_size=0: a whole number from 1"),
        ({"num_layers": 0}, "model.num_layers=0: a whole number from 1"),
        ({"dropout": 1.0}, "model.dropout=1.0: at least 0 and below 1"),
        ({"dropout": float("nan")}, "model.dropout=nan: at least 0 and below 1"),
        ({"input_dropout": -0.1}, "model.input_dropout=-0.1: at least 0 and below 1"),
        (
            {"embedding_size": 5},
            "model.embedding_size=5: null, since the data are real numbers, which are not embedded",
        ),
        (
            {"features": None, "vocabulary": 5, "embedding_size": 0},
            "model.embedding_size=0: null or a whole number from 1",
        ),
        (
            {"name": "gru", "forget_bias": 1.0},
            "model.forget_bias=1.0: null, since gru has no forget gate whose bias could be set",
        ),
        (
            {"name": "torch_rnn", "forget_bias": 1.0},
            "model.forget_bias=1.0: null, since torch_rnn has no forget gate whose bias could be set",
        ),
        (
            {"name": "gru", "options": {"reset": 1}},
            "model.options.reset=1: gru has no such option; there are none",
        ),
        (
            {"name": "torch_rnn", "options": {"non": 1}},
            "model.options.non=1: torch_rnn has no such option; there are only nonlinearity",
        ),
        ({"name": "rnn", "options": {"nonlinearity": "sine"}}, "model.options.nonlinearity=sine: tanh or relu"),
        (
            {"name": "lstm", "options": {"forget_bias": 1.0}},
            "model.options.forget_bias=1.0: lstm has no such option; there are none",
        ),
        ({"implementation": "fast"}, "model.implementation=fast: one of auto, loop, fused"),
        (
            {"name": "lstm_peephole", "implementation": "fused"},
            "model.implementation=fused: loop or auto, since lstm_peephole has no fast path",
        ),
        (
            {"name": "torch_gru", "implementation": "loop"},
            "model.implementation=loop: null, since torch_gru is torch's own",
        ),
    ],
)
def test_what_no_network_can_have_is_refused_by_name(changes, message):
    with pytest.raises(SettingError) as caught:
        architecture(**changes)
    assert str(caught.value).startswith(message)


def test_inputs_are_either_real_or_symbols():
    for inputs in ({"features": 3, "vocabulary": 3}, {"features": None, "vocabulary": None}):
        with pytest.raises(ValueError, match="either real"):
            architecture(**inputs)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("lengths_device", ["cpu", "cuda"])
def test_padded_sequences_on_a_gpu(bidirectional, lengths_device):
    network = seeded(architecture(bidirectional=bidirectional)).double()
    inputs, lengths = torch.randn(5, 3, 3, dtype=torch.float64), torch.tensor([5, 2, 3])
    expected = network(inputs, lengths)
    assert_close(network.cuda()(inputs.cuda(), lengths.to(lengths_device)).cpu(), expected)
