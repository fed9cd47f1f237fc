"""The findings on a claim: one for each comparison, and within it one for each task."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.claims.claim import Claim
    from rnncompare.claims.exact_checks import Check
    from rnncompare.statistics import Interval

TaskVerdict = Literal[
    "better",
    "worse",
    "no difference that matters",
    "cannot tell",
    "unconverged",
    "uninformative",
    "not measured",
]
ClaimVerdict = Literal[
    "supported",
    "refuted",
    "equivalent",
    "depends on the task",
    "inconclusive",
    "unconverged",
    "uninformative",
    "not measured",
    "reported",
]

Strength = Literal["", "suggestive", "holds"]

SETTLED: tuple[ClaimVerdict, ...] = ("supported", "refuted", "equivalent", "depends on the task")


@dataclass(frozen=True, kw_only=True)
class TaskFinding:
    """One comparison on one task (or at one shape, where steps are timed).

    Each arm's learning rate is chosen on one half of the seeds and judged on the other, over all splits, so every
    interval here includes the luck of tuning.

    Attributes:
        task: the study task's name, or the shape of a measurement.
        title: what a reader calls it.
        real: whether its data are real; None for a shape.
        verdict: of the first arm against the second. *better* and *worse* need a difference beyond the margin.
        on_claim: the task's verdict on the claim: ``supported``, ``refuted``, ``equivalent`` or ``inconclusive``. Where
            the second arm is so near the optimum that nothing could be better by the margin, that the first is better
            is refuted only if it is surely worse.
        unit: of the effect, the margin and the scores.
        margin: the difference that matters on this task.
        effect: the first arm less the second, with the interval that the verdict rests on (95 % at a single look).
        narrow: the same with the interval of the two one-sided tests of equivalence (90 % at a single look).
        p: of the decision made; comparable to 0.05, whatever the number of looks.
        p_on_claim: the same for ``on_claim``.
        direction: 1 if the difference is surely above the margin, -1 if surely below minus the margin, else 0.
        direction_p: p of a difference beyond the margin on either side.
        standard_error: of the effect, seeds and tuning together.
        seeds: pairs that it rests on.
        look: which of the planned looks this was, from 1; 0 where there was a single one.
        first: mean score of the first arm with its interval.
        second: the same for the second arm.
        cut: share of the runs at the chosen rates that the budget cut, ``(first arm, second arm)``.
        diverged: the same for runs that diverged, at all rates.
        test_error: standard error from the fixed test set, included in the interval; None if it is not, see ``notes``.
        halves: the effect on each half of the seeds (even and odd), judged separately.
        halves_agree: whether both halves point the same way as the verdict; None if there are too few seeds to tell.
        halves_on_claim: the same for ``on_claim``.
        at_optimum: whether both arms are at the optimum.
        power: chance that this many pairs find a difference of twice the margin, given the spread seen.
        wanted: total pairs that would likely settle it; None if it is settled or unknown.
        conditions: a row per value of the task's axis: ``value``, ``first``, ``second`` (mean scores), ``effect``,
            ``low``, ``high``, ``cut_first``, ``cut_second``, ``seeds``.
        pairs: a row per value and seed: ``value``, ``seed``, ``first``, ``second``, ``difference``, each score the mean
            over the splits in which that seed was judged.
        rates: a row per arm, value and learning rate: ``arm``, ``value``, ``rate``, ``validation``, ``score`` (means
            over seeds), ``chosen`` (share of the splits that chose it), ``cut``, ``diverged`` (shares), ``edge``
            (whether the whole set of seeds chooses it and it lies at the end of the grid).
        trials: what tuning is worth, a row per arm, value and number of trials: ``arm``, ``value``, ``trials``,
            ``score`` (expected of the best by validation among that many of the arm's runs, each with a seed and one of
            the rates, drawn at random).
        courses: the difference over the course of training, by what is spent (``updates``, ``FLOPs``, ``seconds``):
            ``spent``, ``effect``, ``low``, ``high`` (at one budget named beforehand), ``band_low``, ``band_high`` (over
            all budgets), in the unit of the task's metric; empty where the measure is not a quality.
        by_margin: the verdict as a function of the margin, a row per step: ``margin`` (where it starts), ``verdict``.
        notes: what a reader must also know.
    """

    task: str
    title: str
    verdict: TaskVerdict
    unit: str
    margin: float
    real: bool | None = None
    on_claim: str = "inconclusive"
    effect: Interval | None = None
    narrow: Interval | None = None
    p: float = math.nan
    p_on_claim: float = math.nan
    direction: int = 0
    direction_p: float = math.nan
    standard_error: float = math.nan
    seeds: int = 0
    look: int = 0
    first: Interval | None = None
    second: Interval | None = None
    cut: tuple[float, float] = (math.nan, math.nan)
    diverged: tuple[float, float] = (math.nan, math.nan)
    test_error: float | None = None
    halves: tuple[float, float] | None = None
    halves_agree: bool | None = None
    halves_on_claim: bool | None = None
    at_optimum: bool = False
    power: float = math.nan
    wanted: int | None = None
    conditions: pd.DataFrame | None = None
    pairs: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None
    trials: pd.DataFrame | None = None
    courses: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    by_margin: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it takes part in the verdict over tasks."""
        return self.effect is not None and self.verdict not in ("unconverged", "uninformative", "not measured")


@dataclass(frozen=True, kw_only=True)
class General:
    """A comparison over tasks, taken as a sample of tasks, in margins of each, or in their unit where the margin is 0.

    Attributes:
        effect: mean over tasks with the interval that the verdict rests on (Student's over tasks; 95 % at
            a single look).
        narrow: the same with the interval of the two one-sided tests (90 % at a single look).
        new_task: the interval in which the effect on one further task is expected.
        tau: standard deviation of the true effects between tasks.
        i_squared: share of the variance that is between tasks, not within them.
        tasks: how many took part.
        median: of the tasks' effects.
        leave_one_out: a row per task left out: ``task``, ``effect``, ``low``, ``high``, ``verdict``.
        margin: 1, or 0.
    """

    effect: Interval
    narrow: Interval
    new_task: Interval
    tau: float
    i_squared: float
    tasks: int
    median: float
    leave_one_out: pd.DataFrame
    margin: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison of a claim, judged: a row of the verdict table.

    Attributes:
        claim: what was claimed.
        measure: by which measure it was judged.
        start: of the arms: ``torch``, ``forget_bias_1`` or ``keras``; empty where the claim names none.
        first: the arm that is claimed to be better.
        second: the arm that it is compared with.
        verdict: on the claim.
        tasks: the finding on each task, in the claim's order.
        general: the tasks as a sample, for a general claim with enough tasks that count; else None.
        p: of the decision made; for a claim about each of its tasks, the largest over them, or Holm's smallest where
            one of them refutes it.
        p_adjusted: Holm's, over all findings of a study that were tested, settled or not.
        strength: ``holds`` if the verdict also stands with the family's adjustment (starred in tables), ``suggestive``
            if it stands only alone, empty if nothing was decided.
        halves_agree: whether the two halves of the seeds agree on the verdict; None if that cannot be told.
        unit: of `effect`: margins of each task where it is over tasks.
        checks: those of a claim that code decides.
        settle: what would settle it, if it is open.
        notes: what a reader must also know.
    """

    claim: Claim
    measure: str
    first: str
    second: str
    verdict: ClaimVerdict
    start: str = ""
    tasks: tuple[TaskFinding, ...] = ()
    general: General | None = None
    p: float = math.nan
    p_adjusted: float = math.nan
    strength: Strength = ""
    halves_agree: bool | None = None
    unit: str = ""
    checks: list[Check] = field(default_factory=list)
    settle: str = ""
    notes: tuple[str, ...] = ()

    @property
    def effect(self) -> Interval | None:
        """The one effect to print beside the verdict: over tasks (in margins), or of the only task (in its unit)."""
        if self.general is not None:
            return self.general.effect
        return self.tasks[0].effect if len(self.tasks) == 1 else None

    @property
    def margin(self) -> float | None:
        """Of `effect`."""
        if self.general is not None:
            return self.general.margin
        return self.tasks[0].margin if len(self.tasks) == 1 else None

    @property
    def pairs(self) -> int:
        """The fewest pairs of any task that takes part."""
        return min((task.seeds for task in self.tasks if task.counts), default=0)
