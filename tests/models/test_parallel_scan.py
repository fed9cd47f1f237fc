"""minGRU and minLSTM all steps at once, against one step at a time."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from rnncompare.models import cells
from rnncompare.models.cell import Weights
from rnncompare.models.fast.parallel_scan import parallel_scan, scan, serves
from rnncompare.models.recurrent import Recurrent
from rnncompare.models.unroll import unroll

NAMES = ["min_gru", "min_lstm"]
FORMS = {"padded": (7, None), "packed": (11, [4, 4, 2, 1]), "packed evenly": (8, [4, 4])}


def leaves(name, form, dtype=torch.float64, scale=1.0):
    torch.manual_seed(0)
    cell = cells.cell_class(name)()
    steps, batch_sizes = FORMS[form]
    x = torch.randn((steps, 4, 3) if batch_sizes is None else (steps, 3), dtype=dtype)
    h = torch.randn(4, 5, dtype=dtype)
    parameters = {k: scale * torch.randn(v, dtype=dtype) for k, v in cell.shapes(3, 5).items()}
    for leaf in (x, h, *parameters.values()):
        leaf.requires_grad_()
    return cell, x, h, parameters, batch_sizes


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", NAMES)
def test_scan_is_the_sequential_form(name, form, reverse):
    cell, x, h, parameters, batch_sizes = leaves(name, form)
    results = []
    for function in (parallel_scan, unroll):
        output, (final,) = function(cell, x, (h,), Weights(**parameters), batch_sizes, reverse)
        gradients = torch.autograd.grad(output.sin().sum() + final.cos().sum(), [x, h, *parameters.values()])
        results.append((output, final, *gradients))
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_scan_agrees_in_float32(name):
    cell, x, h, parameters, _ = leaves(name, "padded", torch.float32)
    ours, _ = parallel_scan(cell, x, (h,), Weights(**parameters))
    theirs, _ = unroll(cell, x, (h,), Weights(**parameters))
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("initial", [-1.0, 0.0])
@pytest.mark.parametrize("scale", [1.0, 300.0])
@pytest.mark.parametrize("name", NAMES)
def test_long_sequences_stay_finite_and_right(name, scale, initial):
    torch.manual_seed(0)
    cell = cells.cell_class(name)()
    w = Weights(**{k: scale * torch.randn(v) for k, v in cell.shapes(3, 5).items()})
    x = torch.randn(300, 2, 3, requires_grad=True)
    h = torch.full((2, 5), initial)
    ours, _ = parallel_scan(cell, x, (h,), w)
    theirs, _ = unroll(cell, x, (h,), w)
    assert ours.isfinite().all()
    assert theirs.isfinite().all()
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
    (gradient,) = torch.autograd.grad(ours.sum(), x)
    assert gradient.isfinite().all()


def test_scan_against_closed_forms():
    steps = torch.full((50, 1, 1), 0.5, dtype=torch.float64).log()
    powers = 0.5 ** torch.arange(1, 51, dtype=torch.float64).view(50, 1, 1)
    start = torch.tensor([[3.0]], dtype=torch.float64)
    torch.testing.assert_close(scan(steps, steps, start), 1 + 2 * powers)  # h = h/2 + 1/2 from 3
    torch.testing.assert_close(scan(steps, steps - 1e9, start), 3 * powers)  # nothing new: halved each step


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_of_first_and_second_order(name):
    cell, x, h, parameters, batch_sizes = leaves(name, "packed")

    def run(x, h, *values):
        return parallel_scan(cell, x, (h,), Weights(**dict(zip(parameters, values, strict=True))), batch_sizes)[0]

    assert gradcheck(run, (x, h, *parameters.values()), fast_mode=True)
    assert gradgradcheck(run, (x, h, *parameters.values()), fast_mode=True)


def test_sixteen_bits_are_summed_in_thirty_two():
    cell, x, h, parameters, _ = leaves("min_gru", "padded", torch.bfloat16)
    output, (final,) = parallel_scan(cell, x, (h,), Weights(**parameters))
    assert output.dtype == final.dtype == torch.bfloat16
    expected, _ = unroll(cell, x.double(), (h.double(),), Weights(**{k: v.double() for k, v in parameters.items()}))
    torch.testing.assert_close(output.double(), expected, rtol=2e-2, atol=2e-2)


def test_serves_these_two_cells_alone():
    assert [name for name in cells.names() if serves(cells.cell_class(name)())] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_fused_is_the_scan_and_auto_on_a_cpu_the_loop(name):
    for implementation, used in [("fused", "parallel_scan"), ("auto", "loop"), ("loop", "loop")]:
        module = Recurrent(cells.cell_class(name)(), 3, 4, implementation=implementation)
        module(torch.randn(5, 2, 3))
        assert module.implementation_used == used


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", NAMES)
def test_auto_on_a_gpu_is_the_scan_and_agrees(name):
    module = Recurrent(cells.cell_class(name)(), 3, 4, dtype=torch.float64)
    x = torch.randn(9, 2, 3, dtype=torch.float64)
    expected, _ = module(x)
    actual, _ = module.cuda()(x.cuda())
    assert module.implementation_used == "parallel_scan"
    torch.testing.assert_close(actual.cpu(), expected)


@pytest.mark.parametrize("name", NAMES)
def test_state_carries_over_between_two_halves(name):
    torch.manual_seed(0)
    module = Recurrent(cells.cell_class(name)(), 3, 4, dtype=torch.float64)
    w = Weights(**{k.removesuffix("_l0"): v for k, v in module.named_parameters()})
    x = torch.randn(8, 2, 3, dtype=torch.float64)
    whole, (last,) = parallel_scan(module.cell, x, (torch.zeros(2, 4, dtype=torch.float64),), w)
    first, state = parallel_scan(module.cell, x[:3], (torch.zeros(2, 4, dtype=torch.float64),), w)
    second, (end,) = parallel_scan(module.cell, x[3:], state, w)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(end, last)
