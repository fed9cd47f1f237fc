"""A claim: what is said, who says it, and the measurement that decides it, fixed before any run is made."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import yaml

from rnncompare.base import package_files
from rnncompare.base.errors import DataError, SettingError, require, require_known
from rnncompare.claims import measures

STARTS: dict[str, str] = {
    "torch": "",
    "forget_bias_1": "model.forget_bias=1",
    "keras": "model.initialisation=keras",
}


@dataclass(frozen=True)
class Pair:
    """Two arms to compare, the claimed better one first, from one start."""

    start: str
    first: str
    second: str


def has_forget_gate(overrides: Sequence[str]) -> bool:
    """Whether an arm's model is an LSTM, so that a forget bias changes it."""
    return any(word.startswith(("model=lstm", "model=torch_lstm")) for word in overrides)


def expanded(
    arms: Mapping[str, tuple[str, ...]], compare: Sequence[tuple[str, str]], starts: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], list[Pair]]:
    """All arms of a claim, and the pairs to judge.

    A forget bias changes only the LSTMs; Keras's start changes every gated arm, because users of Keras get it for both.
    A pair that a start does not change is not judged again from there.

    Args:
        arms: settings by name, as the claim has them.
        compare: pairs of names.
        starts: names of `STARTS`; none for a claim that takes its arms as they are.
    """
    if not starts:
        return dict(arms), [Pair("", first, second) for first, second in compare]
    every: dict[str, tuple[str, ...]] = {}
    pairs: list[Pair] = []
    for start in starts:
        for first, second in compare:
            (one, its), (other, those) = (_from(start, arm, arms[arm]) for arm in (first, second))
            if start == "torch" or (one, other) != (first, second):
                pairs.append(Pair(start, one, other))
                every |= {one: its, other: those}
    return every, pairs


def _from(start: str, arm: str, overrides: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """An arm's name and settings from a start."""
    plain = any(word.startswith(("model=rnn", "model=torch_rnn")) for word in overrides)
    changes = (start == "keras" and not plain) or (start == "forget_bias_1" and has_forget_gate(overrides))
    return (f"{arm}_{start}", (*overrides, STARTS[start])) if changes else (arm, overrides)


ClaimRule = Literal["exact", "beats", "equivalent", "reported"]
Values = Literal["smallest", "usual", "largest", "all"]

EXPERIMENTS = package_files.folder("experiments")
FEWEST_TASKS = 3


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One claim, as its ``claim.yaml`` has it.

    Attributes:
        name: of its folder.
        statement: in plain words, true or false.
        said_by: keys of ``experiments/sources.yaml``.
        expected: what the literature leads one to expect.
        rule: ``beats`` (the first of a pair beats the second by more than the margin), ``equivalent``, ``exact``
            (decided by code, without a margin) or ``reported`` (no verdict).
        measures: names of measures in `rnncompare.claims.measures`; each gives a row of its own.
        margins: for each measure that does not use the tasks' own margins, the difference that would matter.
        arms: settings of the models compared, by the claim's names for them.
        compare: pairs of arms; the claim says that the first is the better one.
        starts: names of `STARTS`; it is judged from each. None for the arms as they are.
        size: settings that make the arms comparable, such as ``model.hidden_size=64``.
        rates: fixed learning rates, for a claim about the rates themselves; none for the tasks' own, whose range grows
            until the best lies inside.
        fairness: what is made equal, in words.
        tasks: study tasks that it is measured on; none for a claim that needs no training.
        values: which of the tasks' values (their training-set sizes, or lags): one of `Values`.
        general: whether it is about tasks in general, so that its tasks are a sample.
        foreseen: how a task was chosen whose outcome could be foreseen, if one was; verdicts are suggestive then.
        priority: claims of a smaller number are trained first.
        options: for a claim that rests on a probe, which one (``probe``) and its settings.
    """

    name: str
    statement: str
    said_by: tuple[str, ...]
    expected: str
    rule: ClaimRule
    measures: tuple[str, ...]
    margins: dict[str, float] = field(default_factory=dict)
    arms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    compare: tuple[tuple[str, str], ...] = ()
    starts: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()
    fairness: str = ""
    tasks: tuple[str, ...] = ()
    values: Values = "usual"
    general: bool = False
    foreseen: str = ""
    priority: int = 9
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def all_arms(self) -> dict[str, tuple[str, ...]]:
        """The settings of each arm from each start, without those of `size`."""
        return expanded(self.arms, self.compare, self.starts)[0]

    @property
    def pairs(self) -> list[Pair]:
        """The pairs that are judged."""
        return expanded(self.arms, self.compare, self.starts)[1]

    def check(self) -> None:
        """Raise `SettingError` if it cannot be judged."""
        where = f"experiments/{self.name}/claim.yaml"
        for name, value, choices in (
            ("rule", self.rule, get_args(ClaimRule)),
            ("values", self.values, get_args(Values)),
        ):
            require(value in choices, f"{where}: {name}", value, f"one of {', '.join(choices)}")
        for key in self.said_by:
            valid = f"of {', '.join(sources())}; others go into experiments/sources.yaml"
            require(key in sources(), f"{where}: said_by", key, valid)
        for start in self.starts:
            require(start in STARTS, f"{where}: starts", start, f"of {', '.join(STARTS)}")
        judged = self.rule in ("beats", "equivalent")
        require(not judged or bool(self.compare), f"{where}: compare", self.compare, "pairs of arms")
        known = measures.names()
        for measure in self.measures if judged else ():
            require(measure in known, f"{where}: measures", measure, f"of {', '.join(known)}")
            self._check_margin(measure, where)
        for pair in self.compare:
            named = len(set(pair)) == 2 and set(pair) <= set(self.arms)
            require(named, f"{where}: compare", list(pair), f"two of {', '.join(self.arms)}")
            judged_from = expanded(self.arms, [pair], self.starts)[1]
            valid = f"torch, or one that changes an arm of {', '.join(pair)}"
            require(bool(judged_from), f"{where}: starts", list(self.starts), valid)
        # a probe's shapes take the place of tasks, and their number is the study's
        if self.general and "shapes" not in self.options:
            few = f"at least {FEWEST_TASKS} tasks, since the claim is general"
            require(len(self.tasks) >= FEWEST_TASKS, f"{where}: tasks", list(self.tasks), few)

    def _check_margin(self, measure: str, where: str) -> None:
        margin = self.margins.get(measure)
        if measures.load(measure).task_margin:
            require(margin is None, f"{where}: margin of {measure}", margin, "none: the tasks' own margins hold")
            return
        valid = "a number above 0" if self.rule == "equivalent" else "a number from 0"
        enough = margin is not None and (margin > 0 or (self.rule == "beats" and margin == 0))
        require(enough, f"{where}: margin of {measure}", margin, valid)


@functools.cache
def sources() -> dict[str, dict[str, object]]:
    """What ``experiments/sources.yaml`` says of each source, by its key."""
    loaded: dict[str, dict[str, object]] = yaml.safe_load((EXPERIMENTS / "sources.yaml").read_text(encoding="utf-8"))
    return loaded


def names() -> list[str]:
    """The names of all claims: folders of ``experiments``."""
    return sorted(path.parent.name for path in EXPERIMENTS.glob("*/claim.yaml"))


def load(name: str) -> Claim:
    """The claim called ``name``.

    Raises:
        SettingError: there is none, or it cannot be judged.
        DataError: its file does not hold a claim.
    """
    require(name in names(), "claim", name, f"all, or one of {', '.join(names())}")
    path = EXPERIMENTS / name / "claim.yaml"
    known = [entry.name for entry in fields(Claim) if entry.name != "name"]
    try:
        content = {**yaml.safe_load(path.read_text(encoding="utf-8"))}
        require_known(path, content, [*known, "margin"])
        claim = parse({"name": name, **content})
    except SettingError:
        raise
    except (TypeError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{path}: not a claim: {' '.join(str(error).split())}") from error
    claim.check()
    return claim


def parse(values: dict[str, Any]) -> Claim:
    """A claim from the plain values of a file.

    Raises:
        TypeError, ValueError: they do not make a claim.
    """
    changed: dict[str, Any] = {
        key: tuple(values[key]) for key in ("said_by", "measures", "tasks", "starts", "size", "rates") if key in values
    }
    if "margin" in values:
        values = dict(values)
        changed["margins"] = dict.fromkeys(values["measures"], float(values.pop("margin")))
    if "arms" in values:
        changed["arms"] = {arm: tuple(overrides) for arm, overrides in values["arms"].items()}
    if "compare" in values:
        changed["compare"] = tuple((first, second) for first, second in values["compare"])
    return Claim(**{**values, **changed})
