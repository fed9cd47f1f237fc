"""What runs will take: each kind of them is timed over a few updates before it starts."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.studies.reporter import Reporter
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

UPDATES = 6  # between two validations of a probe

Kind = TypeVar("Kind", bound=Hashable)


def seconds_of(kinds: Mapping[Kind, tuple[RunSettings, int]], reporter: Reporter) -> dict[Kind, float]:
    """The seconds that one run of each kind takes, by a probe, as many at a time as in the study.

    Args:
        kinds: a run of each kind, and the updates after which such runs usually end.
        reporter: hears how far it is.
    """
    settings = [run for run, _ in kinds.values()]
    with ThreadPoolExecutor(jobs_at_a_time(settings)) as pool, reporter.stage("timing", len(kinds), "kind") as bar:

        def probe(kind: tuple[RunSettings, int]) -> float:
            try:
                return call_isolated(_probe, *kind)
            except IsolatedError:
                return 0.0  # it will fail as a run too, and be recorded as failed
            finally:
                bar.advance()

        return dict(zip(kinds, pool.map(probe, kinds.values()), strict=True))


def _probe(settings: RunSettings, updates: int, send: Callable[[object], None]) -> float:  # noqa: ARG001
    from rnncompare.training.experiment import run_experiment

    train = settings.train
    short = dataclasses.replace(
        train, max_updates=2 * UPDATES, validate_every=UPDATES, patience=None, settle=None, min_updates=0
    )
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
    return total + updates * step + updates / train.validate_every * validation
