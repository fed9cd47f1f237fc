"""A study from its claims to its findings: planned, timed, tuned, evaluated, measured, judged."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from rnncompare.base.sanitize import safe
from rnncompare.claims import Claim
from rnncompare.studies import cost, probing
from rnncompare.studies.manifest import Book, BookedEntry
from rnncompare.studies.planning import Plan, plan
from rnncompare.studies.protocol import Entry, StudyTask
from rnncompare.studies.settings import StudySettings
from rnncompare.studies.stages import Stages
from rnncompare.studies.verdicts import Study, read_study
from rnncompare.sweep import Train, require_writable
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

UNTIL_JUDGING = 0.9  # of a budget; ending runs and judging take time too


def conduct(
    settings: StudySettings,
    claims: Sequence[Claim],
    tasks: Mapping[str, StudyTask],
    overrides: Sequence[str],
    train: Train,
    command: str,
) -> Study:
    """Make a study, or what is missing of it, and judge it.

    Args:
        settings: how thoroughly.
        claims: to be judged.
        tasks: that the claims name.
        overrides: settings that all runs share.
        train: trains runs and gives their records.
        command: that makes the study again.

    Raises:
        SettingError, DataError: it cannot be made; nothing was trained.
        StorageError: a record could not be written; those before it are kept.
    """
    began = time.monotonic()
    planned = plan(settings, claims, tasks, overrides)
    requests, unserved = probing.servable(probing.wanted(claims, settings, overrides))
    require_writable(settings.results_dir)
    budget, seconds = settings.seconds(), dict[Entry, float]()
    if budget is not None and planned.runs:
        seconds = _seconds(planned.runs, tasks)
        left = budget - (time.monotonic() - began)
        effort = cost.fit(left * jobs_at_a_time(planned.runs.values()), sum(seconds.values()))
        settings = dataclasses.replace(settings, trials=effort.trials, pairs=effort.pairs, more_pairs=effort.pairs)
        planned = planned.within(effort)
        seconds = {entry: effort.updates * taken for entry, taken in seconds.items()}
        print(f"within {settings.budget}: {_effort(effort)}")

    book = _book(settings, planned, tasks, command, {**planned.left_out, **unserved})
    deadline = None if budget is None else began + UNTIL_JUDGING * budget
    stages = Stages(planned.runs, planned.protocol.pairs, settings.trials, book, train, deadline)
    _announce(book)
    if planned.runs:
        missing = stages.missing()
        untimed = {entry: run for entry, run in planned.runs.items() if missing[entry] and entry not in seconds}
        _announce_runs(planned, settings.trials, missing, seconds | _seconds(untimed, tasks))
    folder = Path(settings.results_dir)
    evaluation = stages.tune()
    book.probes = probing.identities(requests)
    book.write(folder)  # whole from here on: a report of what is there can be made at any time
    stages.evaluate(evaluation)
    probing.measure(requests, settings.results_dir)
    return read_study(folder)


def _seconds(runs: Mapping[Entry, RunSettings], tasks: Mapping[str, StudyTask]) -> dict[Entry, float]:
    """The seconds of one run of each entry; those that differ in their training-set size only take alike."""

    def kind(entry: Entry) -> Hashable:
        by_size = tasks[entry.task].axis == "data.size"
        return tuple(word for word in entry.overrides if not (by_size and word.startswith("data.size=")))

    kinds: dict[Hashable, RunSettings] = {kind(entry): settings for entry, settings in runs.items()}
    taken = cost.seconds_of(kinds)
    return {entry: taken[kind(entry)] for entry in runs}


def _book(
    settings: StudySettings, planned: Plan, tasks: Mapping[str, StudyTask], command: str, left_out: dict[str, str]
) -> Book:
    positions = {entry: position for position, entry in enumerate(planned.runs)}
    return Book(
        command=command,
        settings=dataclasses.asdict(settings),
        tasks={name: dataclasses.asdict(task) for name, task in tasks.items()},
        claims=list(planned.protocol.claims),
        arms={
            claim: {arm: [positions[entry] for entry in entries] for arm, entries in arms.items()}
            for claim, arms in planned.protocol.arms.items()
        },
        entries=[BookedEntry(entry.task, entry.value, list(entry.overrides)) for entry in planned.runs],
        left_out=left_out,
    )


def _announce(book: Book) -> None:
    """Say what is studied, and what is not."""
    many = f"{len(book.claims)} claim{'s' * (len(book.claims) > 1)}"
    print(safe(f"{many} in {book.settings['results_dir']}"), flush=True)
    for name, why in book.left_out.items():
        print(safe(f"  left out: {name}: {why}"), flush=True)


def _announce_runs(planned: Plan, trials: int, missing: Mapping[Entry, int], seconds: Mapping[Entry, float]) -> None:
    """Say how many runs there are, and how long those that are missing take at most."""
    tuned = sum(entry.tuned for entry in planned.runs)
    every = f"  {trials * tuned} trials to tune, {sum(planned.protocol.pairs.values())} runs to compare"
    if todo := sum(missing.values()):
        jobs = jobs_at_a_time(planned.runs.values())
        total = sum(count * seconds[entry] for entry, count in missing.items() if count)
        print(f"{every}; {todo} at most to train: {_time(total / jobs)} at most with {jobs} at a time", flush=True)
    else:
        print(f"{every}; all are recorded", flush=True)


def _effort(effort: cost.Effort) -> str:
    cut = "" if effort.updates == 1 else f", runs cut to {effort.updates:.0%} of their updates"
    return f"{effort.trials} trials and {effort.pairs} pairs{cut}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
