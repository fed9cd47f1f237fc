"""The judge: from the evidence on a claim to a finding for each comparison, by task, in general and as a family."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.isolation import call_isolated
from rnncompare.base.wording import counted
from rnncompare.claims import exact_checks, measures
from rnncompare.claims.claim import FEWEST_TASKS, Claim, Pair
from rnncompare.claims.comparison import comparisons
from rnncompare.claims.course import courses
from rnncompare.claims.evidence import Evidence, is_scored
from rnncompare.claims.exact_checks import Check
from rnncompare.claims.finding import SETTLED, ClaimVerdict, Finding, General, Strength, TaskFinding
from rnncompare.claims.task_judge import Terms, agree, judge_task, overall_p, planned_looks
from rnncompare.statistics import Decision, Looks, Rule, decide_in_general, holm, random_effects

if TYPE_CHECKING:
    import pandas as pd

SIGNIFICANT = 0.05
IN_MARGINS = "margins of each task"
MOST_PAIRS = 1000  # beyond which a number of pairs says no more than that


def judge(claim: Claim, evidence: Evidence) -> list[Finding]:
    """The findings on one claim, one for each of its measures and comparisons; a single one if code decides it."""
    if claim.rule in ("exact", "reported"):
        return [_decided_by_code(claim)]
    findings = []
    there = is_scored(evidence.runs) if claim.tasks else len(evidence.probes) > 0
    for measure in claim.measures:
        scored = measures.load(measure).scores(evidence) if there else None
        findings += [_judge(claim, evidence, measure, scored, pair) for pair in claim.pairs]
    return findings


def as_family(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with p adjusted for all that were tested, settled or not (Holm), and how strongly each stands."""
    adjusted = holm([finding.p for finding in findings])
    return [
        dataclasses.replace(
            finding,
            p_adjusted=float(p),
            strength=_strength(finding, float(p)),
            notes=(*finding.notes, *_why_suggestive(finding)),
        )
        for finding, p in zip(findings, adjusted, strict=True)
    ]


def _why_suggestive(finding: Finding) -> Iterator[str]:
    if finding.claim.foreseen and finding.verdict in SETTLED:
        yield f"no more than suggestive: {finding.claim.foreseen}"


def _strength(finding: Finding, p: float) -> Strength:
    if finding.verdict not in SETTLED:
        return ""
    if finding.claim.rule == "exact":
        return "holds"
    sure = p <= SIGNIFICANT and finding.halves_agree is not False and not finding.claim.foreseen
    return "holds" if sure else "suggestive"


def _decided_by_code(claim: Claim) -> Finding:
    """The finding from the checks in `rnncompare.claims.exact_checks` that carry the claim's name, run now."""
    checks = call_isolated(_checks, claim.name)
    holds = all(check.holds for check in checks if check.holds is not None)
    verdict: ClaimVerdict = "reported" if claim.rule == "reported" else "supported" if holds else "refuted"
    return Finding(claim=claim, measure=claim.measures[0], first="", second="", verdict=verdict, checks=checks)


def _checks(name: str, send: Callable[[object], None]) -> list[Check]:  # noqa: ARG001
    return exact_checks.checks(name)


def _judge(claim: Claim, evidence: Evidence, measure: str, scored: pd.DataFrame | None, pair: Pair) -> Finding:
    """The finding by one measure on one pair of arms; `as_family` adjusts its p-value later."""
    how = measures.load(measure)
    arms = pair.first, pair.second
    found = {} if scored is None else {one.task: one for one in comparisons(scored, *arms, evidence.looks)}
    tasks = []
    for name in claim.tasks or sorted(found):
        scale = evidence.scales.get(name)
        margin = scale.quality_margin if how.task_margin and scale else claim.margins.get(measure, math.nan)
        terms = Terms(how, _rule(claim), margin, scale, evidence.looks, _test_examples(evidence, name))
        comparison = found.get(name)
        task = judge_task(comparison, terms, arms) if comparison else terms.blank(name)
        if comparison and how.task_margin and not how.over_rates:
            last = comparison.conditions[-1]  # the most data, or the longest lag
            rates = last.first.rates.tolist()
            task = dataclasses.replace(task, courses=courses(evidence, name, last.value, arms, comparison.seeds, rates))
        tasks.append(task)
    finding = Finding(
        claim=claim,
        measure=measure,
        start=pair.start,
        first=pair.first,
        second=pair.second,
        verdict="not measured",
        tasks=tuple(tasks),
        unit=how.unit or (tasks[0].unit if len(tasks) == 1 else IN_MARGINS),
    )
    return _over_tasks(finding, evidence.looks)


def _rule(claim: Claim) -> Rule:
    return "beats" if claim.rule == "beats" else "equivalent"


def _test_examples(evidence: Evidence, task: str) -> float:
    if "data.test_examples" not in evidence.runs:
        return math.nan
    return float(evidence.runs.loc[evidence.runs["task"] == task, "data.test_examples"].median())


def _over_tasks(finding: Finding, looks: tuple[int, ...]) -> Finding:
    """The verdict on the claim from those of its tasks, which may be at different looks of those planned."""
    counting = [task for task in finding.tasks if task.counts]
    if not counting:
        return _nothing_counts(finding)
    if finding.claim.general and len(counting) >= FEWEST_TASKS:
        return _in_general(finding, counting, planned_looks(looks, finding.pairs))
    if finding.claim.general:
        few = f"{len(counting)} of {len(finding.tasks)} tasks can be compared, and in general needs {FEWEST_TASKS}"
        return dataclasses.replace(finding, verdict="inconclusive", settle="more tasks", notes=(few,))
    verdict, p, deciding = _on_each(counting, finding.claim.rule)
    agreed = _all_agree([task.halves_on_claim for task in deciding])
    told = len({task.on_claim for task in counting}) > 1 or (verdict == "inconclusive" and len(counting) > 1)
    return dataclasses.replace(
        finding,
        verdict=verdict,
        p=p,
        halves_agree=agreed if verdict in SETTLED else None,
        settle=_settle(finding.tasks) if verdict == "inconclusive" else "",
        notes=tuple(f"{task.title}: {task.on_claim}" for task in counting) if told else (),
    )


def _on_each(tasks: Sequence[TaskFinding], rule: str) -> tuple[ClaimVerdict, float, Sequence[TaskFinding]]:
    """The verdict on a claim that stands if it stands on each of its tasks, its p, and the tasks that it rests on.

    It stands with the largest p of its tasks. It falls where any of them says otherwise, with p adjusted over them
    (Holm); that two are equivalent speaks against the claim that one is better.
    """
    ways = _sure_ways(tasks)
    if len(ways) > 1:
        return "depends on the task", max(ways.values()), tasks
    said = {task.on_claim for task in tasks}
    largest = max(task.p_on_claim for task in tasks)
    against = {"refuted"} if rule == "equivalent" or said == {"equivalent"} else {"refuted", "equivalent"}
    adjusted = holm([task.p_on_claim for task in tasks])
    sure = {
        place: float(p) for place, p in enumerate(adjusted) if tasks[place].on_claim in against and p <= SIGNIFICANT
    }
    if sure:
        return "refuted", min(sure.values()), [tasks[place] for place in sure]
    return _claim_verdict(said.pop() if len(said) == 1 else ""), largest, tasks


def _in_general(finding: Finding, tasks: Sequence[TaskFinding], looks: Looks) -> Finding:
    """The verdict over the tasks as a sample of tasks, their effects in margins, at the look of the one with fewest."""
    import pandas as pd

    per = [task.margin or 1.0 for task in tasks]
    margin = 1.0 if all(task.margin for task in tasks) else 0.0
    effects = np.array([_mean(task) / unit for task, unit in zip(tasks, per, strict=True)])
    errors = [task.standard_error / unit for task, unit in zip(tasks, per, strict=True)]
    sample = random_effects(effects, errors)
    rule = _rule(finding.claim)
    levels = looks.alpha(finding.pairs), looks.narrow_alpha(finding.pairs)
    judged = decide_in_general([_decision(task) for task in tasks], sample, margin, rule, *levels)
    depends = judged.verdict == "depends on the task"
    without = [
        (task.task, decision.effect.mean, decision.effect.low, decision.effect.high, decision.verdict)
        for task, decision in zip(tasks, judged.left_out, strict=False)
    ]
    general = General(
        effect=judged.decision.effect,
        narrow=judged.decision.narrow,
        new_task=sample.prediction(),
        tau=math.sqrt(sample.tau2),
        i_squared=sample.i2,
        tasks=len(tasks),
        median=float(np.median(effects)),
        leave_one_out=pd.DataFrame(without, columns=["task", "effect", "low", "high", "verdict"]),
        margin=margin,
    )
    hinges = [tasks[place].title for place in judged.rests_on]
    notes = [f"rests on {', '.join(hinges)}: without any one of them the mean says otherwise"] if hinges else []
    if solved := sum(task.verdict == "uninformative" and task.at_optimum for task in finding.tasks):
        every = random_effects(np.append(effects, np.zeros(solved)), [*errors, *[0.0] * solved]).interval(1 - levels[0])
        notes.append(
            f"with {counted(solved, 'task')} at which both are at the optimum, counted as no difference: "
            f"{every.mean:+.3g} [{every.low:+.3g}, {every.high:+.3g}]"
        )
    return dataclasses.replace(
        finding,
        verdict=_claim_verdict(judged.verdict),
        general=general,
        unit=IN_MARGINS if margin else finding.unit,
        p=max(_sure_ways(tasks).values()) if depends else overall_p(looks, judged.decision, finding.pairs),
        halves_agree=_general_halves(judged.verdict, tasks, per, margin, rule),
        settle="more tasks" if judged.verdict == "inconclusive" else "",
        notes=() if depends else tuple(notes),
    )


def _general_halves(
    verdict: str, tasks: Sequence[TaskFinding], per: Sequence[float], margin: float, rule: Rule
) -> bool | None:
    """Whether each half of the seeds alone says the same over tasks."""
    if verdict == "depends on the task":
        return _all_agree([task.halves_agree for task in tasks if task.direction])
    halves = [np.array(task.halves) / unit for task, unit in zip(tasks, per, strict=True) if task.halves is not None]
    return agree(verdict, np.mean(halves, axis=0).tolist(), margin, rule) if len(halves) == len(tasks) else None


def _all_agree(flags: Sequence[bool | None]) -> bool | None:
    known = [flag for flag in flags if flag is not None]
    return all(known) if known else None


def _sure_ways(tasks: Sequence[TaskFinding]) -> dict[int, float]:
    """The directions in which tasks surely differ, with p adjusted over the tasks (Holm)."""
    adjusted = holm([task.direction_p for task in tasks])
    ways: dict[int, float] = {}
    for task, p in zip(tasks, adjusted, strict=True):
        if task.direction and p <= SIGNIFICANT:
            ways[task.direction] = min(float(p), ways.get(task.direction, 1.0))
    return ways


def _mean(task: TaskFinding) -> float:
    assert task.effect is not None
    return task.effect.mean


def _decision(task: TaskFinding) -> Decision:
    """A task's decision, as `decide_in_general` takes it."""
    assert task.effect is not None
    assert task.narrow is not None
    return Decision("inconclusive", task.effect, task.narrow, task.p, task.seeds, task.direction, task.direction_p)


def _claim_verdict(said: str) -> ClaimVerdict:
    """A verdict by its word; inconclusive if the tasks do not agree."""
    return next((verdict for verdict in SETTLED if verdict == said), "inconclusive")


def _nothing_counts(finding: Finding) -> Finding:
    """The finding if no task can tell the two apart: its verdict, what would settle it, and why."""
    verdicts = {task.verdict for task in finding.tasks}
    if "unconverged" in verdicts:
        why = "more than a fifth of the runs of an arm were cut by their budget"
        return dataclasses.replace(finding, verdict="unconverged", settle="longer training", notes=(why,))
    if "uninformative" in verdicts:
        why = "on every task neither of the two beats the trivial baseline, or both are at the optimum"
        return dataclasses.replace(finding, verdict="uninformative", settle="easier or harder tasks", notes=(why,))
    if "cannot tell" in verdicts:
        return dataclasses.replace(finding, verdict="inconclusive", settle="more pairs")
    return dataclasses.replace(finding, settle="measurements of both, on the same seeds")


def _settle(tasks: Sequence[TaskFinding]) -> str:
    """What would settle an open claim about each of its tasks."""
    wanted = [task.wanted for task in tasks if task.counts and task.wanted is not None]
    pairs = f"about {max(wanted):,} pairs in all" if wanted else "more pairs"
    if wanted and max(wanted) > MOST_PAIRS:
        pairs = f"more than {MOST_PAIRS:,} pairs in all"
    cut = [task.title for task in tasks if task.verdict == "unconverged"]
    return f"{pairs}, and longer training on {', '.join(cut)}" if cut else pairs
