"""What a study will train: every entry's settings composed and checked, without tasks whose data are not available."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.base.isolation import call_isolated
from rnncompare.claims import Claim
from rnncompare.composition.compose import compose, shortened
from rnncompare.composition.override_allowlist import quoted
from rnncompare.studies.protocol import Entry, Protocol, StudyTask, protocol
from rnncompare.studies.reporter import Reporter
from rnncompare.studies.study_settings import StudySettings
from rnncompare.sweep import checked
from rnncompare.tasks.contract import Task
from rnncompare.training.settings import RunSettings


@dataclass(frozen=True)
class Plan:
    """What a study will train.

    Attributes:
        protocol: the entries of each claim.
        tasks: by name, those whose data are there.
        runs: the settings of each entry, except seed and learning rate.
        left_out: tasks whose data are not available, with the reason.
    """

    protocol: Protocol
    tasks: dict[str, StudyTask]
    runs: dict[Entry, RunSettings]
    left_out: dict[str, str]

    def shortened(self, share: float) -> Plan:
        """The same plan with a share of the updates."""
        if share == 1:
            return self
        runs = {entry: shortened(settings, share) for entry, settings in self.runs.items()}
        return dataclasses.replace(self, runs=runs)

    def only(self, kept: Collection[Entry]) -> Plan:
        """The same plan with only the entries in ``kept``."""
        arms = {
            claim: {arm: tuple(entry for entry in entries if entry in kept) for arm, entries in own.items()}
            for claim, own in self.protocol.arms.items()
        }
        entries = {entry: priority for entry, priority in self.protocol.entries.items() if entry in kept}
        shrunk = dataclasses.replace(self.protocol, arms=arms, entries=entries)
        return dataclasses.replace(self, protocol=shrunk, runs={entry: self.runs[entry] for entry in entries})


def plan(
    settings: StudySettings,
    claims: Sequence[Claim],
    tasks: Mapping[str, StudyTask],
    overrides: Sequence[str],
    reporter: Reporter,
) -> Plan:
    """The plan of a study.

    Args:
        settings: of the study.
        claims: to judge.
        tasks: those that the claims name, by name.
        overrides: settings that all runs share.
        reporter: is told how a user's own data were understood.

    Raises:
        SettingError: a run cannot be made.
        DataError: no task's data are available.
    """
    wanted = protocol(claims, tasks)
    composed = _composed(wanted, [*overrides, f"results_dir={quoted(settings.results_dir)}"])
    runs: dict[Entry, RunSettings] = {}
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(entry.task for entry in wanted.entries):
        entries = [entry for entry in wanted.entries if entry.task == name]
        try:
            runs |= zip(entries, checked([composed[entry] for entry in entries], reporter.say), strict=True)
        except DataError as error:
            left_out[name] = str(error)
    if left_out and not runs:
        raise DataError("\n".join(left_out.values()))
    reported = call_isolated(_metrics, {entry.task: settings.data for entry, settings in runs.items()})
    for name, metric in reported.items():
        for setting, value in metric.items():
            said, where = getattr(tasks[name].scale, setting), f"configs/study/task/{name}.yaml: {setting}"
            require(said == value, where, said, f"{value}, as its runs report")
    present = {name: task for name, task in tasks.items() if name not in left_out}
    return Plan(protocol(claims, present), present, runs, left_out).shortened(settings.updates)


def _composed(wanted: Protocol, shared: Sequence[str]) -> dict[Entry, RunSettings]:
    """The settings of each entry's runs; an error in an arm or a size names the claim that has it."""
    begun: list[Entry] = []

    def requests() -> Iterator[list[str]]:
        for entry in wanted.entries:
            begun.append(entry)
            yield [*entry.overrides, *shared]

    try:
        return dict(zip(wanted.entries, compose(requests()), strict=True))
    except (SettingError, DataError) as error:
        compose([shared])  # raises what is no claim's fault
        wrong = begun[-1]
        claim, arm = next((claim, arm) for claim, arms in wanted.arms.items() for arm in arms if wrong in arms[arm])
        raise DataError(f"experiments/{claim}/claim.yaml, arm {arm} on {wrong.task}: {error}") from error


def _metrics(tasks: Mapping[str, Task], send: Callable[[object], None]) -> dict[str, dict[str, Any]]:  # noqa: ARG001
    """The metric that runs on each task report, and its direction."""
    objectives = {name: dataclasses.replace(task, size=1).load(0).objective for name, task in tasks.items()}
    return {
        name: {key: getattr(one, key) for key in ("metric", "higher_is_better")} for name, one in objectives.items()
    }
