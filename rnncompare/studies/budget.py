"""What a study will take, and what of it fits a budget of time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.claims import Claim
from rnncompare.claims.claim import FEWEST_TASKS
from rnncompare.studies.protocol import Entry, Protocol
from rnncompare.studies.reporter import Reporter
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

UPDATES = 6  # between two validations of a timed run

Kind = TypeVar("Kind", bound=Hashable)


def seconds_of(kinds: Mapping[Kind, tuple[RunSettings, int]], reporter: Reporter) -> dict[Kind, float]:
    """The seconds that one run of each kind takes, from short timed runs, as many at a time as in the study.

    Args:
        kinds: a run of each kind, and the updates after which such runs usually end.
        reporter: is told the progress.
    """
    settings = [run for run, _ in kinds.values()]
    with ThreadPoolExecutor(jobs_at_a_time(settings)) as pool, reporter.stage("timing", len(kinds), "kind") as bar:

        def probe(kind: tuple[RunSettings, int]) -> float:
            try:
                return call_isolated(_probe, *kind)
            except IsolatedError:
                return 0.0  # it will fail as a run too and be recorded as failed
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


TORCH_START = ("", "torch")  # of arms whose start does not matter, and of those from torch's own
FOR_TRAINING = 0.75  # of what is left of a budget, since estimates err and ranges of rates grow


@dataclass(frozen=True)
class Piece:
    """One task of a claim, from one start: the least that gives a verdict.

    Attributes:
        claim: its name.
        start: of the arms.
        task: of the study.
        entries: to train for it.
    """

    claim: str
    start: str
    task: str
    entries: tuple[Entry, ...]


def pieces(plan: Protocol) -> Iterator[Piece]:
    """The pieces of a study."""
    for claim in plan.claims:
        for start in dict.fromkeys(pair.start for pair in claim.pairs):
            arms = {arm for pair in claim.pairs if pair.start == start for arm in (pair.first, pair.second)}
            for task in claim.tasks:
                entries = [entry for arm in arms for entry in plan.arms[claim.name][arm] if entry.task == task]
                if entries:
                    yield Piece(claim.name, start, task, tuple(dict.fromkeys(entries)))


def within(
    plan: Protocol, seconds: Mapping[Entry, float], budget: float, trained: Collection[Entry] = ()
) -> tuple[list[Entry], list[dict[str, str | float]]]:
    """The entries to train within a budget, and what is not attempted.

    First each claim, the cheapest first, gets the fewest tasks that give it a verdict, from torch's start and then from
    others; then further tasks follow, the cheapest first. A start other than torch's that cannot have those fewest
    tasks gets none: single tasks of it would settle nothing. Entries that claims share are paid for once. If nothing
    fits, the cheapest piece is started.

    Args:
        plan: everything that could be trained.
        seconds: the time that all runs of each entry take.
        budget: seconds of the machine, all its jobs together.
        trained: entries that are already trained.

    Returns:
        The entries, including those trained, and a row for each piece not attempted: ``claim``, ``start``, ``task`` and
        the ``seconds`` that it would take after the rows before it.
    """
    claims = {claim.name: claim for claim in plan.claims}
    kept = dict.fromkeys(trained)
    left = FOR_TRAINING * budget

    def price(piece: Piece) -> float:
        return sum(seconds[entry] for entry in piece.entries if entry not in kept)

    waiting: list[Piece] = []
    for least, further in _by_need(list(pieces(plan)), claims, seconds):
        if sum(map(price, least)) <= left:
            left -= sum(map(price, least))
            kept.update(dict.fromkeys(entry for piece in least for entry in piece.entries))
            waiting += further
        elif least[0].start in TORCH_START:
            waiting += [*least, *further]
    while waiting:
        cheapest = min(waiting, key=_cheapest_first(price, claims))
        waiting.remove(cheapest)
        if price(cheapest) <= left:
            left -= price(cheapest)
            kept.update(dict.fromkeys(cheapest.entries))
    if not kept:  # the deadline ends it, leaving whole pairs
        kept.update(dict.fromkeys(min(pieces(plan), key=_cheapest_first(price, claims)).entries))
    attempted = list(kept)
    missing: list[dict[str, str | float]] = []
    for piece in pieces(plan):
        if any(entry not in attempted for entry in piece.entries):
            missing.append({"claim": piece.claim, "start": piece.start, "task": piece.task, "seconds": price(piece)})
            kept.update(dict.fromkeys(piece.entries))
    return attempted, missing


def _by_need(
    every: Sequence[Piece], claims: Mapping[str, Claim], seconds: Mapping[Entry, float]
) -> list[tuple[list[Piece], list[Piece]]]:
    """For each claim and start the fewest pieces that give it a verdict, and its others; torch's start first."""

    def alone(piece: Piece) -> float:
        return sum(seconds[entry] for entry in piece.entries)

    groups = []
    for claim, start in dict.fromkeys((piece.claim, piece.start) for piece in every):
        own = sorted((piece for piece in every if (piece.claim, piece.start) == (claim, start)), key=alone)
        fewest = FEWEST_TASKS if claims[claim].general else len(own)
        groups.append((own[:fewest], own[fewest:]))
    return sorted(groups, key=lambda group: (group[0][0].start not in TORCH_START, sum(map(alone, group[0]))))


def _cheapest_first(
    price: Callable[[Piece], float], claims: Mapping[str, Claim]
) -> Callable[[Piece], tuple[bool, float, int]]:
    """The order of pieces: torch's start before others, then by price."""
    return lambda piece: (piece.start not in TORCH_START, price(piece), claims[piece.claim].priority)
