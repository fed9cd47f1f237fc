"""Findings, tasks and models in words and figures that a student understands."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rnncompare.base.wording import counted
from rnncompare.claims.claim import sources
from rnncompare.claims.finding import Finding, TaskFinding
from rnncompare.statistics import Interval
from rnncompare.studies.verdict_table import HALVES, p_value

SIZES = ("data.size", "data.train_examples")  # axes of training-set size
EARLIER_SOURCES = {  # keys under the earlier protocol
    "S1": "textbook",
    "S2": "question_and_answers",
    "S3": "sinhal",
    "S4": "blog",
    "S5": "srivatsavaya_2023",
}
MEANING = {
    "supported": "the whole interval lies on the claim's side of the margin",
    "refuted": "the whole interval lies where the claim is wrong",
    "equivalent": "the 90 % interval lies within the margin on both sides: what difference there is does not matter",
    "depends on the task": "one model is better for sure on some tasks, and the other on others",
    "inconclusive": "the interval is too wide to say; more pairs, or more tasks, would narrow it",
    "unconverged": "the budget cut more than a fifth of the runs of an arm, so what training ends with is not known",
    "uninformative": "the tasks were too hard or too easy for both models to tell them apart",
    "not measured": "there are no paired runs for it in this study",
    "reported": "counts and figures without a rule that would make them a verdict",
}
ON_MAP = [verdict for verdict in MEANING if verdict not in ("depends on the task", "reported")]
STARTS = {
    "torch": "PyTorch's initialisation",
    "forget_bias_1": "a forget bias of 1",
    "keras": "Keras's initialisation",
}


def figure(value: float | None) -> str:
    """A number to three or four digits; a dash if unknown."""
    if value is None or value != value:
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    size = abs(value)
    text = f"{value:,.0f}" if size >= 1000 else f"{value:.3g}" if size >= 1e-3 or size == 0 else f"{value:.1e}"
    return text.replace("-", "−")


def signed(value: float | None) -> str:
    """A number with its sign."""
    text = figure(value)
    return f"+{text}" if value is not None and value > 0 else text


def interval(estimate: Interval | None, sign: bool = True, scale: float = 1.0) -> str:
    """An estimate with its interval, such as ``+0.12 [+0.05, +0.19]``, with the decimals that the interval warrants."""
    if estimate is None or estimate.mean != estimate.mean:
        return "–"
    mean, low, high = (scale * value for value in (estimate.mean, estimate.low, estimate.high))
    if low != low:
        only = f"no interval: {counted(estimate.n, 'pair')}"
        return f"{signed(mean) if sign else figure(mean)} ({only})"
    width = high - low
    digits = min(max(2 - math.floor(math.log10(width / 2)), 0), 6) if 0 < width < math.inf else None
    shown = [_fixed(value, digits, sign) for value in (mean, low, high)]
    return f"{shown[0]} [{shown[1]}, {shown[2]}]"


def _fixed(value: float, digits: int | None, sign: bool) -> str:
    """A number with this many decimals; as in `figure` if None."""
    if digits is None or math.isinf(value):
        return signed(value) if sign else figure(value)
    value = round(value, digits) + 0.0  # no minus before a zero
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return text.replace("-", "−")


def effect(finding: Finding) -> str:
    """The effect in its unit; for claims that code decides, how many checks hold."""
    asked = [check for check in finding.checks if check.holds is not None]
    if asked:
        return f"{sum(bool(check.holds) for check in asked)} of {len(asked)} checks hold"
    return interval(finding.effect)


def factor(seen: Interval | None, unit: str) -> str:
    """An effect, in its unit, as a factor if that is a logarithm, else empty."""
    base = math.e if "log ratio" in unit else 2.0 if "octave" in unit else None
    if seen is None or base is None or seen.mean != seen.mean:
        return ""
    ends = "" if seen.low != seen.low else f" [{_power(base, seen.low)}, {_power(base, seen.high)}]"
    return f"a factor of {_power(base, seen.mean)}{ends}"


def finding_factor(finding: Finding) -> str:
    """`factor` of the effect of a finding, which over tasks is in margins."""
    general, units = finding.general, {(task.unit, task.margin) for task in finding.tasks}
    if general is None or not general.margin or len(units) > 1:
        return factor(finding.effect, finding.unit)
    (unit, margin), seen = units.pop(), general.effect
    return factor(
        dataclasses.replace(seen, mean=margin * seen.mean, low=margin * seen.low, high=margin * seen.high), unit
    )


def _power(base: float, exponent: float) -> str:
    try:
        return figure(base**exponent)
    except OverflowError:
        return "∞"


def p_values(p: float, adjusted: float) -> str:
    """A p-value, and the adjusted one."""
    if p != p:
        return "–"
    return f"{p_value(p)} ({p_value(adjusted)})" if adjusted == adjusted else p_value(p)


def percent(share: float) -> str:
    """A share in per cent."""
    return "–" if share != share else f"{share:.0%}"


def comparison(finding: Finding) -> str:
    """The arms compared, and from which start."""
    if not finding.first:
        return "decided by code"
    start = f", {STARTS.get(finding.start, finding.start)}" if finding.start else ""
    return f"{finding.first} against {finding.second}{start}"


def tally(verdicts: Iterable[str]) -> str:
    """How many of each verdict there are, the most frequent first."""
    return ", ".join(f"{count} {verdict}" for verdict, count in Counter(verdicts).most_common())


def on_claim(task: TaskFinding) -> str:
    """The task's verdict on the claim, or why it has none."""
    return task.on_claim if task.counts else "inconclusive" if task.verdict == "cannot tell" else task.verdict


def on_task(finding: Finding, task: TaskFinding) -> str:
    """The verdict on a task with the names of the arms; empty if its usual words are enough."""
    return {"better": f"{finding.first} better", "worse": f"{finding.second} better"}.get(task.verdict, "")


def halves(task: TaskFinding) -> str:
    """Whether the two halves of the seeds, each judged alone, agree."""
    if task.halves is None:
        return "too few seeds to halve"
    effects = " and ".join(map(signed, task.halves))
    return f"{HALVES[task.halves_agree] or 'no verdict to agree on'}: {effects}"


def rule(finding: Finding) -> str:
    """What must hold for the claim, in a sentence."""
    margins = {task.margin for task in finding.tasks}
    several = "the margin of each task"
    margin = f"the margin, {figure(margins.pop())} {finding.tasks[0].unit}".strip() if len(margins) == 1 else several
    if finding.claim.rule == "beats":
        return f"{finding.first} has to do better than {finding.second} by more than {margin}."
    if finding.claim.rule == "equivalent":
        return f"{finding.first} and {finding.second} have to differ by less than {margin}, either way."
    if finding.claim.rule == "exact":
        return "Decided by code and algebra, not by training: there is no margin."
    return "Figures are reported; no verdict is given."


def band(finding: Finding) -> str:
    """How to read a figure of effects around a shaded margin, for the claim's rule."""
    within, right = ("", ", as is claimed") if finding.claim.rule == "beats" else (", as is claimed", "")
    return (
        f"within the shaded band the difference does not matter{within}; right of it {finding.first} is better by more "
        f"than that{right}, left of it {finding.second}"
    )


def source(said_by: str) -> str:
    """A source in words, by its key."""
    key = EARLIER_SOURCES.get(said_by, said_by)
    known = sources().get(key)
    if known is None:
        return said_by
    return ", ".join(str(known[name]) for name in ("author", "title", "year") if name in known)


@dataclass(frozen=True)
class TaskName:
    """The title of a task, and what it varies; empty if nothing."""

    title: str
    axis: str

    def condition(self, value: object) -> str:
        """A value with the name of its axis."""
        return f"{self.axis} {value}".strip()


def task_names(tasks: Mapping[str, Mapping[str, Any]]) -> dict[str, TaskName]:
    """The names of a study's tasks, from its manifest."""
    return {
        name: TaskName(
            title=str(task.get("scale", {}).get("title") or task.get("title") or name),
            axis=axis_name(str(task.get("axis", ""))),
        )
        for name, task in tasks.items()
    }


def axis_name(axis: str) -> str:
    """What is varied, in words."""
    return "training examples" if axis in SIZES else axis.rpartition(".")[2].replace("_", " ")


def model_name(overrides: Iterable[str]) -> str:
    """A model by its settings, such as ``lstm, forget bias 1, hidden size 64``."""
    words = [word.partition("=") for word in overrides]
    return ", ".join(v if k == "model" else f"{k.rpartition('.')[2].replace('_', ' ')} {v}" for k, _, v in words)
