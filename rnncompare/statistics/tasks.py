"""Tasks as a sample: what holds for tasks in general, with Student's interval over tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnncompare.statistics.decision import Decision, Rule, decide_estimate
from rnncompare.statistics.intervals import Interval, check_confidence, finite_sample
from rnncompare.statistics.multiplicity import holm

FEWEST_TASKS = 3
DRAWS = 5000


@dataclass(frozen=True)
class RandomEffects:
    """The mean difference over a population of tasks; those measured are a sample of it, each counting alike.

    The interval of the mean is Student's over the tasks' differences, with k - 1 degrees of freedom: their scatter
    holds both how tasks differ and the error of each. Weights by precision, as of Paule and Mandel with the interval of
    Hartung and Knapp, miss the mean far too often where errors are as unequal as here, a hundredfold: one task then has
    nearly all the weight, and the scatter of the others vanishes (docs/statistics.md).

    Attributes:
        effects: the estimated difference of each task, ``(k,)``.
        standard_errors: their standard errors, ``(k,)``, from 0 up.
    """

    effects: np.ndarray
    standard_errors: np.ndarray

    @cached_property
    def mean(self) -> float:
        """The mean difference over tasks."""
        return float(self.effects.mean())

    @cached_property
    def scatter(self) -> float:
        """The variance of the differences as measured."""
        return float(np.var(self.effects, ddof=1))

    @cached_property
    def standard_error(self) -> float:
        """Of the mean."""
        return math.sqrt(self.scatter / len(self.effects))

    @cached_property
    def tau2(self) -> float:
        """The variance of the true differences between tasks (Hedges 1983): the scatter less the tasks' own errors."""
        return max(0.0, self.scatter - self._own)

    @cached_property
    def i2(self) -> float:
        """The share of the scatter that chance within tasks does not explain, 0 to 1."""
        return self.tau2 / self.scatter if self.scatter > 0 else 0.0

    @property
    def spread(self) -> bool:
        """Whether the effects differ at all."""
        return bool(np.ptp(self.effects) > 0)

    def interval(self, confidence: float = 0.95) -> Interval:
        """The interval of the mean difference over tasks."""
        check_confidence(confidence)
        from scipy.special import stdtrit

        tasks = len(self.effects)
        half = float(stdtrit(tasks - 1, (1 + confidence) / 2)) * self.standard_error if self.spread else math.nan
        return Interval(self.mean, self.mean - half, self.mean + half, tasks)

    def prediction(self, confidence: float = 0.95) -> Interval:
        """The interval for the true difference on a new task.

        An estimate of tau² from few tasks is often 0 by chance, so its uncertainty counts too: the scatter is drawn
        from its confidence distribution (chi-squared), the mean and a new task around it from normal ones.
        """
        check_confidence(confidence)
        tasks = len(self.effects)
        if not self.spread:
            return Interval(self.mean, math.nan, math.nan, tasks)
        random = np.random.default_rng(tasks)
        scatter = self.scatter * (tasks - 1) / random.chisquare(tasks - 1, DRAWS)
        variances = np.maximum(scatter - self._own, 0.0) + scatter / tasks
        half = np.sqrt(variances) * random.normal(size=DRAWS)
        low, high = self.mean + np.quantile(np.concatenate([half, -half]), [(1 - confidence) / 2, (1 + confidence) / 2])
        return Interval(self.mean, float(low), float(high), tasks)

    def p_above(self, value: float) -> float:
        """One-sided p-value that the mean difference is above ``value``."""
        from scipy.special import stdtr

        if not self.spread:
            return 1.0
        return float(stdtr(len(self.effects) - 1, (value - self.mean) / self.standard_error))

    def p_below(self, value: float) -> float:
        """One-sided p-value that it is below ``value``."""
        return 1.0 if not self.spread else 1 - self.p_above(value)

    def without(self, task: int) -> RandomEffects:
        """The same with a task left out.

        Raises:
            ValueError: fewer than 3 tasks would remain.
        """
        return random_effects(np.delete(self.effects, task), np.delete(self.standard_errors, task))

    def leave_one_out(self) -> list[RandomEffects]:
        """The same with each task left out in turn; empty for 3 tasks, since two are too few."""
        tasks = len(self.effects)
        return [self.without(task) for task in range(tasks)] if tasks > FEWEST_TASKS else []

    @cached_property
    def _own(self) -> float:
        """The mean of the squared errors of the tasks."""
        return float((self.standard_errors**2).mean())


def random_effects(
    effects: Sequence[float] | np.ndarray, standard_errors: Sequence[float] | np.ndarray
) -> RandomEffects:
    """What the differences of tasks, on one scale, say about tasks in general: an estimate for `decide_estimate`.

    Args:
        effects: the estimated difference of each task, ``(k,)``, k at least 3.
        standard_errors: `Estimate.standard_error` of each, ``(k,)``.

    Raises:
        ValueError: there are fewer than 3 tasks, or the errors do not fit or are negative.
    """
    differences, errors = finite_sample(effects, "effects"), finite_sample(standard_errors, "standard errors")
    if differences.shape != errors.shape or (errors < 0).any():
        raise ValueError(f"standard errors {errors.tolist()}: one from 0 up for each of {len(differences)} effects")
    if len(differences) < FEWEST_TASKS:
        raise ValueError(f"{len(differences)} tasks: a statement in general needs at least {FEWEST_TASKS}")
    return RandomEffects(differences, errors)


@dataclass(frozen=True)
class GeneralDecision:
    """A decision about tasks in general.

    Attributes:
        verdict: one of `Decision`, or ``depends on the task``.
        decision: on the mean over tasks.
        left_out: the decision without each task in turn.
    """

    verdict: str
    decision: Decision
    left_out: list[Decision]

    @property
    def rests_on(self) -> list[int]:
        """The tasks whose removal, one at a time, would change the mean's verdict."""
        return [task for task, other in enumerate(self.left_out) if other.verdict != self.decision.verdict]


def decide_in_general(
    by_task: Sequence[Decision],
    effects: RandomEffects,
    margin: float,
    rule: Rule = "beats",
    alpha: float = 0.05,
    narrow_alpha: float = 0.10,
) -> GeneralDecision:
    """Judge a general statement from the tasks' own decisions and their random effects.

    It *depends on the task* if at least one task is better and one is worse by more than the margin, each at a p-value
    that holds with Holm's adjustment over the tasks (of many tasks, some differ by chance in either direction).

    Args:
        by_task: the decision on each task, in the order of ``effects``.
        effects: the tasks as a sample.
        margin: on the scale that the tasks share.
        rule: what the claim says.
        alpha: as in `decide_estimate`, for the mean over tasks.
        narrow_alpha: the same for the narrow interval.

    Raises:
        ValueError: there is not one decision per task, or as in `decide_estimate`.
    """
    if len(by_task) != len(effects.effects):
        raise ValueError(f"{len(by_task)} decisions for {len(effects.effects)} tasks")
    decision = decide_estimate(effects, margin, rule, alpha, narrow_alpha)
    sure = holm([task.direction_p for task in by_task]) <= 0.05
    ways = {task.direction for task, known in zip(by_task, sure, strict=True) if known}
    verdict = "depends on the task" if {1, -1} <= ways else decision.verdict
    left_out = [decide_estimate(other, margin, rule, alpha, narrow_alpha) for other in effects.leave_one_out()]
    return GeneralDecision(verdict, decision, left_out)
