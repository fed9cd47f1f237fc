"""What the modules share with torch's besides the numbers: weights, errors, saving, copying, autocast."""

import copy
import inspect
import io
import itertools
import pickle
import re
import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import rnncompare
from rnncompare.base.errors import SettingError
from rnncompare.models import recurrent
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.unroll import unroll
from tests.models.parity import CELLS, pair

SIZES = {"input_size": 3, "hidden_size": 4}
STACKS = [
    {"num_layers": layers, "bidirectional": both, "bias": bias}
    for layers, both, bias in itertools.product((1, 3), (False, True), (False, True))
]


def constructor(module, *arguments, **settings):
    return lambda where: getattr(where, module)(*arguments, **settings)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_one_seed_draws_torch_weights(name, stack):
    projections = (0, 2) if name == "LSTM" else (None,)
    for proj_size in projections:
        own = {} if proj_size is None else {"proj_size": proj_size}
        ours, theirs = pair(name, "auto", **SIZES, **stack, **own)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for key, expected in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[key], expected), key
        for found, expected in zip(ours.all_weights, theirs.all_weights, strict=True):
            assert [p.shape for p in found] == [p.shape for p in expected]
        torch.manual_seed(5)
        ours.reset_parameters()
        torch.manual_seed(5)
        theirs.reset_parameters()
        assert all(torch.equal(p, q) for p, q in zip(ours.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_state_dicts_load_both_ways(name, stack):
    x = torch.randn(5, 2, 3)
    ours, theirs = getattr(rnncompare, name)(**SIZES, **stack), getattr(nn, name)(**SIZES, **stack)
    for target, source in ((ours, theirs), (theirs, ours)):
        source.reset_parameters()
        file = io.BytesIO()
        torch.save(source.state_dict(), file)
        file.seek(0)
        target.load_state_dict(torch.load(file, weights_only=True), strict=True)
        torch.testing.assert_close(target(x)[0], source(x)[0])


@pytest.mark.parametrize("name", CELLS)
def test_arguments_by_position(name):
    settings = {"LSTM": (3, 4, 2, False, True, 0.1, True, 2), "GRU": (3, 4, 2, False, True, 0.1, True)}
    arguments = settings.get(name, (3, 4, 2, "relu", False, True, 0.1, True))
    ours, theirs = getattr(rnncompare, name)(*arguments), getattr(nn, name)(*arguments)
    assert repr(ours) == repr(theirs)
    for attribute in nn.RNNBase.__constants__:
        assert getattr(ours, attribute) == getattr(theirs, attribute), attribute
    names = list(inspect.signature(type(ours).__init__).parameters)[1:]
    documented = re.match(r"__init__\((.*?)\)", getattr(nn, name).__doc__).group(1)
    positional = [argument.split("=")[0].strip() for argument in documented.split(",")]
    assert names[: len(positional)] == positional


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("own", [{}, {"dtype": torch.float64, "num_layers": 2}, {"device": "meta"}], ids=str)
def test_repr_dtype_and_device(name, own):
    ours, theirs = getattr(rnncompare, name)(**SIZES, **own), getattr(nn, name)(**SIZES, **own)
    assert repr(ours) == repr(theirs)
    for found, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert (found.dtype, found.device, found.shape) == (expected.dtype, expected.device, expected.shape)
    output, _ = ours(torch.zeros(5, 2, 3, dtype=ours.weight_ih_l0.dtype, device=ours.weight_ih_l0.device))
    assert output.shape == (5, 2, 4)
    assert output.device == ours.weight_ih_l0.device


def test_own_settings_are_shown():
    assert repr(rnncompare.LSTM(3, 4, forget_bias=1.0, implementation="loop")) == (
        "LSTM(3, 4, implementation=loop, forget_bias=1.0)"
    )
    assert repr(Recurrent(GRUCell(), 3, 4, num_layers=2)) == "Recurrent(GRUCell(), 3, 4, num_layers=2)"


BAD_CONSTRUCTIONS = [
    constructor(name, *arguments, **settings)
    for name in CELLS
    for arguments, settings in [
        ((0, 4), {}),
        ((-1, 4), {}),
        ((3, 0), {}),
        ((3, 4, 0), {}),
        ((3.0, 4), {}),
        ((3, "4"), {}),
        ((3, 4), {"bias": 1}),
        ((3, 4), {"batch_first": "False"}),
        ((3, 4, 2), {"dropout": 1.5}),
        ((3, 4, 2), {"dropout": -0.1}),
        ((3, 4, 2), {"dropout": True}),
        ((3, 4), {"proj_size": 4}),
        ((3, 4), {"proj_size": -1}),
    ]
] + [constructor("RNN", 3, 4, nonlinearity="sigmoid"), constructor("RNN", 3, 4, 1, "Tanh")]


@pytest.mark.parametrize("construct", BAD_CONSTRUCTIONS)
def test_constructor_errors_are_torch_errors(construct):
    with pytest.raises((ValueError, TypeError)) as theirs:
        construct(nn)
    with pytest.raises(theirs.type, match=f"^{re.escape(str(theirs.value))}$"):
        construct(rnncompare)


@pytest.mark.parametrize("name", CELLS)
def test_torch_own_error_inputs(name):
    common = pytest.importorskip("torch.testing._internal.common_modules", reason="torch is without its test helpers")
    cases = common.module_error_inputs_torch_nn_RNN_GRU(None, "cpu", torch.float32, requires_grad=False, training=True)
    assert cases

    def run(given):
        module = getattr(rnncompare, name)(*given.constructor_input.args, **given.constructor_input.kwargs)
        module(*given.forward_input.args)

    for case in cases:
        with pytest.raises(case.error_type, match=case.error_regex):
            run(case.module_error_input)


def state(name, *shape):
    return (torch.zeros(shape), torch.zeros(shape)) if name == "LSTM" else torch.zeros(shape)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(
    ("shape", "state_shape"),
    [
        ((5,), None),
        ((5, 2, 3, 1), None),
        ((5, 2, 7), None),
        ((5, 7), None),
        ((0, 2, 3), None),
        ((0, 3), None),
        ((5, 2, 3), (1, 3, 4)),
        ((5, 2, 3), (2, 2, 4)),
        ((5, 2, 3), (1, 2, 5)),
        ((5, 2, 3), (1, 4)),
        ((5, 3), (2, 4)),
        ((5, 3), (1, 1, 4)),
    ],
    ids=str,
)
def test_forward_errors_are_torch_errors(name, shape, state_shape):
    arguments = (torch.zeros(shape), None if state_shape is None else state(name, *state_shape))
    with pytest.raises((ValueError, RuntimeError)) as theirs:
        getattr(nn, name)(**SIZES)(*arguments)
    with pytest.raises(theirs.type, match=f"^{re.escape(str(theirs.value))}$"):
        getattr(rnncompare, name)(**SIZES)(*arguments)


@pytest.mark.parametrize("name", CELLS)
def test_what_torch_lets_through_or_crashes_on(name):
    module = getattr(rnncompare, name)(**SIZES)
    packed = pack_sequence([torch.zeros(5, 3), torch.zeros(6, 3)], enforce_sorted=False)
    with pytest.raises(RuntimeError, match=r"Expected hidden(\[0\])? size \(1, 2, 4\), got \[1, 3, 4\]"):
        module(packed, state(name, 1, 3, 4))
    with pytest.raises(RuntimeError, match=r"Expected hidden(\[0\])? size \(1, 2, 4\), got \[2, 4\]"):
        module(packed, state(name, 2, 4))
    with pytest.raises(RuntimeError, match="input must have 2 dimensions, got 3"):
        module(torch.nn.utils.rnn.PackedSequence(torch.zeros(2, 1, 3), torch.tensor([1, 1])))
    wide = state(name, 1, 2, 4)
    wide = (wide[0], wide[1].double()) if name == "LSTM" else wide.double()
    with pytest.raises(ValueError, match=r"RNN hx dtype \(torch.float64\) does not match weight dtype"):
        module(torch.zeros(1, 2, 3), wide)
    states = (torch.zeros(1, 2, 4),) * 3
    with pytest.raises(RuntimeError, match=r"Expected \d hidden states, got 3"):
        module(torch.zeros(5, 2, 3), states)


def test_dropout_in_a_single_layer_warns_as_torch_does():
    with pytest.warns(UserWarning, match="dropout option adds dropout") as theirs:
        nn.GRU(3, 4, dropout=0.5)
    with pytest.warns(UserWarning, match="dropout option adds dropout") as ours:
        rnncompare.GRU(3, 4, dropout=0.5)
    assert str(ours[0].message) == str(theirs[0].message)
    assert ours[0].filename == __file__


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_copies_compute_the_same(name, duplicate):
    module = getattr(rnncompare, name)(**SIZES, num_layers=2, bidirectional=True)
    x = torch.randn(5, 2, 3)
    expected, _ = module(x)
    twin = duplicate(module)
    with torch.no_grad():
        module.weight_ih_l0.zero_()
    assert torch.equal(twin(x)[0], expected)
    assert repr(twin) == repr(module)


@pytest.mark.parametrize("name", CELLS)
def test_moves_to_another_dtype(name):
    ours, theirs = pair(name, "auto", **SIZES, num_layers=2)
    x = torch.randn(5, 2, 3)
    torch.testing.assert_close(ours.double()(x.double())[0], theirs.double()(x.double())[0])
    torch.testing.assert_close(ours.float()(x)[0], theirs.float()(x)[0])
    with pytest.raises(ValueError, match="does not match weight dtype"):
        ours(x.double())


@pytest.mark.parametrize("name", CELLS)
def test_swapped_and_assigned_parameters_are_seen(name):
    ours, theirs = pair(name, "auto", **SIZES)
    x = torch.randn(5, 2, 3)
    doubled = {key: 2 * p for key, p in theirs.named_parameters()}
    expected, _ = torch.func.functional_call(theirs, doubled, x)
    torch.testing.assert_close(torch.func.functional_call(ours, doubled, x)[0], expected)
    ours.weight_hh_l0 = nn.Parameter(torch.zeros(ours.weight_hh_l0.shape))
    theirs.weight_hh_l0 = nn.Parameter(torch.zeros(theirs.weight_hh_l0.shape))
    torch.testing.assert_close(ours(x)[0], theirs(x)[0])
    ours.flatten_parameters()
    torch.testing.assert_close(ours(x)[0], theirs(x)[0])


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("with_state", [False, True])
def test_autocast(name, with_state):
    ours, theirs = pair(name, "auto", **SIZES, num_layers=2, bidirectional=True)
    x, hx = torch.randn(5, 2, 3), state(name, 4, 2, 4) if with_state else None
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output, final = ours(x, hx)
        expected, _ = theirs(x, hx)
        output.float().sum().backward()
    assert {output.dtype, *(s.dtype for s in final)} == {expected.dtype}
    torch.testing.assert_close(output.float(), expected.float(), rtol=0, atol=0.02)
    for parameter in ours.parameters():
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all()


def test_implementations_get_tensors_of_one_dtype_under_autocast(monkeypatch):
    seen = set()

    def spy(cell, input, state, w, batch_sizes=None, reverse=False):
        seen.update(tensor.dtype for tensor in (input, *state, *vars(w).values()))
        return unroll(cell, input, state, w, batch_sizes, reverse)

    monkeypatch.setattr(recurrent, "choose", lambda *_: ("spy", spy))
    module = rnncompare.LSTM(3, 4, num_layers=2, bidirectional=True, proj_size=2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        module(torch.randn(5, 2, 3), (torch.zeros(4, 2, 2), torch.zeros(4, 2, 4)))
    assert seen == {torch.bfloat16}
    assert module.implementation_used == "spy"


def test_modules_made_under_autocast_are_whole():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        module = rnncompare.LSTM(3, 4, forget_bias=1.5)
    assert (module.bias_ih_l0 + module.bias_hh_l0)[4:8].tolist() == [1.5] * 4
    assert module.bias_ih_l0.dtype == torch.float32


def test_forget_bias_in_every_layer_and_direction():
    torch.manual_seed(0)
    module = rnncompare.LSTM(3, 4, num_layers=2, bidirectional=True, forget_bias=1.0)
    torch.manual_seed(0)
    plain = rnncompare.LSTM(3, 4, num_layers=2, bidirectional=True)
    for (name, found), expected in zip(module.named_parameters(), plain.parameters(), strict=True):
        if name.startswith("bias"):
            assert torch.equal(found[4:8], torch.full((4,), 1.0 if name.startswith("bias_ih") else 0.0))
            found, expected = (torch.cat([p[:4], p[8:]]) for p in (found, expected))
        assert torch.equal(found, expected), name


def test_without_dropout_no_random_number_is_drawn():
    module = rnncompare.GRU(3, 4, num_layers=2)
    before = torch.get_rng_state()
    module(torch.zeros(5, 2, 3))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_implementation_is_said():
    module = rnncompare.GRU(3, 4)
    assert (module.implementation, module.implementation_used) == ("auto", None)
    module(torch.zeros(5, 2, 3))
    assert module.implementation_used in ("fused_c", "fused")
    with pytest.raises(SettingError, match=r"model.implementation=quick: one of auto, loop, fused"):
        rnncompare.GRU(3, 4, implementation="quick")


def test_no_warning_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module = rnncompare.LSTM(3, 4, num_layers=2, dropout=0.5)
        module(torch.zeros(5, 2, 3))[0].sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in module.parameters())
