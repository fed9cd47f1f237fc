"""What a study trains: tasks with their settings, and for each claim the models in each condition."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from rnncompare.base.errors import require
from rnncompare.claims import Claim
from rnncompare.composition.schemas import CONFIGS

TASKS = CONFIGS / "study" / "task"


@dataclass(frozen=True, kw_only=True)
class StudyTask:
    """A task as studies train it.

    Attributes:
        name: of its file.
        title: what a reader calls it.
        overrides: settings of its runs, as on the command line of ``rnncompare.run``.
        axis: the setting that is varied: the training-set size, or a lag.
        values: of the axis, rising.
        usual: the value used where a claim asks for one only.
        learning_rate: bounds of the learning rates that are tried, log-uniformly.
    """

    name: str
    title: str
    overrides: tuple[str, ...]
    axis: str
    values: tuple[Any, ...]
    usual: Any
    learning_rate: tuple[float, float]

    def select(self, which: str) -> tuple[Any, ...]:
        """The values for ``which``: smallest (two of them where there are more than three), usual, largest or all."""
        smallest = self.values[:2] if len(self.values) > 3 else self.values[:1]
        return {"smallest": smallest, "usual": (self.usual,), "largest": self.values[-1:], "all": self.values}[which]


@dataclass(frozen=True)
class Entry:
    """One model in one condition: its runs differ in their seed (and, in tuning, their learning rate).

    Attributes:
        task: the name of the study task.
        value: of the task's axis.
        overrides: all settings of its runs but seed and learning rate.
        learning_rate: bounds for tuning, or for drawing where `tuned` is false.
        tuned: whether the learning rate is chosen by trials, not drawn for each pair.
    """

    task: str
    value: Any
    overrides: tuple[str, ...]
    learning_rate: tuple[float, float]
    tuned: bool = True


@dataclass(frozen=True)
class Protocol:
    """All that a study trains, each entry once however many claims use it.

    Attributes:
        claims: what is to be judged.
        arms: for each claim's name, its entries by arm.
        pairs: evaluation seeds of each entry.
    """

    claims: tuple[Claim, ...]
    arms: dict[str, dict[str, tuple[Entry, ...]]] = field(default_factory=dict)
    pairs: dict[Entry, int] = field(default_factory=dict)

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self.pairs)


def task_names() -> list[str]:
    """The tasks that studies can train."""
    return sorted(path.stem for path in TASKS.glob("*.yaml"))


@functools.cache
def load_task(name: str) -> StudyTask:
    """The study task called ``name``.

    Raises:
        SettingError: there is none.
    """
    require(name in task_names(), "tasks", name, f"one of {', '.join(task_names())}")
    content = yaml.safe_load((TASKS / f"{name}.yaml").read_text(encoding="utf-8"))
    low, high = content.pop("learning_rate")
    overrides, values = tuple(content.pop("overrides")), tuple(content.pop("values"))
    return StudyTask(name=name, overrides=overrides, values=values, learning_rate=(float(low), float(high)), **content)


def protocol(claims: Sequence[Claim], tasks: Mapping[str, StudyTask], pairs: int, more_pairs: int) -> Protocol:
    """What is to be trained for ``claims``.

    Args:
        claims: to be judged together.
        tasks: by name; those of a claim that are not there (their data cannot be had) are left out.
        pairs: evaluation seeds of a claim.
        more_pairs: evaluation seeds of a claim that needs more.
    """
    plan = Protocol(tuple(claims))
    for claim in claims:
        wanted = more_pairs if claim.more_pairs else pairs
        plan.arms[claim.name] = {arm: tuple(_entries(claim, overrides, tasks)) for arm, overrides in claim.arms.items()}
        for entries in plan.arms[claim.name].values():
            for entry in entries:
                plan.pairs[entry] = max(wanted, plan.pairs.get(entry, 0))
    return plan


def _entries(claim: Claim, overrides: Sequence[str], tasks: Mapping[str, StudyTask]) -> Iterator[Entry]:
    for name in claim.tasks:
        task = tasks.get(name)
        if task is None:
            continue
        for value in task.select(claim.values):
            yield Entry(
                task=name,
                value=value,
                overrides=(*task.overrides, f"{task.axis}={value}", *overrides),
                learning_rate=claim.random_learning_rate or task.learning_rate,
                tuned=claim.random_learning_rate is None,
            )
