"""The time of an update of each model, with the machine to itself."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping

from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.training.settings import RunSettings


def alone(models: Mapping[str, RunSettings], seconds: float) -> dict[str, float]:
    """Milliseconds of an update of each model, if the machine was otherwise idle; else nothing."""
    with contextlib.suppress(IsolatedError):
        return call_isolated(_timed, dict(models), seconds)
    return {}


def _timed(models: dict[str, RunSettings], seconds: float, send: Callable[[object], None]) -> dict[str, float]:
    """Time updates of the models in turns (A B A B), after one turn that does not count."""
    import statistics

    import torch

    from rnncompare.base.clocks import clock_for
    from rnncompare.base.machine import EXCLUSIVE_BELOW, OtherLoad, find_device
    from rnncompare.tasks.contract import stream
    from rnncompare.training.batches import Split
    from rnncompare.training.experiment import initialise
    from rnncompare.training.loop import make_optimizer, update_function

    del send
    began = time.monotonic()
    first = next(iter(models.values()))
    torch.set_num_threads(first.threads)
    device = find_device(first.device)
    data = first.data.load(0)
    split = Split(data.train, data.objective.readout, device)
    turns = {}
    for name, run in models.items():
        network = initialise(run, data, device)
        update = update_function(
            network, make_optimizer(network.parameters(), run.train), data.objective, run.train.clip_norm
        )
        turns[name] = (update, split.shuffled(run.train.batch_size, stream(0, "order")))
    taken: dict[str, list[float]] = {name: [] for name in models}
    load = OtherLoad()
    for turn in range(200):  # a thousand updates of each
        for name, (update, batches) in turns.items():
            clock = clock_for(device)
            clock.start()
            for _, batch in zip(range(5), batches, strict=False):
                update(batch)
                clock.lap()
            clock.settle()
            if turn:
                taken[name] += clock.laps
        if turn and time.monotonic() - began > seconds:
            break
    if load.cores() >= EXCLUSIVE_BELOW:
        return {}
    return {name: 1000 * statistics.median(laps) for name, laps in taken.items()}
