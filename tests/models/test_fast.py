"""Fast paths: the loop's outputs, states and gradients, and what happens where a path does not serve."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import rnncompare
from rnncompare.models import fast
from rnncompare.models.cell import Cell, State, Weights
from rnncompare.models.cells.gru import GRUCell
from rnncompare.models.cells.gru_reset_before import GRUResetBeforeCell
from rnncompare.models.cells.irnn import IRNNCell
from rnncompare.models.cells.lstm import LSTMCell
from rnncompare.models.cells.rnn import RNNCell
from rnncompare.models.fast import build, compiled, function
from rnncompare.models.unroll import unroll
from tests.models.parity import TOLERANCE

CELLS = {
    "lstm": LSTMCell(),
    "gru": GRUCell(),
    "gru_reset_before": GRUResetBeforeCell(),
    "rnn_tanh": RNNCell("tanh"),
    "rnn_relu": RNNCell("relu"),
}
PATHS = [
    (name, path) for name in CELLS for path in ("fused", "fused_c") if (name, path) != ("gru_reset_before", "fused_c")
]
DTYPES = (torch.float32, torch.float64)


@dataclass
class Case:
    """A layer and its arguments; all of them leaves."""

    cell: Cell
    input: Tensor
    state: State
    w: Weights
    sizes: list[int] | None

    def leaves(self) -> dict[str, Tensor]:
        named = {"input": self.input, **{f"state {i}": s for i, s in enumerate(self.state)}}
        return named | {name: p for name, p in vars(self.w).items() if p is not None}


def case(
    name: str | Cell,
    steps: int = 6,
    batch: int = 5,
    features: int = 3,
    hidden: int = 7,
    dtype: torch.dtype = torch.float64,
    packed: bool = False,
    bias: bool = True,
    proj_size: int = 0,
    seed: int = 0,
) -> Case:
    """A random layer; packed, its sequences have lengths from 1 to ``steps``."""
    random = torch.Generator().manual_seed(seed)

    def draw(*shape: int, scale: float = 1.0) -> Tensor:
        return (torch.randn(shape, generator=random, dtype=torch.float64) * scale).to(dtype).requires_grad_()

    cell = CELLS[name] if isinstance(name, str) else name
    shapes = cell.shapes(features, hidden, bias, proj_size)
    w = Weights(**{key: draw(*shape, scale=hidden**-0.5) for key, shape in shapes.items()})
    state = tuple(draw(batch, size) for size in ((proj_size or hidden), hidden)[: len(cell.states)])
    if not packed:
        return Case(cell, draw(steps, batch, features, scale=0.5), state, w, None)
    lengths = [steps, *(1 + (steps * i) // (batch + 1) for i in range(1, batch))]
    sizes = [sum(length > t for length in lengths) for t in range(steps)]
    return Case(cell, draw(sum(sizes), features, scale=0.5), state, w, sizes)


def path(name: str, given: Case):
    """The fast path called ``name``, which must serve."""
    found = dict(fast.paths(given.cell, given.input, given.w))
    assert name in found, f"{name} does not serve; there are {list(found)}"
    return found[name]


def results(function, given: Case, reverse: bool = False) -> dict[str, Tensor]:
    """Outputs, final states and the gradients of a random weighting of them, by name."""
    output, state = function(given.cell, given.input, given.state, given.w, given.sizes, reverse)
    found = {"output": output, **{f"final state {i}": s for i, s in enumerate(state)}}
    random = torch.Generator().manual_seed(1)
    loss = sum(
        (t * torch.randn(t.shape, generator=random, dtype=torch.float64).to(t.dtype)).sum() for t in found.values()
    )
    leaves = {name: leaf for name, leaf in given.leaves().items() if leaf.requires_grad}
    gradients = torch.autograd.grad(loss, list(leaves.values()))
    return found | {f"gradient of {name}": g for name, g in zip(leaves, gradients, strict=True)}


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float | None = None) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape, name
        assert found[name].dtype == value.dtype, name
        error, scale = (found[name] - value).abs().max().item(), value.abs().max().item()
        assert error <= (tolerance or TOLERANCE[value.dtype]) * scale, f"{name}: off by {error} of {scale}"


@pytest.mark.parametrize(("name", "path_name"), PATHS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("steps", "batch", "features", "hidden"),
    [(6, 5, 3, 7), (1, 1, 1, 1), (3, 1, 16, 64), (4, 13, 33, 100), (9, 70, 5, 17)],
)
def test_same_as_the_loop(name, path_name, reverse, packed, steps, batch, features, hidden):
    for dtype in DTYPES:
        given = case(name, steps, batch, features, hidden, dtype, packed)
        exact = results(unroll, case(name, steps, batch, features, hidden, torch.float64, packed), reverse)
        expected = {key: value.to(dtype) for key, value in exact.items()}
        assert_same(results(path(path_name, given), given, reverse), expected)


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_same_as_the_loop_without_bias(name, path_name):
    given = case(name, bias=False)
    assert_same(results(path(path_name, given), given), results(unroll, given))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
def test_same_as_the_loop_with_a_projection(packed, reverse):
    for dtype in DTYPES:
        given = case("lstm", packed=packed, proj_size=4, dtype=dtype)
        assert_same(results(path("fused", given), given, reverse), results(unroll, given, reverse))


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_large_products(name, path_name):
    """Sizes at which the products go through oneDNN, and through several tiles and panels."""
    given = case(name, steps=5, batch=9, features=70, hidden=200, dtype=torch.float32, packed=True)
    exact = results(unroll, case(name, steps=5, batch=9, features=70, hidden=200, packed=True))
    assert_same(results(path(path_name, given), given), {key: value.float() for key, value in exact.items()})


@pytest.mark.parametrize(("name", "path_name"), PATHS)
@pytest.mark.parametrize(
    ("packed", "reverse"),
    [
        (False, False),
        (True, True),
        *(pytest.param(*both, marks=pytest.mark.nightly) for both in ((False, True), (True, False))),
    ],
)
def test_gradcheck(name, path_name, packed, reverse):
    given = case(name, steps=3, batch=2, features=2, hidden=3, packed=packed, seed=4)
    function = path(path_name, given)
    leaves = given.leaves()

    def flat(*tensors: Tensor) -> tuple[Tensor, ...]:
        now = dict(zip(leaves, tensors, strict=True))
        state = tuple(value for key, value in now.items() if key.startswith("state"))
        w = Weights(**{key: value for key, value in now.items() if key in vars(given.w)})
        output, final = function(given.cell, now["input"], state, w, given.sizes, reverse)
        return output, *final

    assert torch.autograd.gradcheck(flat, tuple(leaves.values()))
    assert torch.autograd.gradgradcheck(flat, tuple(leaves.values()))


@pytest.mark.parametrize(("name", "path_name"), PATHS)
@pytest.mark.parametrize("needed", ["input", "state 0", "weight_ih", "weight_hh", "bias_ih", "bias_hh"])
def test_only_what_is_needed_gets_a_gradient(name, path_name, needed):
    given = case(name)
    for key, leaf in given.leaves().items():
        leaf.requires_grad_(key == needed)
    found = results(path(path_name, given), given)
    assert f"gradient of {needed}" in found
    assert_same(found, results(unroll, given))


@pytest.mark.parametrize(("name", "path_name"), PATHS)
@pytest.mark.parametrize("used", ["output", "state"])
def test_results_that_no_loss_uses(name, path_name, used):
    given = case(name)
    leaves = list(given.leaves().values())
    gradients = []
    for way in (path(path_name, given), unroll):
        output, state = way(given.cell, given.input, given.state, given.w)
        loss = output.square().sum() if used == "output" else state[-1].square().sum()
        gradients.append(torch.autograd.grad(loss, leaves, retain_graph=True))
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_backward_twice_gives_the_same(name, path_name):
    given = case(name)
    output, _ = path(path_name, given)(given.cell, given.input, given.state, given.w)
    first = torch.autograd.grad(output.sum(), given.input, retain_graph=True)[0]
    assert torch.equal(first, torch.autograd.grad(output.sum(), given.input)[0])


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_an_output_changed_in_place_is_noticed(name, path_name):
    given = case(name)
    output, _ = path(path_name, given)(given.cell, given.input, given.state, given.w)
    output.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_an_input_made_of_a_weight_gets_its_second_gradient_once(name, path_name):
    given = case(name, features=7)
    weight = given.w.weight_hh

    def second(function) -> Tensor:
        input = weight[:7].unsqueeze(1).expand(-1, 5, -1)
        output, _ = function(given.cell, input, given.state, given.w)
        (first,) = torch.autograd.grad(output.square().sum(), weight, create_graph=True)
        return torch.autograd.grad(first.square().sum(), weight)[0]

    torch.testing.assert_close(second(path(path_name, given)), second(unroll), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_without_gradients_nothing_is_saved(name, path_name, monkeypatch):
    given = case(name)
    expected, _ = unroll(given.cell, given.input, given.state, given.w)
    monkeypatch.setattr(function._Layer, "apply", lambda *_: pytest.fail("a graph was recorded"))
    with torch.no_grad():
        output, _ = path(path_name, given)(given.cell, given.input, given.state, given.w)
    assert not output.requires_grad
    torch.testing.assert_close(output, expected.detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "path_name"), PATHS)
def test_strided_arguments(name, path_name):
    given = case(name, hidden=6)
    given.input = given.input.detach().transpose(0, 1).contiguous().transpose(0, 1).requires_grad_()
    given.state = tuple(torch.stack((s, s), -1).detach()[..., 0].requires_grad_() for s in given.state)
    given.w.weight_hh = given.w.weight_hh.detach().t().contiguous().t().requires_grad_()
    assert not given.w.weight_hh.is_contiguous()
    assert_same(results(path(path_name, given), given), results(unroll, given))


@pytest.mark.parametrize(("name", "path_name"), PATHS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_saturation_and_nan(name, path_name, dtype):
    given = case(name, steps=2, batch=3, hidden=5, dtype=dtype)
    with torch.no_grad():
        given.input *= 1000
        given.input[:, 2] = torch.nan
        found, _ = path(path_name, given)(given.cell, given.input, given.state, given.w)
        expected, _ = unroll(given.cell, given.input, given.state, given.w)
    assert torch.isfinite(found[:, :2]).all()
    torch.testing.assert_close(
        found, expected, equal_nan=True, rtol=1e-4 if dtype == torch.float32 else 1e-10, atol=1e-6
    )
    assert found[:, 2].isnan().all()


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("batch", "hidden"), [(7, 40), (1, 40), (20, 5)])
def test_threads_share_out_rows_or_units(name, packed, reverse, batch, hidden, monkeypatch):
    given = case(name, batch=batch, hidden=hidden, packed=packed)
    expected = results(unroll, given, reverse)
    monkeypatch.setattr(compiled, "MINIMUM_PER_THREAD", 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for _ in range(5):  # a race would not show every time
            assert_same(results(path("fused_c", given), given, reverse), expected)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("batch", "features", "hidden"), [(1, 5, 33), (2, 40, 16), (3, 16, 7), (9, 21, 40), (70, 5, 83)]
)
def test_a_single_step(name, stated, threads, dtype, batch, features, hidden, monkeypatch):
    monkeypatch.setattr(compiled, "MINIMUM_PER_THREAD", 1)
    ours = getattr(rnncompare, name)(features, hidden, dtype=dtype)
    theirs = getattr(torch.nn, name)(features, hidden, dtype=dtype)
    theirs.load_state_dict(ours.state_dict())
    input = torch.randn(1, batch, features, dtype=dtype)
    states = [torch.randn(1, batch, hidden, dtype=dtype) for _ in ours.cell.states] if stated else []
    found, before = [], torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for module in (ours, theirs):
            leaves = [leaf.clone().requires_grad_() for leaf in (input, *states)]
            hx = None if not states else tuple(leaves[1:]) if len(states) > 1 else leaves[1]
            output, final = module(leaves[0], hx)
            values = [output, *final] if isinstance(final, tuple) else [output, final]
            gradients = torch.autograd.grad(sum(v.square().sum() for v in values), [*leaves, *module.parameters()])
            with torch.no_grad():
                plain, _ = module(leaves[0], hx)
            found.append(dict(enumerate([*values, *gradients, plain])))
    finally:
        torch.set_num_threads(before)
    assert ours.implementation_used == "fused_c"
    assert_same(*found)


def test_a_call_finds_the_memory_of_the_last():
    resource = pytest.importorskip("resource")
    module = rnncompare.LSTM(8, 1500)  # packed weights of 36 MB, which malloc would ask the system for each time
    input = torch.randn(20, 1, 8)
    faults = []
    with torch.no_grad():
        for _ in range(4):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            module(input)
            faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    assert module.implementation_used == "fused_c"
    assert min(faults[1:]) < 1000  # of 9,000 pages


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_calls_in_threads_at_once_and_of_changing_sizes(name):
    modules = [getattr(rnncompare, name)(5, hidden) for hidden in (3, 40, 130, 17)]
    input = torch.randn(9, 7, 5)
    expected = [module(input)[0].detach() for module in modules]

    def call(module: torch.nn.Module) -> Tensor:
        output, _ = module(input)
        output.sum().backward()
        return output.detach()

    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            assert_same(dict(enumerate(pool.map(call, modules))), dict(enumerate(expected)))


@pytest.mark.parametrize("name", CELLS)
def test_bfloat16(name):
    given, exact = case(name, hidden=16, dtype=torch.bfloat16), case(name, hidden=16)
    with torch.no_grad():
        for key, leaf in exact.leaves().items():
            leaf.copy_(given.leaves()[key])
    assert [found for found, _ in fast.paths(given.cell, given.input, given.w)] == ["fused"]
    expected = {key: value.bfloat16() for key, value in results(unroll, exact).items()}
    assert_same(results(path("fused", given), given), expected, tolerance=0.05)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_bfloat16_autocast(name):
    torch.manual_seed(0)
    module = getattr(rnncompare, name)(3, 8)
    input = torch.randn(5, 2, 3)
    expected = module(input)[0]
    with torch.autocast("cpu", torch.bfloat16):
        output = module(input)[0]
        theirs = getattr(torch.nn, name)(3, 8)(input)[0]
    assert (module.implementation_used, output.dtype) == ("fused", theirs.dtype)
    output.float().sum().backward()
    assert module.weight_hh_l0.grad.dtype == torch.float32
    torch.testing.assert_close(output.float(), expected, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda(name):
    expected = results(unroll, case(name, packed=True))
    given = case(name, packed=True)
    given.input, *state = (t.detach().cuda().requires_grad_() for t in (given.input, *given.state))
    given.state = tuple(state)
    given.w = Weights(**{key: p.detach().cuda().requires_grad_() for key, p in vars(given.w).items()})
    assert_same({key: value.cpu() for key, value in results(path("fused", given), given).items()}, expected)


class ForgetfulCell(LSTMCell):
    """A cell with another step."""

    def step(self, x: Tensor, state: State, w: Weights) -> State:
        h, c = super().step(x, state, w)
        return h, c / 2


def test_another_step_takes_no_fast_path_and_another_start_does():
    given = case("lstm")
    assert not list(fast.paths(ForgetfulCell(), given.input, given.w))
    assert not fast.knows(ForgetfulCell())
    assert fast.knows(IRNNCell())


def test_tensors_that_are_watched_go_through_the_loop():
    module, other = rnncompare.GRU(3, 4), rnncompare.GRU(3, 4, implementation="loop")
    counts = []
    for m in (module, other):
        with FlopCounterMode(display=False) as counter:
            m(torch.zeros(5, 2, 3))
        counts.append(counter.get_total_flops())
    assert module.implementation_used == "loop"
    assert counts[0] == counts[1] > 0


def test_functional_transforms():
    module = rnncompare.LSTM(3, 4).double()
    input = torch.randn(5, 2, 3, dtype=torch.float64)
    parameters = {name: p.detach() for name, p in module.named_parameters()}

    def loss(p):
        return torch.func.functional_call(module, p, (input,))[0].sum()

    transformed = torch.func.grad(loss)(parameters)
    module(input)[0].sum().backward()
    for name, p in module.named_parameters():
        torch.testing.assert_close(transformed[name], p.grad, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_vmap_over_a_module_with_parameters_that_learn(name, steps):
    module, input = getattr(rnncompare, name)(3, 4), torch.randn(2, steps, 5, 3)
    found = torch.func.vmap(lambda x: module(x)[0])(input)
    assert_same({"output": found}, {"output": torch.stack([module(x)[0] for x in input])})


class MarkedTensor(Tensor):
    """A tensor of another type, with a say in what happens to it."""


def test_states_that_the_kernels_cannot_read_take_the_next_path():
    given = case("gru")
    expected = results(unroll, given)
    given.state = (given.state[0].detach().as_subclass(MarkedTensor).requires_grad_(),)
    assert_same(results(path("fused_c", given), given), expected)


@pytest.fixture
def nothing_built(monkeypatch, tmp_path):
    """A process in which no kernel has been built, with an empty cache folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build.kernels.cache_clear()
    yield tmp_path
    build.kernels.cache_clear()


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"CC": "/bin/false"}, "false"),
        ({"CC": "nowhere"}, "no C compiler called nowhere"),
        ({"XDG_CACHE_HOME": "/proc/version"}, "Not a directory"),
    ],
)
def test_a_missing_compiler_or_cache_folder_is_said_once(nothing_built, monkeypatch, environment, reason):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    module = rnncompare.GRU(3, 4, num_layers=2)

    def use():
        for dtype in (torch.float32, torch.float64):
            module.to(dtype)(torch.zeros(5, 2, 3, dtype=dtype))[0].sum().backward()

    with pytest.warns(RuntimeWarning, match="runs without its compiled kernels") as said:
        use()
    assert module.implementation_used == "fused"
    assert len(said) == 1
    assert reason in str(said[0].message)


def test_processes_may_build_at_once(nothing_built):
    compiler = nothing_built / "cc"
    compiler.write_text('#!/bin/sh\nexec cc "$@" -O0\n')  # which is quicker
    compiler.chmod(0o755)
    code = "import runpy, sys; print(*runpy.run_path(sys.argv[1])['kernels']())"
    environment = {**os.environ, "CC": str(compiler)}
    processes = [
        subprocess.Popen([sys.executable, "-c", code, build.__file__], env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in processes:
        assert process.communicate(timeout=120)[0].split() == [b"float", b"double"]
    kept = sorted(path.name.split("-")[1] for path in build.cache_folder().iterdir())
    assert kept == ["double.so", "float.so"]


def test_the_build_follows_source_compiler_and_processor(monkeypatch):
    compiler = build._compiler()
    key = build._key(compiler)
    assert key == build._key(compiler)
    assert key != build._key([*compiler, "-g"])
    monkeypatch.setattr(build, "_processor", lambda: "another")
    assert key != build._key(compiler)
