"""What a study trains: tasks with their scales and settings, and for each claim the models in each condition."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import yaml

from rnncompare.base import package_files
from rnncompare.base.errors import DataError, SettingError, require, require_known
from rnncompare.claims import Claim, load, names
from rnncompare.claims.scale import Scale

TASKS = package_files.folder("configs") / "study" / "task"


@dataclass(frozen=True, kw_only=True)
class StudyTask:
    """A task as studies train it.

    Attributes:
        name: of its file.
        scale: how it is scored, and which difference matters.
        overrides: settings of its runs, as on the command line of ``rnncompare.run``.
        axis: the setting that is varied: the training-set size, or a lag.
        values: of the axis, rising.
        usual: the value used if a claim asks for only one.
        rates: initial learning rates; the range grows if a choice lies at its end.
        min_updates: no run ends before this many.
        max_updates: a run that is still improving is cut after this many.
        usual_updates: what runs took in a pilot, for estimates of time.
        validate_every: updates between validations.
        target: the quality whose time is measured; None for none.
    """

    name: str
    scale: Scale
    overrides: tuple[str, ...]
    axis: str
    values: tuple[Any, ...]
    usual: Any
    rates: tuple[float, ...]
    min_updates: int
    max_updates: int
    usual_updates: int
    validate_every: int
    target: float | None = None

    @property
    def title(self) -> str:
        """What a reader calls it."""
        return self.scale.title

    @property
    def words(self) -> tuple[str, ...]:
        """The settings of its runs, with when they end."""
        return (
            *self.overrides,
            f"train.min_updates={self.min_updates}",
            f"train.max_updates={self.max_updates}",
            f"train.validate_every={self.validate_every}",
            f"train.settle={self.scale.settle:.6g}",
            "train.patience=null",
            "train.schedule=constant",
            f"train.target={'null' if self.target is None else self.target}",
        )

    def check(self, where: str) -> None:
        """Raise `SettingError` if it cannot be trained.

        Args:
            where: the file it comes from.
        """
        numbers = all(isinstance(rate, int | float) and rate > 0 for rate in self.rates)
        rising = numbers and self.rates and list(self.rates) == sorted(set(self.rates))
        require(bool(rising), f"{where}: rates", list(self.rates), "learning rates above 0, rising")
        known = self.target is None or self.scale.may_be(self.target)
        require(known, f"{where}: target", self.target, f"null, or {self.scale.valid}")
        require(self.usual in self.values, f"{where}: usual", self.usual, f"one of its values, {list(self.values)}")

    def select(self, which: str) -> tuple[Any, ...]:
        """The values for ``which``: smallest (two of them where there are more than three), usual, largest or all."""
        smallest = self.values[:2] if len(self.values) > 3 else self.values[:1]
        return {"smallest": smallest, "usual": (self.usual,), "largest": self.values[-1:], "all": self.values}[which]


@dataclass(frozen=True)
class Condition:
    """What all arms compared with each other share, including their learning rates.

    Attributes:
        task: the name of the study task.
        value: of the task's axis.
        size: settings that make the arms comparable.
        rates: initial learning rates.
        grows: whether rates are added if a choice lies at an end.
    """

    task: str
    value: Any
    size: tuple[str, ...]
    rates: tuple[float, ...]
    grows: bool


@dataclass(frozen=True)
class Entry:
    """One arm in one condition; its runs differ in their learning rate and seed.

    Attributes:
        condition: to which it belongs.
        overrides: all settings of its runs except seed and learning rate.
    """

    condition: Condition
    overrides: tuple[str, ...]

    @property
    def task(self) -> str:
        """The name of the study task."""
        return self.condition.task

    @property
    def value(self) -> Any:
        """Of the task's axis."""
        return self.condition.value


@dataclass(frozen=True)
class Protocol:
    """Everything a study trains, each entry once however many claims use it.

    Attributes:
        claims: to judge.
        arms: for each claim's name, its entries by arm.
        entries: with the smallest priority of the claims that use them.
    """

    claims: tuple[Claim, ...]
    arms: dict[str, dict[str, tuple[Entry, ...]]] = field(default_factory=dict)
    entries: dict[Entry, int] = field(default_factory=dict)


def task_names() -> list[str]:
    """The tasks that studies can train."""
    return sorted(path.stem for path in TASKS.glob("*.yaml"))


@functools.cache
def load_task(name: str) -> StudyTask:
    """The study task called ``name``.

    Raises:
        SettingError: there is none, or it cannot be judged, for example because it has no reference.
        DataError: its file does not hold a study task.
    """
    require(name in task_names(), "tasks", name, f"one of {', '.join(task_names())}")
    path = TASKS / f"{name}.yaml"
    try:
        return parse_task(name, yaml.safe_load(path.read_text(encoding="utf-8")))
    except SettingError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: not a study task: {' '.join(str(error).split())}") from error


def asked_for(claim: str) -> tuple[list[Claim], dict[str, StudyTask]]:
    """The claims of that name, several with commas, or ``all``, and their tasks; errors are those of loading them."""
    asked = [load(name) for name in claim.split(",") if name != "all"]
    claims = [load(name) for name in names()] if "all" in claim.split(",") else asked
    for one in claims:
        for name in one.tasks:
            valid = f"of {', '.join(task_names())}"
            require(name in task_names(), f"experiments/{one.name}/claim.yaml: tasks", name, valid)
    return claims, {name: load_task(name) for one in claims for name in one.tasks}


def parse_task(name: str, content: Mapping[str, Any]) -> StudyTask:
    """A study task from the plain values of a file.

    Raises:
        SettingError: it cannot be judged.
        TypeError, ValueError, KeyError: the values do not make a task.
    """
    where = f"configs/study/task/{name}.yaml"
    content = dict(content)
    own = [entry.name for entry in fields(StudyTask) if entry.name not in ("name", "scale")]
    require_known(where, content, [*(entry.name for entry in fields(Scale)), *own])
    valid = "a registered score in the metric's unit, without which the task cannot be judged"
    if "reference" not in content:
        raise SettingError(f"{where}: reference", None, valid)
    names = ("title", "kind", "metric", "reference", "margin", "real", "fixed_test")
    scale = Scale(
        **{key: content.pop(key) for key in names},
        solved=content.pop("solved", None),
        higher_is_better=content.pop("higher_is_better", False),
    )
    scale.check(where)
    lists: dict[str, Any] = {key: tuple(content.pop(key)) for key in ("overrides", "values", "rates")}
    task = StudyTask(name=name, scale=scale, **lists, **content)
    task.check(where)
    return task


def protocol(claims: Sequence[Claim], tasks: Mapping[str, StudyTask]) -> Protocol:
    """What to train for ``claims``.

    Args:
        claims: judged together.
        tasks: by name; tasks of a claim that are not among them (their data are not available) are left out.
    """
    plan = Protocol(tuple(claims))
    for claim in claims:
        plan.arms[claim.name] = {
            arm: tuple(_entries(claim, overrides, tasks)) for arm, overrides in claim.all_arms.items()
        }
        for entries in plan.arms[claim.name].values():
            for entry in entries:
                plan.entries[entry] = min(claim.priority, plan.entries.get(entry, claim.priority))
    return plan


def _entries(claim: Claim, overrides: Sequence[str], tasks: Mapping[str, StudyTask]) -> Iterator[Entry]:
    for name in claim.tasks:
        task = tasks.get(name)
        if task is None:
            continue
        for value in task.select(claim.values):
            words = (*task.words, f"{task.axis}={value}", *claim.size, *overrides)
            yield Entry(Condition(name, value, claim.size, claim.rates or task.rates, not claim.rates), words)
