"""What a study will take: each kind of run is timed over a few updates before it starts, and fitted to a budget."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from tqdm import tqdm

from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

UPDATES = 6  # between two validations of a probe
FOR_TRAINING = 0.8  # of what is left of a budget; estimates err
FOR_TUNING = 0.3  # of that
FEWEST_PAIRS, MOST_PAIRS, MOST_TRIALS = 3, 60, 8

Kind = TypeVar("Kind", bound=Hashable)


@dataclass(frozen=True)
class Effort:
    """How much of a study its budget allows.

    Attributes:
        trials: learning rates for each model in each condition.
        pairs: seeds.
        updates: share of the updates of each run.
    """

    trials: int
    pairs: int
    updates: float


def seconds_of(kinds: Mapping[Kind, RunSettings]) -> dict[Kind, float]:
    """The seconds that one run of each kind takes to its last update, by a probe, as many at a time as in the study.

    Args:
        kinds: a run of each kind.
    """
    with (
        ThreadPoolExecutor(jobs_at_a_time(kinds.values())) as pool,
        tqdm(
            total=len(kinds),
            desc="timing",
            unit="kind",
            disable=None if kinds else True,
            leave=False,
            dynamic_ncols=True,
        ) as bar,
    ):

        def probe(settings: RunSettings) -> float:
            try:
                return call_isolated(_probe, settings)
            except IsolatedError:
                return 0.0  # it will fail as a run too, and be recorded as failed
            finally:
                bar.update()

        return dict(zip(kinds, pool.map(probe, kinds.values()), strict=True))


def fit(seconds: float, round_seconds: float) -> Effort:
    """Trials and pairs for the time that there is.

    Args:
        seconds: of the machine, all its jobs together.
        round_seconds: that one run of every entry takes.
    """
    rounds = FOR_TRAINING * seconds / max(round_seconds, 1e-9)
    least = FEWEST_PAIRS + 2
    if rounds < least:
        return Effort(2, FEWEST_PAIRS, max(0.01, rounds / least))
    trials = min(MOST_TRIALS, max(2, int(FOR_TUNING * rounds)))
    return Effort(trials, min(MOST_PAIRS, int(rounds) - trials), 1.0)


def _probe(settings: RunSettings, send: Callable[[object], None]) -> float:  # noqa: ARG001
    from rnncompare.training.experiment import run_experiment

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
