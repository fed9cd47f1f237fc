"""The judge on one task: two arms, each tuned on one half of the seeds and judged on the other, against a margin."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.claims import task_tables
from rnncompare.claims.comparison import Comparison, Condition, end_that_matters
from rnncompare.claims.evidence import MOST_CUT
from rnncompare.claims.finding import TaskFinding, TaskVerdict
from rnncompare.claims.measures import Measure
from rnncompare.claims.scale import NEGLIGIBLE, Scale
from rnncompare.statistics import (
    CrossFit,
    Decision,
    Estimate,
    Interval,
    Looks,
    Rule,
    WithTestError,
    decide_estimate,
    mean_interval,
    pairs_to_settle,
    power_at_margin,
    tuned_difference,
    tuned_proportions,
)
from rnncompare.statistics.tuned import FEWEST_SEEDS


@dataclass(frozen=True)
class Terms:
    """The terms on which a task is judged.

    Attributes:
        measure: that scores the arms.
        rule: of the claim.
        margin: the difference that matters.
        scale: of the task; None for the shape of a measurement.
        looks: numbers of pairs at which the study was to be looked at.
        test_examples: in the task's test set.
    """

    measure: Measure
    rule: Rule
    margin: float
    scale: Scale | None
    looks: tuple[int, ...]
    test_examples: float = math.nan

    @property
    def unit(self) -> str:
        """Of the scores."""
        return self.measure.unit or (self.scale.unit if self.scale else "")

    @property
    def shares(self) -> bool:
        """Whether scores are shares of runs that solve the task."""
        return bool(self.measure.task_margin and self.scale and self.scale.kind == "solve")

    @property
    def solves(self) -> bool:
        """Whether the scores tell which seeds solve the task, and are not shares of rates that do."""
        return self.shares and not self.measure.over_rates

    def blank(self, task: str) -> TaskFinding:
        """The finding on a task about which nothing is known."""
        title, real = (self.scale.title, self.scale.real) if self.scale else (task, None)
        return TaskFinding(
            task=task, title=title, real=real, verdict="not measured", unit=self.unit, margin=self.margin
        )


def judge_task(comparison: Comparison, terms: Terms, arms: tuple[str, str]) -> TaskFinding:
    """The finding on one task.

    Args:
        comparison: the two arms' scores.
        terms: on which they are judged.
        arms: their names, the claimed better one first.
    """
    seeds = len(comparison.seeds)
    finding = dataclasses.replace(terms.blank(comparison.task), seeds=seeds)
    tuned = any(len(condition.first.rates) > 1 for condition in comparison.conditions)
    if seeds < (FEWEST_SEEDS if tuned else 2):
        note = f"{seeds} pair{'s' * (seeds > 1)}: too few to tell"
        return dataclasses.replace(finding, verdict="cannot tell", notes=(note,))
    comparison, notes = _timed(comparison, terms)
    if not comparison.conditions:
        return dataclasses.replace(finding, verdict="uninformative", notes=notes)
    fits = [condition.fit() for condition in comparison.conditions]
    first, second = (np.mean([getattr(fit, side) for fit in fits], axis=0) for side in ("first", "second"))
    estimate, test_error, untold = _estimate(comparison.conditions, terms, first, second)
    looks = planned_looks(terms.looks, seeds)
    levels = looks.alpha(seeds), looks.narrow_alpha(seeds)
    by_task = decide_estimate(estimate, terms.margin, "equivalent", *levels)
    scores, limits = (float(first.mean()), float(second.mean())), _limits(comparison)
    on_claim, refuted_below = _on_claim(estimate, terms, limits[1] - scores[1] <= terms.margin, levels)
    effects = [
        _possible(
            decide_estimate(
                _estimate([condition], terms, fit.first, fit.second)[0], terms.margin, "equivalent", *levels
            ).effect,
            terms,
            [condition],
        )
        for condition, fit in zip(comparison.conditions, fits, strict=True)
    ]
    cut = _share(comparison, fits, "cut")
    halves = _halves(comparison)
    verdict = _verdict(by_task, terms, cut, scores, limits)
    pseudo = np.mean([fit.pseudo_values for fit in fits], axis=0)
    return dataclasses.replace(
        finding,
        verdict=verdict,
        on_claim=on_claim.verdict,
        effect=_possible(by_task.effect, terms, comparison.conditions),
        narrow=_possible(by_task.narrow, terms, comparison.conditions),
        p=overall_p(looks, by_task, seeds),
        p_on_claim=overall_p(looks, on_claim, seeds),
        direction=by_task.direction,
        direction_p=looks.overall_p(by_task.direction_p, seeds),
        standard_error=estimate.standard_error,
        look=looks.pairs.index(seeds) + 1,
        first=mean_interval(first),
        second=mean_interval(second),
        cut=cut,
        diverged=(_mean_share(comparison, 0), _mean_share(comparison, 1)),
        test_error=test_error,
        halves=halves,
        halves_agree=None if halves is None else agree(verdict, halves, terms.margin),
        halves_on_claim=None if halves is None else agree(on_claim.verdict, halves, refuted_below, terms.rule),
        at_optimum=limits[1] - min(scores) <= NEGLIGIBLE * terms.margin,
        power=_power(pseudo, terms.margin),
        wanted=_wanted(pseudo, terms.margin) if verdict == "cannot tell" else None,
        conditions=task_tables.conditions(comparison, fits, effects),
        pairs=task_tables.pairs(comparison, fits),
        rates=task_tables.rates(comparison, fits, arms),
        trials=task_tables.trials(comparison, arms) if tuned else None,
        by_margin=task_tables.by_margin(by_task, estimate.spread),
        notes=(
            *notes,
            *untold,
            *_lost(_share(comparison, fits, "diverged"), arms),
            *_open_ends(comparison, terms, arms),
        ),
    )


def _on_claim(estimate: Estimate, terms: Terms, full: bool, levels: tuple[float, float]) -> tuple[Decision, float]:
    """The decision on the claim, and the margin that it was made with.

    Args:
        estimate: of the difference.
        terms: of the task.
        full: whether the second arm is so near the optimum that none could be better by the margin, so that it takes a
            first arm that is surely worse to refute that it is better.
        levels: the errors of the two intervals.
    """
    decision = decide_estimate(estimate, terms.margin, terms.rule, *levels)
    if not (full and terms.rule == "beats" and decision.verdict == "refuted"):
        return decision, terms.margin
    worse = decide_estimate(estimate, 0.0, terms.rule, *levels)
    if worse.verdict == "refuted":
        return worse, 0.0
    open_still = dataclasses.replace(decision, verdict="inconclusive", p=min(1.0, 2 * estimate.p_above(terms.margin)))
    return open_still, terms.margin


def _possible(interval: Interval, terms: Terms, conditions: Sequence[Condition]) -> Interval:
    """The interval of an effect, no wider than what there can be: from the lowest score of a measure to its best."""
    most = 1.0 if terms.shares else terms.measure.most
    if not terms.measure.task_margin:
        most = float(np.fmin(most, np.mean([condition.ceiling - condition.floor for condition in conditions])))
    return dataclasses.replace(interval, low=max(interval.low, -most), high=min(interval.high, most))


def _lost(shares: tuple[float, float], arms: tuple[str, str]) -> Iterator[str]:
    """A note on each arm with runs at its chosen rates that have no score of their own."""
    for arm, share in zip(arms, shares, strict=True):
        if share > 0:
            yield f"{share:.1%} of the runs of {arm} at its chosen rates diverged or failed: they count as the worst"


def _open_ends(comparison: Comparison, terms: Terms, arms: tuple[str, str]) -> Iterator[str]:
    """A note on each arm that a learning rate beyond those tried might still improve."""
    if terms.measure.over_rates or terms.scale is None:
        return
    margin = terms.margin if terms.measure.to_target else terms.scale.margin
    for condition in comparison.conditions:
        for arm, grid in zip(arms, condition.grids, strict=True):
            if end := end_that_matters(grid, margin):
                extreme = "lowest" if end == "low" else "highest"
                yield (
                    f"{arm} at {condition.value} does best at the {extreme} learning rate tried, "
                    f"{grid.rates[grid.chosen]:g}: one beyond it may do better"
                )


def _timed(comparison: Comparison, terms: Terms) -> tuple[Comparison, tuple[str, ...]]:
    """The conditions in which at least one arm reaches its target often enough to be timed; a note on the others."""
    if not terms.measure.to_target:
        return comparison, ()
    kept, lost = list[Condition](), list[Condition]()
    for condition in comparison.conditions:
        fit = condition.fit()
        shares = fit.first_choices @ condition.cut[0], fit.second_choices @ condition.cut[1]
        (kept if min(shares) <= MOST_CUT else lost).append(condition)
    values = ", ".join(condition.value for condition in lost)
    note = (f"not counted, since neither arm reaches the target in four runs of five: {values or 'all'}",)
    return dataclasses.replace(comparison, conditions=kept), note if lost else ()


def agree(verdict: str, effects: Sequence[float], margin: float, rule: Rule = "beats") -> bool | None:
    """Whether all effects, such as those of two halves of the seeds, fit a verdict; None if it decides nothing."""
    match verdict:
        case "better" | "supported":
            return all(effect > margin for effect in effects)
        case "worse":
            return all(effect < -margin for effect in effects)
        case "refuted":
            below = -margin if rule == "equivalent" else margin
            return all(effect < below for effect in effects) or all(effect > margin for effect in effects)
        case "no difference that matters" | "equivalent":
            return all(abs(effect) < margin for effect in effects)
    return None


def _estimate(
    conditions: Sequence[Condition], terms: Terms, first: np.ndarray, second: np.ndarray
) -> tuple[Estimate, float | None, tuple[str, ...]]:
    """The difference with its whole uncertainty; the test set's part of that; and a note on what is not included."""
    estimate: Estimate = (
        tuned_proportions(*conditions[0].grids)
        if terms.solves and len(conditions) == 1
        else tuned_difference([condition.grids for condition in conditions], stepped=terms.scale is not None)
    )
    scale = terms.scale
    if scale is None or not scale.fixed_test or not terms.measure.task_margin:
        return estimate, None, ()
    if scale.metric != "accuracy" or terms.solves or not terms.test_examples > 0:
        return estimate, None, ("all seeds have the same test set, whose own sampling error is not in the interval",)
    # of two independent shares: an upper bound for two networks tested on the same examples
    shares = np.clip(np.array([first.mean(), second.mean()]) / 100, 0, 1)
    error = 100 * math.sqrt(float((shares * (1 - shares)).sum()) / terms.test_examples)
    return WithTestError(estimate, error), error, ()


def _limits(comparison: Comparison) -> tuple[float, float]:
    """The score of the trivial baseline and the best there can be, means over conditions."""
    floor, ceiling = (
        float(np.mean([getattr(condition, name) for condition in comparison.conditions]))
        for name in ("floor", "ceiling")
    )
    return floor, ceiling


def _verdict(
    decision: Decision, terms: Terms, cut: tuple[float, float], scores: tuple[float, float], limits: tuple[float, float]
) -> TaskVerdict:
    """The verdict on the task; whether it can tell the arms apart depends on these two alone."""
    if terms.measure.at_end and max(cut) > MOST_CUT:
        return "unconverged"
    near = NEGLIGIBLE * terms.margin
    if max(scores) - limits[0] <= near or limits[1] - min(scores) <= near:
        return "uninformative"
    if decision.verdict == "equivalent":
        return "no difference that matters"
    return {1: "better", -1: "worse", 0: "cannot tell"}[decision.direction]  # type: ignore[return-value]


def planned_looks(planned: tuple[int, ...], pairs: int) -> Looks:
    """The looks of a study, with one at this number of pairs if none was planned there."""
    return Looks(planned if pairs in planned else tuple(sorted({pairs, *planned})))


def overall_p(looks: Looks, decision: Decision, seeds: int) -> float:
    """The p of a decision over all looks."""
    return looks.overall_p(decision.p, seeds, one_sided=decision.verdict == "equivalent")


def _share(comparison: Comparison, fits: Sequence[CrossFit], name: str) -> tuple[float, float]:
    """For each arm, the share of runs at the chosen rates that were cut."""
    one, other = (
        float(
            np.mean(
                [
                    getattr(fit, choices) @ getattr(condition, name)[side]
                    for condition, fit in zip(comparison.conditions, fits, strict=True)
                ]
            )
        )
        for side, choices in enumerate(("first_choices", "second_choices"))
    )
    return one, other


def _mean_share(comparison: Comparison, side: int) -> float:
    """The share of an arm's runs, at all rates, that diverged or failed."""
    return float(np.mean([condition.diverged[side].mean() for condition in comparison.conditions]))


def _halves(comparison: Comparison) -> tuple[float, float] | None:
    """The effect on the even and on the odd seeds, each a study of its own; None if there are too few."""
    positions = np.arange(len(comparison.seeds))
    halves = positions[::2], positions[1::2]
    if len(halves[1]) < FEWEST_SEEDS:
        return None
    one, other = (
        tuned_difference([condition.take(half) for condition in comparison.conditions]).mean for half in halves
    )
    return one, other


def _power(pseudo: np.ndarray, margin: float) -> float:
    spread = float(pseudo.std(ddof=1))
    return power_at_margin(spread, margin, len(pseudo)) if spread > 0 and margin > 0 else math.nan


def _wanted(pseudo: np.ndarray, margin: float) -> int | None:
    wanted = pairs_to_settle(pseudo, margin, "equivalent")
    return None if wanted is None else max(wanted, len(pseudo) + 1)
