"""What a study will take: each kind of run is timed over a few updates before the study starts."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

from rnncompare.measure.isolation import IsolatedError, call_isolated
from rnncompare.settings import RunSettings

UPDATES = 6  # between two validations of a probe


def seconds_of(kinds: Mapping[object, RunSettings]) -> dict[object, float]:
    """The seconds that one run of each kind takes to its last update, by a probe; None of them ends early here.

    Args:
        kinds: a run of each kind.
    """
    jobs = max(1, (os.cpu_count() or 1) // max(settings.threads for settings in kinds.values()))
    with (
        ThreadPoolExecutor(jobs) as pool,
        tqdm(total=len(kinds), desc="timing", unit="kind", disable=None, leave=False, dynamic_ncols=True) as bar,
    ):

        def probe(settings: RunSettings) -> float:
            try:
                return call_isolated(_probe, settings)
            except IsolatedError:
                return 0.0  # it will fail as a run too, and be recorded as failed
            finally:
                bar.update()

        return dict(zip(kinds, pool.map(probe, kinds.values()), strict=True))


def _probe(settings: RunSettings, send: Callable[[object], None]) -> float:  # noqa: ARG001
    from rnncompare.experiment import run_experiment

    train = settings.train
    short = dataclasses.replace(train, max_updates=2 * UPDATES, validate_every=UPDATES, patience=None)
    validated: list[float] = []
    start = time.perf_counter()
    run = run_experiment(
        dataclasses.replace(settings, train=short), lambda update, metric: validated.append(time.perf_counter())
    )
    total = time.perf_counter() - start
    step = (run.record.speed.step_ms_median or 0.0) / 1000
    if len(validated) < 2:  # it diverged at once
        return total
    validation = max(0.0, validated[1] - validated[0] - UPDATES * step)
    return total + train.max_updates * step + train.max_updates / train.validate_every * validation
