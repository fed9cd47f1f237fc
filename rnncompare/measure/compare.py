"""Training steps of the hand-written modules against torch.nn's: parity first, then times, interleaved.

``python -m rnncompare.measure.compare --threads 1 --implementation auto`` prints a row for each shape: times in ms,
ratios to torch.nn, and the time of PyTorch's own matrix products alone as a share of ours.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from rnncompare.models.fast.products import Product, linear, weight_gradient
from rnncompare.models.modules import GRU, LSTM, RNN
from rnncompare.models.recurrent import Recurrent

SHAPES = ((50, 32, 16, 64), (100, 32, 128, 128), (100, 64, 128, 256), (200, 16, 64, 512), (784, 32, 1, 128))
"""(T, B, I, H): steps, batch, features of the input, hidden size."""
CELLS: tuple[tuple[Callable[..., Recurrent], Callable[..., nn.Module], int], ...] = (
    (LSTM, nn.LSTM, 4),
    (GRU, nn.GRU, 3),
    (RNN, nn.RNN, 1),
)
"""Our module, torch's, and the number of gates."""
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Row:
    """Medians over rounds for one cell and shape, in seconds.

    Attributes:
        cell: the name of the cell.
        shape: (T, B, I, H).
        implementation: what ran of ours.
        ours: a forward and backward pass.
        torch: that of torch.nn.
        products: the matrix products of such a pass alone, by the best PyTorch offers; the kernels have their own.
        ratio: the median of ours / torch, round by round.
    """

    cell: str
    shape: tuple[int, int, int, int]
    implementation: str | None
    ours: float
    torch: float
    products: float
    ratio: float


def compare(shape: tuple[int, int, int, int], implementation: str, seconds: float) -> list[Row]:
    """Check and time all cells at one shape.

    Args:
        shape: (T, B, I, H).
        implementation: of our modules.
        seconds: about how long to time.

    Raises:
        AssertionError: ours and torch's disagree; then nothing is timed.
    """
    steps, batch, features, hidden = shape
    torch.manual_seed(0)
    input, gradient = torch.randn(steps, batch, features), torch.randn(steps, batch, hidden)
    calls: list[Callable[[], object]] = []
    modules = []
    for own, other, gates in CELLS:
        ours, theirs = own(features, hidden, implementation=implementation), other(features, hidden)
        theirs.load_state_dict(ours.state_dict())
        check_parity(ours, theirs, input, gradient)
        modules.append(ours)
        calls += [_training_step(m, input, gradient) for m in (ours, theirs)] + [_products(shape, gates)]
    laps = interleave(calls, seconds)
    rows = []
    for module, (ours, theirs, products) in zip(modules, zip(*[iter(laps)] * 3, strict=True), strict=True):
        ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
        times = median(ours), median(theirs), median(products)
        rows.append(Row(type(module).__name__, shape, module.implementation_used, *times, ratio))
    return rows


def check_parity(ours: nn.Module, theirs: nn.Module, input: Tensor, gradient: Tensor) -> None:
    """Compare outputs and all gradients, relative to the largest element of each.

    Raises:
        AssertionError: they disagree.
    """
    results = []
    for module in (ours, theirs):
        output, _ = module(input)
        results.append([output, *torch.autograd.grad(output, list(module.parameters()), gradient)])
    for found, expected in zip(*results, strict=True):
        error, scale = (found - expected).abs().max().item(), expected.abs().max().item()
        assert error <= TOLERANCE * scale, f"{type(ours).__name__} is off by {error} of {scale}; nothing was timed"


def interleave(calls: Sequence[Callable[[], object]], seconds: float) -> list[list[float]]:
    """Time ``calls`` in turn, A B C A B C, at least five rounds; seconds of each, after two rounds of warm-up."""
    laps: list[list[float]] = [[] for _ in calls]
    end = math.inf
    while len(laps[0]) < 7 or time.perf_counter() < end:
        if len(laps[0]) == 2:
            end = time.perf_counter() + seconds
        for call, own in zip(calls, laps, strict=True):
            start = time.perf_counter()
            call()
            own.append(time.perf_counter() - start)
    return [own[2:] for own in laps]


def _training_step(module: nn.Module, input: Tensor, gradient: Tensor) -> Callable[[], None]:
    def step() -> None:
        module.zero_grad()
        module(input)[0].backward(gradient)

    return step


def _products(shape: tuple[int, int, int, int], gates: int) -> Callable[[], None]:
    """The matrix products of a training step and nothing else."""
    steps, batch, features, hidden = shape
    rows = gates * hidden
    w_ih, w_hh = torch.randn(rows, features), torch.randn(rows, hidden)
    x, h, d = (torch.randn(steps * batch, size) for size in (features, hidden, rows))

    def multiply() -> None:
        there, back = Product(w_hh, batch), Product(w_hh.t(), batch)
        linear(x, w_ih)
        for _ in range(steps):
            there(h[:batch])
            back(d[:batch])
        weight_gradient(d, [(slice(None), x)])
        weight_gradient(d, [(slice(None), h)])

    return multiply


def _geometric_mean(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--implementation", default="auto")
    parser.add_argument("--seconds", type=float, default=4.0, help="for each shape, about")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = []
    for shape in SHAPES:
        found = compare(shape, arguments.implementation, arguments.seconds)
        rows += found
        for row in found:
            times = f"ours {row.ours * 1e3:8.2f}  nn {row.torch * 1e3:8.2f}  ratio {row.ratio:.2f}"
            share = f"products {row.products / row.ours:.0%}  {row.implementation}"
            print(f"{shape!s:22} {row.cell:4}  {times}  {share}", flush=True)
        print(f"{shape!s:22} GRU / LSTM {found[1].ours / found[0].ours:.2f}")
    for name in dict.fromkeys(row.cell for row in rows):
        ratios = [row.ratio for row in rows if row.cell == name]
        print(f"{name:4} geometric mean {_geometric_mean(ratios):.2f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    main()
