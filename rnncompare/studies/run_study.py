"""A study from its claims to its findings: planned, timed, trained look by look, measured and judged."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import math
import time
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rnncompare.base.errors import SettingError
from rnncompare.claims import Claim
from rnncompare.records import run_id
from rnncompare.records.provenance import provenance
from rnncompare.studies import budget, probing
from rnncompare.studies.grids import FEWEST_TO_CHOOSE, Grids
from rnncompare.studies.manifest import NAME, Manifest, is_earlier
from rnncompare.studies.planning import Plan, plan
from rnncompare.studies.protocol import Entry, StudyTask
from rnncompare.studies.reporter import SILENT, Reporter
from rnncompare.studies.study_settings import StudySettings
from rnncompare.studies.verdicts import Study, read_study
from rnncompare.sweep import Train, find_missing, recorded, require_writable
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

UNTIL_JUDGING = 0.9  # of a budget, since ending runs and judging take time too
FOR_MEASURING = 0.35  # of a budget


def conduct(
    settings: StudySettings,
    claims: Sequence[Claim],
    tasks: Mapping[str, StudyTask],
    overrides: Sequence[str],
    train: Train,
    command: str,
    reporter: Reporter = SILENT,
) -> Study:
    """Make a study, or what is missing of it, and judge it.

    Args:
        settings: of the study.
        claims: to judge.
        tasks: those that the claims name.
        overrides: settings that all runs share.
        train: trains runs and yields their records.
        command: reproduces the study.
        reporter: is told the progress.

    Raises:
        SettingError, DataError: the study cannot be made; nothing was trained.
        StorageError: a record could not be written; earlier ones are kept.
    """
    began = time.monotonic()
    folder = Path(settings.results_dir)
    if is_earlier(folder):
        valid = (
            f"another folder: the study in this one ({NAME}) was made under the earlier protocol, and is kept as it is"
        )
        raise SettingError("results_dir", settings.results_dir, valid)
    planned = plan(settings, claims, tasks, overrides, reporter)
    requests, unserved = probing.servable(probing.wanted(claims, settings, overrides))
    require_writable(settings.results_dir)
    many = f"{len(claims)} claim{'s' * (len(claims) > 1)}"
    reporter.say(f"{many} in {settings.results_dir}")
    for name, why in (planned.left_out | unserved).items():
        reporter.say(f"  left out: {name}: {why}")

    total = settings.seconds()
    probing.measure(requests, settings.results_dir, reporter, total and began + FOR_MEASURING * total)
    deadline = None if total is None else began + UNTIL_JUDGING * total
    study = _Study(settings, Grids(planned), command, train, reporter, deadline, planned.left_out | unserved)
    study.probes = probing.identities(requests)
    whole, todo = study.whole()
    _say_stale(todo, reporter)
    missing = _missing(whole, todo)
    seconds = _seconds(planned, settings, [entry for entry in missing if any(missing[entry])], reporter)
    prices = {entry: sum(missing[entry]) * seconds.get(entry, 0.0) for entry in planned.runs}
    if deadline is None or not planned.runs:
        study.announce(prices)
        study.make(folder)
    else:
        begun = [entry for entry in missing if not any(missing[entry][: FEWEST_TO_CHOOSE * len(entry.condition.rates)])]
        study.make_within(folder, planned, prices, begun, deadline)
    return read_study(folder)


@dataclass
class _Study:
    """A study under way."""

    settings: StudySettings
    grids: Grids
    command: str
    train: Train
    reporter: Reporter
    deadline: float | None
    left_out: dict[str, str]
    probes: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    not_attempted: list[dict[str, Any]] = field(default_factory=list)

    def manifest(self) -> Manifest:
        """The study as it stands."""
        plan = self.grids.plan
        positions = {entry: position for position, entry in enumerate(plan.runs)}
        return Manifest(
            command=self.command,
            settings=dataclasses.asdict(self.settings),
            looks=self.settings.looks,
            tasks={name: dataclasses.asdict(task) for name, task in plan.tasks.items()},
            claims=list(plan.protocol.claims),
            arms={
                claim: {arm: [positions[entry] for entry in entries] for arm, entries in arms.items()}
                for claim, arms in plan.protocol.arms.items()
            },
            entries=self.grids.named(),
            probes=self.probes,
            left_out=self.left_out,
            not_attempted=self.not_attempted,
            git_commit=provenance("").git_commit,
        )

    def make_within(
        self, folder: Path, planned: Plan, prices: Mapping[Entry, float], begun: Sequence[Entry], deadline: float
    ) -> None:
        """Go on with what is begun and train what fits the budget; if that takes less than estimated, attempt more."""
        jobs = jobs_at_a_time(planned.runs.values())
        began = time.monotonic()
        pace, kept, owed = 1.0, list(begun), sum(prices[entry] for entry in begun)
        for round_ in itertools.count():
            left = jobs * max(0.0, deadline - time.monotonic()) - owed
            now = {entry: pace * price for entry, price in prices.items()}
            attempted, self.not_attempted = budget.within(planned.protocol, now, left, kept)
            if round_ and len(attempted) == len(kept):
                return
            self.grids = Grids(planned.only(attempted), self.grids.rates)
            self.announce(now)
            self.make(folder)
            estimated = sum(prices[entry] for entry in attempted)
            if time.monotonic() > deadline or not estimated:
                return
            pace, kept, owed = max(0.05, jobs * (time.monotonic() - began) / estimated), attempted, 0.0

    def announce(self, prices: Mapping[Entry, float]) -> None:
        """Report how many runs there are at first and at most, and how long the missing ones take."""
        plan, looks = self.grids.plan, self.settings.looks
        if not plan.runs:
            return
        jobs = jobs_at_a_time(plan.runs.values())
        runs, todo = self.first_look()
        first = sum(prices[entry] for entry in plan.runs)
        line = f"  {len(runs)} runs for the first {looks[0]} pairs, {len(runs) - len(todo)} recorded already"
        if todo and first:
            taken = f"{_core_time(first)}, {_time(first / jobs)} with {jobs} at a time"
            most = f"; {_core_time(first * looks[-1] / looks[0])} if all went on to {looks[-1]} pairs"
            line += f": about {taken}{most * (len(looks) > 1 and len(todo) == len(runs))}"
        self.reporter.say(line)

    def first_look(self) -> tuple[dict[str, RunSettings], dict[str, RunSettings]]:
        """The runs of the first look, and those of them that are to be trained."""
        self.grids.require(self.settings.looks[0])
        runs = self.grids.in_order()
        return runs, find_missing(runs)

    def make(self, folder: Path) -> None:
        """Train look by look: first the range of rates grows, then the pairs of what is still open."""
        looks = self.settings.looks
        there = {
            entry: [*missing, True].index(True) // len(entry.condition.rates)
            for entry, missing in _missing(*self.whole()).items()
        }
        # The manifest lists what is recorded, so that a study that goes on and is stopped shows no less than before.
        for most in (FEWEST_TO_CHOOSE, looks[0]):  # ranges grow as they did when these were trained
            self.grids.seeds = {entry: min(most, seeds) for entry, seeds in there.items()}
            self._widen()
        for pairs in sorted({min(FEWEST_TO_CHOOSE, looks[0]), looks[0]}):
            if pairs > FEWEST_TO_CHOOSE and self.grids.plan.runs:
                self._hold()
            self.grids.require(pairs)
            if not self._complete(folder, f"{pairs} pairs"):
                return
        while len(looks) > 1 and (again := self.grids.deepen(read_study(folder).findings, looks)):
            self.reporter.say(f"  still open, so looked at again: {len(again)} comparisons")
            if not self._complete(folder, "more pairs"):
                return

    def whole(self) -> tuple[Grids, dict[str, RunSettings]]:
        """The first look at the initial rates of all entries, and the runs of it that are to be trained."""
        whole = Grids(self.grids.plan)
        whole.require(self.settings.looks[0])
        return whole, find_missing(whole.in_order())

    def _hold(self) -> None:
        """Leave what will not converge at the pairs it has, unless more of them are recorded already."""
        cut = self.grids.cut_short(recorded(self.grids.in_order()))
        hopeless = {entry for entry in cut if self.grids.seeds[entry] <= FEWEST_TO_CHOOSE}
        if held := self.grids.hold(hopeless):
            why = f"the cap on updates cut all runs at an arm's best rate, so they stay at {FEWEST_TO_CHOOSE} pairs"
            self.reporter.say(f"  {why}: {', '.join(held)}")

    def _complete(self, folder: Path, stage: str) -> bool:
        """Train what is missing, with wider ranges of rates if choices lie at an end; False if time ran out."""
        while self.grids.plan.runs:
            self._widen()
            self.manifest().write(folder)  # from here on a report can be made at any time
            missing = find_missing(self.grids.in_order())
            if not missing:
                return True
            if not self._train(stage, missing):
                return False
        self.manifest().write(folder)  # of claims that need no runs
        return True

    def _widen(self) -> None:
        """Let ranges of rates grow as far as what is recorded asks for."""
        while (runs := self.grids.in_order()) and (grown := self.grids.widen(recorded(runs))):
            names = ", ".join(dict.fromkeys(condition.task for condition in grown))
            self.reporter.say(f"  the best rate lies at the end of its range, which grows: {names}")

    def _train(self, stage: str, missing: Mapping[str, RunSettings]) -> bool:
        with (
            self.reporter.stage(stage, len(missing), "run") as bar,
            contextlib.closing(self.train(missing, bar)) as finished,
        ):
            for record in finished:
                bar.finished(record)
                if self.deadline is not None and time.monotonic() > self.deadline:
                    bar.note("the budget is spent: training ends here")
                    return False
        return True


def _missing(grids: Grids, todo: Mapping[str, RunSettings]) -> dict[Entry, list[bool]]:
    """Of each entry, whether its runs are among those to be trained, seed by seed."""
    return {entry: [run_id(run.config()) in todo for run in grids.of(entry)] for entry in grids.plan.runs}


def _say_stale(todo: Mapping[str, RunSettings], reporter: Reporter) -> None:
    """Say how many of the runs to be trained are recorded, made by other code."""
    if not todo or not len(there := recorded(todo)):
        return
    if stale := int((there["status"] != "failed").sum()):
        why = "other code of their cell or task made them, so they are trained again (stale=keep keeps them)"
        reporter.say(f"  {stale} recorded runs are stale: {why}")


def _seconds(
    planned: Plan, settings: StudySettings, entries: Sequence[Entry], reporter: Reporter
) -> dict[Entry, float]:
    """The seconds of one run of each entry; entries that differ only in size of data, or in start, take the same.

    Args:
        planned: what is trained.
        settings: of the study.
        entries: to time.
        reporter: is told the progress.
    """

    def kind(entry: Entry) -> Hashable:
        by_size = planned.tasks[entry.task].axis == "data.size"
        left_out = ("model.initialisation=", "model.forget_bias=", *(("data.size=",) if by_size else ()))
        return tuple(word for word in entry.overrides if not word.startswith(left_out))

    usual = {name: math.ceil(settings.updates * task.usual_updates) for name, task in planned.tasks.items()}
    kinds = {kind(entry): (planned.runs[entry], usual[entry.task]) for entry in entries}
    taken = budget.seconds_of(kinds, reporter)
    return {entry: taken[kind(entry)] for entry in entries}


def _core_time(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} core-hours" if seconds >= 3600 else f"{seconds / 60:.1f} core-minutes"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
