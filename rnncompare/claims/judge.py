"""The judge: evidence paired by seed, one verdict for each comparison of a claim, and one family of p-values."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.isolation import call_isolated
from rnncompare.claims import exact_checks as structure
from rnncompare.claims.claim import Claim
from rnncompare.claims.evidence import Evidence
from rnncompare.claims.exact_checks import Check
from rnncompare.claims.measures import load
from rnncompare.statistics import (
    Decision,
    Interval,
    Rule,
    decide,
    decide_censored,
    holm,
    mean_interval,
    pairs_to_settle,
    probability_of_superiority,
)

if TYPE_CHECKING:
    import pandas as pd

PAIR = ["task", "value", "seed"]  # what the two runs of a pair have in common
MOSTLY = 0.8  # of the runs of a condition must reach a target for it to be judged by the time they took


@dataclass(frozen=True)
class Finding:
    """One comparison of a claim, judged: a row of the verdict table.

    Attributes:
        claim: what was claimed.
        measure: by which measure it was judged.
        first: the arm that is claimed to be better.
        second: the arm that it is compared with.
        verdict: ``supported``, ``refuted``, ``equivalent``, ``inconclusive``, ``uninformative``, ``not measured`` or
            ``reported``.
        decision: effect, intervals and p; None where there was nothing to decide on.
        margin: of the effect.
        unit: of the effect.
        superiority: share of pairs in which the first arm does better, with its interval.
        p_adjusted: Holm's, over all findings of a report.
        pairs: a row for each pair: task, value, seed, the scores ``first`` and ``second``, their ``difference``.
        conditions: a row for each task and value: mean scores, the difference with its interval, whether it counted.
        checks: of a claim that code decides.
        settle: what would settle it, where it is open.
        notes: what a reader must know beside it.
    """

    claim: Claim
    measure: str
    first: str
    second: str
    verdict: str
    unit: str = ""
    margin: float | None = None
    decision: Decision | None = None
    superiority: Interval | None = None
    p_adjusted: float = math.nan
    pairs: pd.DataFrame | None = None
    conditions: pd.DataFrame | None = None
    checks: list[Check] = field(default_factory=list)
    settle: str = ""
    notes: list[str] = field(default_factory=list)


def judge(claim: Claim, evidence: Evidence) -> list[Finding]:
    """The findings on one claim, a row for each of its measures and comparisons; one for what code decides."""
    if claim.rule in ("exact", "reported"):
        return [_decided_by_code(claim)]
    return [
        _judge(claim, evidence, measure, first, second)
        for measure, (first, second) in itertools.product(claim.measures, claim.compare)
    ]


def as_family(findings: Sequence[Finding]) -> list[Finding]:
    """The findings with their p-values adjusted for being many (Holm)."""
    adjusted = holm([math.nan if finding.decision is None else finding.decision.p for finding in findings])
    return [dataclasses.replace(finding, p_adjusted=float(p)) for finding, p in zip(findings, adjusted, strict=True)]


def _decided_by_code(claim: Claim) -> Finding:
    """The checks of `rnncompare.claims.exact_checks` that carry the claim's name, made now."""
    checks = call_isolated(_checks, claim.name)
    holds = all(check.holds for check in checks if check.holds is not None)
    verdict = "reported" if claim.rule == "reported" else "supported" if holds else "refuted"
    return Finding(claim, claim.measures[0], "", "", verdict, checks=checks)


def _checks(name: str, send: Callable[[object], None]) -> list[Check]:  # noqa: ARG001
    return structure.checks(name)


def _judge(claim: Claim, evidence: Evidence, measure: str, first: str, second: str) -> Finding:
    """The finding by one measure on one pair of arms; its p-value stands alone until `as_family`."""
    module = load(measure)
    margin = claim.margins[measure]
    finding = Finding(claim, measure, first, second, "not measured", module.UNIT, margin)
    rule: Rule = "beats" if claim.rule == "beats" else "equivalent"
    pairs = _paired(module.scores(evidence), first, second)
    if not len(pairs):
        return dataclasses.replace(finding, settle="measurements of both, on the same seeds")
    notes = _notes(evidence, first, second)
    conditions = _conditions(pairs, margin, rule)
    finding = dataclasses.replace(finding, pairs=pairs, conditions=conditions, notes=notes)
    counted = conditions.loc[conditions["counts"], ["task", "value"]]
    if not len(counted):
        notes = [*notes, _useless(conditions)]
        return dataclasses.replace(finding, verdict="uninformative", settle="easier or harder tasks", notes=notes)
    seeds = _by_seed(pairs.merge(counted, on=["task", "value"]))
    decision = _decide(seeds, margin, rule)
    return dataclasses.replace(
        finding,
        verdict=decision.verdict,
        decision=decision,
        superiority=probability_of_superiority(seeds["first"], seeds["second"]),
        settle=_settle(seeds, decision, margin, rule),
    )


def _paired(scores: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Scores of the two arms side by side, a row for each task, value and seed that both have."""
    flags = {name: True for name in ("reached", "informative") if name not in scores}
    known = scores.assign(value=scores["value"].map(_label), **flags).dropna(subset="score")
    columns = [*PAIR, "score", "reached", "informative"]
    one, other = (known.loc[known["arm"] == arm, columns].astype({"score": float}) for arm in (first, second))
    pairs = one.merge(other, on=PAIR, suffixes=("_first", "_second"), validate="one_to_one")
    pairs = pairs.rename(columns={"score_first": "first", "score_second": "second"})
    return pairs.assign(difference=pairs["first"] - pairs["second"]).sort_values(PAIR, ignore_index=True)


def _label(value: object) -> str:
    """A condition's value as text: one of many types, or none."""
    return "" if value is None or value != value else f"{value}"


def _conditions(pairs: pd.DataFrame, margin: float, rule: Rule) -> pd.DataFrame:
    """Each condition by itself, as `Finding` has them; one counts if it is informative and mostly reached."""
    import pandas as pd

    rows = []
    for (task, value), group in pairs.groupby(["task", "value"], sort=False):
        reached = float(group[["reached_first", "reached_second"]].to_numpy().mean())
        decision = _decide(_by_seed(group), margin, rule)
        informative = bool(group["informative_first"].all())
        rows.append(
            {
                "task": task,
                "value": value,
                "first": mean_interval(group["first"]),
                "second": mean_interval(group["second"]),
                "effect": decision.effect,
                "pairs": len(group),
                "reached": reached,
                "counts": informative and reached >= MOSTLY,
            }
        )
    return pd.DataFrame(rows)


def _useless(conditions: pd.DataFrame) -> str:
    """Why none of the conditions counts."""
    reasons = ["none beats the trivial baseline", "all are at the optimum"]
    if (conditions["reached"] < MOSTLY).any():
        reasons.append(f"fewer than {MOSTLY:.0%} of the runs reach the target")
    return f"no condition tells the two apart: in each, {' or '.join(reasons)}"


def _by_seed(pairs: pd.DataFrame) -> pd.DataFrame:
    """The means over conditions, a row for each seed that has as many as any has; the seed is the replicate."""
    seeds = pairs.groupby("seed").agg(
        first=("first", "mean"),
        second=("second", "mean"),
        reached_first=("reached_first", "all"),
        reached_second=("reached_second", "all"),
        conditions=("difference", "size"),
    )
    return seeds[seeds["conditions"] == seeds["conditions"].max()]


def _decide(seeds: pd.DataFrame, margin: float, rule: Rule) -> Decision:
    """The decision on the rows of `_by_seed`; with censored ones, a score is minus the log of a time."""
    if _all_reached(seeds):
        return decide((seeds["first"] - seeds["second"]).to_numpy(), margin, rule)
    times = np.exp(-seeds[["first", "second"]])
    return decide_censored(
        times["first"], seeds["reached_first"], times["second"], seeds["reached_second"], margin, rule
    )


def _all_reached(seeds: pd.DataFrame) -> bool:
    """Whether every score is one, not a bound."""
    return bool(seeds["reached_first"].all() and seeds["reached_second"].all())


def _settle(seeds: pd.DataFrame, decision: Decision, margin: float, rule: Rule) -> str:
    """What would settle an open claim."""
    if decision.verdict != "inconclusive":
        return ""
    wanted = pairs_to_settle(seeds["first"] - seeds["second"], margin, rule) if _all_reached(seeds) else None
    return "more pairs" if wanted is None else f"about {max(wanted, len(seeds) + 1):,} pairs in all"


def _notes(evidence: Evidence, first: str, second: str) -> list[str]:
    """Unequal seeds, and runs that diverged or failed."""
    if "arm" not in evidence.runs or not len(evidence.runs):
        return []
    notes = []
    runs = evidence.runs[evidence.runs["arm"].isin([first, second])]
    seeds = runs.groupby("arm")["seed"].agg(set)
    if len(seeds) == 2 and seeds[first] != seeds[second]:
        common = len(seeds[first] & seeds[second])
        counts = f"{first} has {len(seeds[first])} seeds, {second} {len(seeds[second])}"
        notes.append(f"{counts}: paired on the {common} in common")
    for status in ("diverged", "failed"):
        share = (runs["status"] == status).groupby(runs["arm"]).mean().reindex([first, second], fill_value=0.0)
        if share.any():
            unequal = ", unequally" if share[first] != share[second] else ""
            notes.append(
                f"{status}{unequal}: {share[first]:.1%} of the runs of {first}, {share[second]:.1%} of {second}"
            )
    return notes
