"""What a study will train: every entry's settings composed and checked, tasks whose data cannot be had left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rnncompare.base.errors import DataError
from rnncompare.claims import Claim
from rnncompare.composition.compose import compose, shortened
from rnncompare.composition.override_allowlist import quoted
from rnncompare.studies.cost import Effort
from rnncompare.studies.protocol import Entry, Protocol, StudyTask, protocol
from rnncompare.studies.settings import StudySettings
from rnncompare.sweep import checked
from rnncompare.training.settings import RunSettings


@dataclass(frozen=True)
class Plan:
    """What a study will train.

    Attributes:
        protocol: the entries of each claim.
        runs: the settings of each entry, but for seed and learning rate.
        left_out: tasks whose data cannot be had, with why.
    """

    protocol: Protocol
    runs: dict[Entry, RunSettings]
    left_out: dict[str, str]

    def shortened(self, share: float) -> Plan:
        """The same with a share of the updates."""
        runs = {entry: shortened(settings, share) for entry, settings in self.runs.items()}
        return Plan(self.protocol, runs, self.left_out)

    def within(self, effort: Effort) -> Plan:
        """The same with the pairs and the share of the updates that a budget allows."""
        pairs = dict.fromkeys(self.protocol.pairs, effort.pairs)
        return Plan(dataclasses.replace(self.protocol, pairs=pairs), self.runs, self.left_out).shortened(effort.updates)


def plan(
    settings: StudySettings, claims: Sequence[Claim], tasks: Mapping[str, StudyTask], overrides: Sequence[str]
) -> Plan:
    """The plan of a study.

    Args:
        settings: how thoroughly.
        claims: to be judged.
        tasks: that the claims name, by name.
        overrides: settings that all runs share.

    Raises:
        SettingError: a run cannot be made.
        DataError: no task's data can be had.
    """
    wanted = protocol(claims, tasks, settings.pairs, settings.more_pairs)
    shared = [*overrides, f"results_dir={quoted(settings.results_dir)}"]
    composed = dict(zip(wanted.entries, compose([*entry.overrides, *shared] for entry in wanted.entries), strict=True))
    runs: dict[Entry, RunSettings] = {}
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(entry.task for entry in wanted.entries):
        entries = [entry for entry in wanted.entries if entry.task == name]
        try:
            runs |= zip(entries, checked([composed[entry] for entry in entries], print), strict=True)
        except DataError as error:
            left_out[name] = str(error)
    if left_out and not runs:
        raise DataError("\n".join(left_out.values()))
    if left_out:
        present = {name: task for name, task in tasks.items() if name not in left_out}
        wanted = protocol(claims, present, settings.pairs, settings.more_pairs)
    return Plan(wanted, runs, left_out).shortened(settings.updates)
