"""One case of a benchmark, measured: first agreement, then every contender's time in turns, and its memory.

`measure` and `memory` run in their own processes, see `rnncompare.base.isolation`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rnncompare.base.clocks import clock_for
from rnncompare.base.machine import OtherLoad, PeakMemory
from rnncompare.measurements.cases import Case
from rnncompare.measurements.contenders import Contender, build, disagreement, reference
from rnncompare.measurements.product_peak import ProductPeak, product_peak
from rnncompare.models import sizing
from rnncompare.tasks.contract.objectives import Regression
from rnncompare.training.batches import Batch
from rnncompare.training.loop import update_function

WARM_UP = 1  # rounds left out; everything has already run when it was compared
MEASURES = {
    "grid": ("forward", "forward_backward", "update"),
    "width": ("update",),
    "length": ("update",),
    "probe": ("forward_backward", "update"),
}


@dataclass
class Measured:
    """The results of a case.

    Attributes:
        rows: one for each contender and measure.
        laps: seconds of each repeat, in the order of ``rows``.
        disagreements: contenders that compute something else, each with the difference; they have no row.
        notices: contenders that cannot be made here, each with the reason.
        other_load: cores that other processes kept busy meanwhile.
        peak: the fastest product of matrices of this size.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    laps: list[list[float]] = field(default_factory=list)
    disagreements: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    other_load: float = 0.0
    peak: ProductPeak | None = None


def measure(case: Case) -> Measured:
    """Time every contender of ``case`` that computes what its reference does."""
    _set_up(case)
    load, measured, input = OtherLoad(), Measured(), _input(case)
    contenders = [contender for cell in case.cells for contender in _admitted(case, cell, input, measured)]
    measured.peak = product_peak(case.shape[1], case.shape[3], input.device, _dtype(case))
    for name in MEASURES[case.part]:
        calls = [_CALLS[name](contender, input) for contender in contenders]
        all_laps = in_turns(calls, input.device, case.seconds, case.repeats)
        measured.laps += all_laps
        measured.rows += [
            _row(case, contender, name, laps, measured.peak)
            for contender, laps in zip(contenders, all_laps, strict=True)
        ]
    measured.other_load = load.cores()
    return measured


def memory(case: Case, cell: str, implementation: str) -> float:
    """Peak memory of one forward and backward pass in MiB, above what was in use before it with libraries loaded."""
    _set_up(case)
    input = _input(case)
    weights = reference(cell, case.shape[3], input, _dtype(case))
    contender = build(cell, implementation, weights, input[:2], _dtype(case))
    assert contender is not None
    _forward_backward(contender, input[:2])()  # products load libraries, which allocate buffers
    contender.network.zero_grad()
    gc.collect()
    used = PeakMemory(input.device)
    _forward_backward(contender, input)()
    return used.peak_mb() - used.before_mb


def in_turns(
    calls: Sequence[Callable[[], object]], device: torch.device, seconds: float, repeats: int
) -> list[list[float]]:
    """Seconds of each repeat of each call, taken in turns A B C A B C, so that all meet the same disturbances.

    Args:
        calls: what to time; each is first called `WARM_UP` times.
        device: where they compute; each turn waits for it.
        seconds: rounds go on until each call has taken this long on average,
        repeats: and there have been at least this many.
    """
    clocks = [clock_for(device) for _ in calls]
    for call in list(calls) * WARM_UP:
        call()
    began, rounds = time.monotonic(), 0
    while rounds < repeats or time.monotonic() - began < seconds * len(calls):
        for call, clock in zip(calls, clocks, strict=True):
            clock.start()
            call()
            clock.lap()
            clock.settle()
        rounds += 1
    return [clock.laps for clock in clocks]


def _set_up(case: Case) -> None:
    torch.set_num_threads(case.threads)
    torch.backends.cudnn.allow_tf32 = False  # as for torch's own products: one precision for all


def _dtype(case: Case) -> torch.dtype:
    return {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.bfloat16}[case.dtype]


def _input(case: Case) -> Tensor:
    """Random inputs ``(T, B, I)``; float32 for bfloat16, since autocast converts them."""
    steps, sequences, inputs, _ = case.shape
    values = torch.randn(steps, sequences, inputs, generator=torch.Generator().manual_seed(0))
    return values.to(case.device, torch.float64 if case.dtype == "float64" else torch.float32)


def _admitted(case: Case, cell: str, input: Tensor, measured: Measured) -> list[Contender]:
    """The contenders of ``cell`` that agree with its reference; the others are noted in ``measured``."""
    contenders, dtype = [], _dtype(case)
    weights = reference(cell, case.shape[3], input, dtype)
    for implementation in case.implementations:
        try:
            contender = build(cell, implementation, weights, input, dtype)
            wrong = contender and disagreement(contender.layer, weights.recurrent, input, dtype)
        except Exception as error:
            if implementation != "compiled_loop":  # torch's compiler does not work on every machine
                raise
            measured.notices.append(f"{cell} {implementation}: {type(error).__name__}: {str(error).splitlines()[0]}")
            continue
        if wrong:
            measured.disagreements.append(f"{contender}, {case}: {wrong}")
        elif contender:
            contenders.append(contender)
    return contenders


def _forward(contender: Contender, input: Tensor) -> Callable[[], object]:
    return torch.no_grad()(lambda: contender.layer(input))


def _forward_backward(contender: Contender, input: Tensor) -> Callable[[], object]:
    """A pass with the gradients of all parameters, starting from a gradient of every output."""
    parameters = list(contender.layer.parameters())
    gradient = torch.randn(*input.shape[:2], contender.network.architecture.hidden_size).to(input)

    def call() -> None:
        output, _ = contender.layer(input)
        torch.autograd.grad(output, parameters, gradient.to(output))

    return call


def _update(contender: Contender, input: Tensor) -> Callable[[], object]:
    """An update as in training, with Adam and clipping; a single output is read after the last step."""
    targets = torch.zeros(input.size(1), 1).to(input)
    optimizer = torch.optim.Adam(contender.network.parameters())
    update = update_function(contender.network, optimizer, Regression(outputs=1, readout="last"), clip_norm=1.0)
    return lambda: update(Batch(input, targets, lengths=None, steps=None))


_CALLS: dict[str, Callable[[Contender, Tensor], Callable[[], object]]] = {
    "forward": _forward,
    "forward_backward": _forward_backward,
    "update": _update,
}


def _row(case: Case, contender: Contender, name: str, laps: list[float], peak: ProductPeak) -> dict[str, Any]:
    steps, sequences, inputs, hidden = case.shape
    median, low, high = (float(value) for value in np.percentile(laps, [50, 10, 90]))
    count = sizing.flops_per_forward if name == "forward" else sizing.flops_per_update
    gflops = count(contender.network.architecture, sequences, steps) / median / 1e9
    return {
        "part": case.part,
        **{"T": steps, "B": sequences, "I": inputs, "H": hidden},
        **{key: value for key, value in asdict(case).items() if key in ("threads", "device", "dtype")},
        "cell": contender.cell,
        "implementation": contender.implementation,
        "ran": contender.ran,
        "measure": name,
        "ms_median": 1000 * median,
        "ms_p10": 1000 * low,
        "ms_p90": 1000 * high,
        "repeats": len(laps),
        "sequences_per_second": sequences / median,
        "gflops": gflops,
        "peak_gflops": peak.gflops,
        "peak_share": gflops / peak.gflops,
        "memory_mb": None,
    }
