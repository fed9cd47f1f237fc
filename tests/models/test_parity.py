"""Hand-written modules against torch.nn: outputs, states and every gradient."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.covering import covering_and_nightly
from tests.models.parity import CELLS, IMPLEMENTATIONS, KINDS, TOLERANCE, assert_agree, example, pair

# torch's own path for projections says so, once a process.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")
DTYPES = (torch.float32, torch.float64)
BOTH = (False, True)
VARIANTS = [
    ("LSTM", {}),
    ("LSTM", {"proj_size": 2}),
    ("GRU", {}),
    ("RNN", {"nonlinearity": "tanh"}),
    ("RNN", {"nonlinearity": "relu"}),
]
DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")),
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("name", "own"), VARIANTS, ids=str)
@covering_and_nightly("constructions", (1, 2, 3), BOTH, BOTH, BOTH, DTYPES, KINDS, BOTH)
def test_agrees_with_torch(device, implementation, name, own, constructions):
    for layers, both, bias, batch_first, dtype, kind, with_state in constructions:
        ours, theirs = pair(
            name,
            implementation,
            input_size=3,
            hidden_size=4,
            num_layers=layers,
            bidirectional=both,
            bias=bias,
            batch_first=batch_first,
            dtype=dtype,
            device=device,
            **own,
        )
        with torch.backends.cudnn.flags(allow_tf32=False):
            assert_agree(ours, theirs, example(ours, kind, with_state))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", CELLS)
@covering_and_nightly("constructions", KINDS, (0.4, 1.0), (2, 3), BOTH, BOTH, BOTH)
def test_dropout_draws_torch_masks(implementation, name, constructions):
    for kind, dropout, layers, both, batch_first, training in constructions:
        ours, theirs = pair(
            name,
            implementation,
            input_size=3,
            hidden_size=4,
            num_layers=layers,
            bidirectional=both,
            batch_first=batch_first,
            dropout=dropout,
            dtype=torch.float64,
        )
        assert_agree(ours.train(training), theirs.train(training), example(ours, kind, with_state=True))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@settings(max_examples=60, deadline=None)
@given(
    name=st.sampled_from(CELLS),
    kind=st.sampled_from(KINDS),
    sizes=st.tuples(*[st.integers(1, 7)] * 3),
    steps=st.integers(1, 12),
    batch=st.integers(1, 9),
    both=st.booleans(),
    with_state=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_agrees_with_torch_on_any_shape(implementation, name, kind, sizes, steps, batch, both, with_state, seed):
    inputs, hidden, layers = sizes
    ours, theirs = pair(
        name,
        implementation,
        seed,
        input_size=inputs,
        hidden_size=hidden,
        num_layers=min(layers, 3),
        bidirectional=both,
        dtype=torch.float64,
    )
    assert_agree(ours, theirs, example(ours, kind, with_state, steps, batch, seed))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_an_empty_batch(implementation, name):
    ours, theirs = pair(name, implementation, input_size=3, hidden_size=4, num_layers=2, bidirectional=True)
    with torch.no_grad():
        (output, state), (expected, expected_state) = (module(torch.zeros(5, 0, 3)) for module in (ours, theirs))
    torch.testing.assert_close(output, expected)
    torch.testing.assert_close(state, expected_state)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", CELLS)
def test_strided_inputs_and_states(implementation, name):
    ours, theirs = pair(name, implementation, input_size=3, hidden_size=4, num_layers=2, dtype=torch.float64)
    wide = example(ours, "batched", with_state=True, steps=10, batch=6)
    wide.values = wide.values[::2, ::3]
    wide.state = tuple(s[:, ::3] for s in wide.state)
    assert not wide.values.is_contiguous()
    assert_agree(ours, theirs, wide)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_own_module_inputs(implementation, name, dtype):
    common = pytest.importorskip("torch.testing._internal.common_modules", reason="torch is without its test helpers")
    make = {
        "LSTM": common.module_inputs_torch_nn_LSTM,
        "GRU": partial(common.module_inputs_torch_nn_RNN_GRU, is_rnn=False, with_packed_sequence=True),
        "RNN": partial(common.module_inputs_torch_nn_RNN_GRU, is_rnn=True, with_packed_sequence=True),
    }[name]
    cases = make(None, "cpu", dtype, requires_grad=False, training=True)
    assert cases
    for case in cases:
        ours, theirs = pair(name, implementation, dtype=dtype, **case.constructor_input.kwargs)
        (output, state), (expected, expected_state) = (m(*case.forward_input.args) for m in (ours, theirs))
        close = partial(torch.testing.assert_close, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
        if isinstance(output, torch.Tensor):
            close(output, expected)
        else:
            close(output.data, expected.data)
            assert torch.equal(output.batch_sizes, expected.batch_sizes)
        close(state, expected_state)
