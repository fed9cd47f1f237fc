"""The path for GPUs: compiled where there is one; else interpreted, and compiled without being run."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

import rnncompare
from rnncompare.models import fast
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.gru_reset_before import GRUResetBeforeCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.lstm_coupled import LSTMCoupledCell
from rnncompare.models.cells.lstm_no_forget_gate import LSTMNoForgetGateCell
from rnncompare.models.cells.lstm_peephole import LSTMPeepholeCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast.function import Call, Steps, run
from rnncompare.models.unroll import unroll
from rnncompare.training.experiment import run_experiment
from rnncompare.training.stacked_experiments import run_stacked
from tests.models.parity import assert_agree, example, pair
from tests.models.test_fast import Case, assert_same, case, results
from tests.training import test_stack

pytestmark = pytest.mark.skipif(find_spec("triton") is None, reason="needs Triton")
ROOT = Path(__file__).parents[2]
ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"

if find_spec("triton") is not None:
    with pytest.MonkeyPatch.context() as patch:
        # Read when a kernel is defined: the kernels of this process are interpreted, nobody else's.
        if not ON_GPU:
            patch.setenv("TRITON_INTERPRET", "1")
        from rnncompare.models.fast.triton import cells
        from rnncompare.models.fast.triton.engine import StackedEngine, Tiles, TritonEngine, precision, tiles_for
        from tests.models import triton_cell
    from rnncompare.models.fast.triton.stacked import unroll_stacked, unroll_under_vmap

CELLS = {
    "lstm": LSTMCell(),
    "gru": GRUCell(),
    "gru_reset_before": GRUResetBeforeCell(),
    "rnn_tanh": RNNCell("tanh"),
    "rnn_relu": RNNCell("relu"),
    "lstm_coupled": LSTMCoupledCell(),
    "lstm_no_forget_gate": LSTMNoForgetGateCell(),
}
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
MAIN = ("lstm", "gru", "gru_reset_before", "rnn_tanh")


def triton_path(on_chip: bool = True):
    """A function like `unroll`: all units in one tile, or in tiles of 16."""
    tiles = None if on_chip else Tiles(16, on_chip=False, warps=4)
    return partial(run, TritonEngine("ieee", tiles))


def layer(name: str, **settings) -> Case:
    """A random layer on the device."""
    given = case(CELLS[name], **settings)
    move = {key: t.detach().to(DEVICE).requires_grad_() for key, t in given.leaves().items()}
    given.input = move["input"]
    given.state = tuple(move[f"state {i}"] for i in range(len(given.state)))
    given.w = Weights(**{key: move[key] for key in vars(given.w)})
    return given


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_same_as_the_loop_with_weights_on_chip(name, packed, reverse):
    given = layer(name, steps=4, batch=18, hidden=7, packed=packed)  # two blocks of sequences
    assert_same(results(triton_path(), given, reverse), results(unroll, given, reverse))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize(("packed", "reverse"), [(False, False), (True, False), (True, True)])
def test_same_as_the_loop_in_tiles(name, packed, reverse):
    given = layer(name, steps=3, batch=5, hidden=19, packed=packed)
    assert_same(results(triton_path(on_chip=False), given, reverse), results(unroll, given, reverse))


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("on_chip", [False, True])
def test_float32(name, on_chip):
    shape = {"steps": 4, "batch": 3, "hidden": 17}
    exact = results(unroll, layer(name, **shape))
    found = results(triton_path(on_chip), layer(name, **shape, dtype=torch.float32))
    assert_same(found, {key: value.float() for key, value in exact.items()})


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_narrow_dtypes_are_summed_in_float32(name, dtype):
    """So that they are closer to the exact results than PyTorch's own loop in that dtype."""
    given, exact = layer(name, hidden=16, dtype=dtype), layer(name, hidden=16)
    with torch.no_grad():
        for key, leaf in exact.leaves().items():
            leaf.copy_(given.leaves()[key])
    expected = results(unroll, exact)
    found, loop = results(triton_path(), given), results(unroll, given)
    assert_same(found, {key: value.to(dtype) for key, value in expected.items()}, tolerance=0.05)
    error, error_of_loop = (
        sum((value.double() - expected[key]).square().sum().item() for key, value in values.items())
        for values in (found, loop)
    )
    if ON_GPU or dtype != torch.bfloat16:  # which the interpreter cuts off instead of rounding
        assert error < error_of_loop


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("kind", ["batched", "packed_unsorted"])
def test_modules_agree_with_torch(name, kind, monkeypatch):
    monkeypatch.setattr(fast.triton, "serves", lambda *_: True)
    settings = {"input_size": 3, "hidden_size": 5, "num_layers": 2, "bidirectional": True}
    ours, theirs = (module.to(DEVICE, torch.float64) for module in pair(name, "auto", **settings))
    assert_agree(ours, theirs, example(ours, kind, with_state=True, steps=3, batch=3))
    assert ours.implementation_used == "fused_triton"


@pytest.mark.parametrize("name", MAIN)
def test_without_bias(name):
    given = layer(name, bias=False, batch=2, steps=3)
    assert_same(results(triton_path(), given), results(unroll, given))


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("used", ["output", "state"])
def test_results_that_no_loss_uses(name, used):
    given = layer(name, batch=2, steps=3)
    leaves = list(given.leaves().values())
    gradients = []
    for way in (triton_path(), unroll):
        output, state = way(given.cell, given.input, given.state, given.w)
        loss = output.square().sum() if used == "output" else state[-1].square().sum()
        gradients.append(torch.autograd.grad(loss, leaves))
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", CELLS)
def test_saturation_and_nan(name):
    given = layer(name, steps=2, batch=3, hidden=5)
    with torch.no_grad():
        given.input *= 1000
        given.input[:, 2] = torch.nan
        found, _ = triton_path()(given.cell, given.input, given.state, given.w)
        expected, _ = unroll(given.cell, given.input, given.state, given.w)
    assert torch.isfinite(found[:, :2]).all()
    torch.testing.assert_close(found, expected, equal_nan=True, rtol=1e-10, atol=1e-10)


def test_tanh_keeps_the_digits_of_small_states():
    """Whose relative error would be 1e-4 and more by way of exp alone."""
    given = layer("rnn_tanh", steps=1, batch=2, hidden=3, bias=False, dtype=torch.float32)
    with torch.no_grad():
        given.input *= 1e-4
        given.state[0].zero_()
        found, _ = triton_path()(given.cell, given.input, given.state, given.w)
        expected = torch.tanh(given.input.double() @ given.w.weight_ih.double().t())
    torch.testing.assert_close(found.double(), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize("on_chip", [False, True])
def test_the_same_bits_each_time(on_chip):
    given = layer("gru", batch=18, steps=3, dtype=torch.float32)
    first, second = (results(triton_path(on_chip), given) for _ in range(2))
    assert all(torch.equal(value, second[key]) for key, value in first.items())


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("packed", [False, True])
def test_stacked_runs_are_those_of_separate_modules(name, packed):
    runs, steps, batch = 3, 3, 4
    torch.manual_seed(0)
    modules = [getattr(nn, name)(2, 5).to(DEVICE, torch.float64) for _ in range(runs)]
    w = Weights(**{key: torch.stack([getattr(m, f"{key}_l0") for m in modules]) for key in PARAMETERS})
    cell = {"LSTM": LSTMCell(), "GRU": GRUCell(), "RNN": RNNCell()}[name]
    draw = partial(torch.randn, dtype=torch.float64, device=DEVICE)
    state = tuple(draw(runs, batch, 5, requires_grad=True) for _ in cell.states)
    lengths = [3, 2, 2, 1]
    sizes = [4, 3, 1] if packed else None
    padded = draw(runs, steps, batch, 2, requires_grad=True)
    active = torch.tensor([[t < n for n in lengths] for t in range(steps)], device=DEVICE)
    output, final = unroll_stacked(cell, padded[:, active] if packed else padded, state, w, sizes)
    leaves = [padded, *state, *(p for m in modules for p in m.parameters())]
    together = torch.autograd.grad(output.sin().sum() + sum(s.cos().sum() for s in final), leaves)

    loss = 0
    for r, module in enumerate(modules):
        input = nn.utils.rnn.pack_padded_sequence(padded[r], lengths) if packed else padded[r]
        start = tuple(s[r].unsqueeze(0) for s in state)
        alone, end = module(input, start if len(start) > 1 else start[0])
        alone, ends = alone.data if packed else alone, end if isinstance(end, tuple) else (end,)
        torch.testing.assert_close(output[r], alone, rtol=1e-10, atol=1e-12)
        for found, expected in zip(final, ends, strict=True):
            torch.testing.assert_close(found[r], expected[0], rtol=1e-10, atol=1e-12)
        loss = loss + alone.sin().sum() + sum(s.cos().sum() for s in ends)
    for found, expected in zip(together, torch.autograd.grad(loss, leaves), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["lstm", "gru", "gru_reset_before"])
@pytest.mark.parametrize("reverse", [False, True])
def test_under_vmap_runs_are_those_of_the_loop(name, reverse):
    """With weights of their own, an initial state that they share, and gradients of all of them."""
    cell, runs = CELLS[name], [layer(name, steps=3, batch=2, hidden=5) for _ in range(3)]
    with torch.no_grad():
        for number, given in enumerate(runs):
            for leaf in given.leaves().values():
                leaf.mul_(1 + 0.1 * number)

    def gradients(function):
        input = torch.stack([given.input.detach() for given in runs]).requires_grad_()
        names = [n for n in PARAMETERS if getattr(runs[0].w, n) is not None]
        w = {n: torch.stack([getattr(g.w, n).detach() for g in runs]).requires_grad_() for n in names}
        state = tuple(s.detach().clone().requires_grad_() for s in runs[0].state)

        def one(input, w):
            output, final = function(cell, input, state, Weights(**w), reverse=reverse)
            return output, *final

        results = torch.func.vmap(one)(input, w)
        loss = sum(
            (result * torch.linspace(-1, 1, result.numel()).view_as(result).to(result)).sum() for result in results
        )
        return [*results, *torch.autograd.grad(loss, [input, *state, *w.values()])]

    for found, expected in zip(gradients(unroll_under_vmap), gradients(unroll), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_runs_trained_as_one_go_through_the_kernels(monkeypatch):
    """As on a GPU: the whole network under vmap, its recurrent layer in one launch for all runs."""
    monkeypatch.setattr(fast.triton, "serves", lambda cell, input, w: cells.equations_of(cell) is not None)
    settings = [test_stack.settings(seed, model="lstm", max_updates=2, validate_every=1) for seed in range(2)]
    auto = [replace(run, device=DEVICE, model=replace(run.model, implementation="auto")) for run in settings]
    for (_, together), plain in zip(run_stacked(auto), settings, strict=True):
        assert together.record.model.implementation == "fused_triton"
        alone = run_experiment(plain)
        for mine, theirs in zip(together.curve, alone.curve, strict=True):
            assert mine.validation_loss == pytest.approx(theirs.validation_loss, rel=1e-4)


@pytest.mark.parametrize("sizes", [None, [2, 1]])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("make", [LSTMCell, GRUCell])
def test_a_gradient_penalty_over_stacked_runs_is_that_of_each_run(make, reverse, sizes):
    torch.manual_seed(0)
    cell, runs = make(), 2
    draw = partial(torch.randn, dtype=torch.float64, device=DEVICE)
    w = Weights(**{key: draw(runs, *shape, requires_grad=True) for key, shape in cell.shapes(3, 4).items()})
    input = draw(runs, *((2, 2, 3) if sizes is None else (3, 3)), requires_grad=True)
    state = tuple(draw(runs, 2, 4, requires_grad=True) for _ in cell.states)
    leaves = [input, *state, *vars(w).values()]

    def penalty(unrolled):
        (first,) = torch.autograd.grad(sum(one.square().sum() for one in unrolled), input, create_graph=True)
        return torch.autograd.grad(first.square().sum(), leaves, allow_unused=True, materialize_grads=True)

    output, final = unroll_stacked(cell, input, state, w, sizes, reverse, StackedEngine())
    alone = []
    for r in range(runs):
        own = Weights(**{key: value[r] for key, value in vars(w).items()})
        found, ends = unroll(cell, input[r], tuple(s[r] for s in state), own, sizes, reverse)
        alone += [found, *ends]
    for found, expected in zip(penalty([output, *final]), penalty(alone), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


class LeakyCell(Cell):
    """What a user may write: h_t = l_t ⊙ h_{t-1} + (1 - l_t) ⊙ n_t, with l_t = σ(a_l) and n_t = relu(a_n)."""

    gates = ("leak", "candidate")

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        leak, n = (x + w.recurrent(state[0])).chunk(2, -1)
        leak = torch.sigmoid(leak)
        return (leak * state[0] + (1 - leak) * torch.relu(n),)


def test_a_users_cell(monkeypatch):
    equations = cells.Equations(triton_cell.leaky, triton_cell.leaky_backward, gates=2, kept=2)
    monkeypatch.setitem(cells.EQUATIONS, LeakyCell.step, equations)
    monkeypatch.setitem(CELLS, "leaky", LeakyCell())
    for on_chip in (False, True):
        given = layer("leaky", steps=3, batch=2, hidden=17)
        assert_same(results(triton_path(on_chip), given), results(unroll, given))


@pytest.mark.parametrize("name", CELLS)
def test_what_is_saved_has_the_shapes_that_are_told(name):
    """PyTorch's graphs are made of these shapes before anything runs."""
    given = layer(name, steps=1, batch=2)
    call = Call(given.cell, Steps((2,), reverse=False), given.input[0].detach(), given.state, given.w)
    _, _, saved = TritonEngine().forward(call, save=True)
    assert [tuple(t.shape) for t in saved] == TritonEngine().saved_shapes(given.cell, 2, given.w)


def test_precision_is_that_of_pytorchs_products():
    before = torch.backends.cuda.matmul.fp32_precision
    try:
        for asked in ("ieee", "tf32"):
            torch.backends.cuda.matmul.fp32_precision = asked
            assert precision() == asked
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def test_weights_stay_on_chip_where_they_fit():
    assert tiles_for(64, 4, torch.float32, "tf32", shared=100 << 10).on_chip
    assert tiles_for(128, 3, torch.float32, "tf32", shared=227 << 10).on_chip
    assert not tiles_for(128, 4, torch.float32, "tf32", shared=227 << 10).on_chip
    assert tiles_for(128, 4, torch.bfloat16, "ieee", shared=227 << 10).on_chip
    assert not tiles_for(64, 4, torch.float32, "tf32x3", shared=100 << 10).on_chip


def test_the_cpu_keeps_its_paths():
    given = case("lstm")
    assert "fused_triton" not in dict(fast.paths(given.cell, given.input, given.w))
    assert not list(fast.paths(LSTMCoupledCell(), given.input, given.w))


def test_layers_that_are_served():
    """Those on a GPU, of a known cell, of one dtype; not with a projection, which the kernels do not have."""
    with FakeTensorMode():
        served = []
        for cell, proj_size in ((LSTMCell(), 0), (LSTMCell(), 2), (LSTMPeepholeCell(), 0)):
            shapes = cell.shapes(3, 4, True, proj_size)
            w = Weights(**{key: torch.empty(shape, device="cuda") for key, shape in shapes.items()})
            input = torch.empty(5, 2, 3, device="cuda")
            served.append([fast.triton.serves(cell, x, w) for x in (input, input.double(), input.cpu())])
    assert served == [[True, False, False], [False] * 3, [False] * 3]


def test_the_package_works_without_triton_and_without_loading_torchs_compiler():
    code = (
        "import sys; sys.modules['triton'] = None\n"
        "import torch, rnncompare\n"
        "print(rnncompare.LSTM(3, 4)(torch.zeros(5, 2, 3))[0].shape, 'torch._dynamo' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert process.stdout.strip() == "torch.Size([5, 2, 4]) False", process.stderr


@pytest.mark.skipif(not ON_GPU, reason="needs a CUDA device")
def test_cells_of_the_layer_are_served_on_a_gpu():
    for name in ("LSTM", "GRU", "RNN"):
        module = getattr(rnncompare, name)(3, 4, device="cuda")
        module(torch.zeros(5, 2, 3, device="cuda"))[0].sum().backward()
        assert module.implementation_used == "fused_triton"


@pytest.mark.skipif(not ON_GPU, reason="needs a CUDA device")
def test_more_values_than_32_bits_count():
    """Two halves after one another give the same bits as the whole, whose gates are 2**31 values and more."""
    steps, batch, hidden = 8400, 1024, 64
    module = rnncompare.LSTM(1, hidden, device="cuda", dtype=torch.bfloat16)
    input = torch.randn(steps, batch, 1, device="cuda", dtype=torch.bfloat16)
    with torch.no_grad():
        whole, _ = module(input)
        _, state = module(input[: steps // 2])
        half, _ = module(input[steps // 2 :], state)
    torch.testing.assert_close(whole[steps // 2 :], half, rtol=0.02, atol=0.02)


@pytest.mark.slow
@pytest.mark.skipif(ON_GPU, reason="there they run")
def test_the_kernels_compile_for_gpus(tmp_path):
    """The interpreter forgives what the compiler does not, and knows no limit of registers or shared memory."""
    environment = {**os.environ, "TRITON_CACHE_DIR": str(tmp_path), "TRITON_INTERPRET": "0"}
    command = [sys.executable, "-m", "tests.models.compile_triton", "90"]
    process = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=280)
    assert process.returncode == 0, process.stdout + process.stderr
