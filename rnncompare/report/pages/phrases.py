"""Findings in words and figures that a student understands."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from rnncompare.claims.claim import Claim
from rnncompare.claims.judge import Finding
from rnncompare.statistics import Interval
from rnncompare.studies.table import p_value

SOURCES = {
    "S1": "a textbook section, “Differences between LSTM and GRU”",
    "S2": "a question-and-answer thread on when to prefer a GRU",
    "S3": "lecture notes by A. Sinhal",
    "S4": "a blog article, “What is the difference between LSTM and GRU?”",
    "S5": "P. Srivatsavaya, “LSTM vs GRU”, 2023",
}
MEANING = {
    "supported": "the whole 95 % interval lies on the claim's side of the margin",
    "refuted": "the whole 95 % interval lies on the other side of the margin: what is claimed is ruled out",
    "equivalent": "the 90 % interval lies within the margin on both sides: what difference there is does not matter",
    "inconclusive": "the interval is too wide to say; more runs would narrow it",
    "uninformative": "the tasks were too hard or too easy for both models to tell them apart",
    "not measured": "there are no paired runs for it in this study",
    "reported": "counts and figures without a rule that would make them a verdict",
}


def figure(value: float | None) -> str:
    """A number to three or four digits; a dash where it is not known."""
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
    """An estimate with its interval, such as ``+0.12 [+0.05, +0.19]``, to the decimals that the interval warrants."""
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
    """A number to so many decimals; as `figure` has it where they are None."""
    if digits is None or math.isinf(value):
        return signed(value) if sign else figure(value)
    value = round(value, digits) + 0.0  # no minus before a zero
    text = f"{value:+,.{digits}f}" if sign else f"{value:,.{digits}f}"
    return text.replace("-", "−")


def effect(finding: Finding) -> str:
    """The effect in its unit; of what code decides, how many checks hold."""
    asked = [check for check in finding.checks if check.holds is not None]
    if asked:
        return f"{sum(bool(check.holds) for check in asked)} of {len(asked)} checks hold"
    if finding.decision is None:
        return "–"
    return interval(finding.decision.effect)


def factor(finding: Finding) -> str:
    """The effect as a factor, where its unit is a logarithm; else nothing."""
    base = math.e if "log ratio" in finding.unit else 2.0 if "octave" in finding.unit else None
    if finding.decision is None or base is None or finding.decision.effect.mean != finding.decision.effect.mean:
        return ""
    seen = finding.decision.effect
    ends = "" if seen.low != seen.low else f" [{_power(base, seen.low)}, {_power(base, seen.high)}]"
    return f"a factor of {_power(base, seen.mean)}{ends}"


def _power(base: float, exponent: float) -> str:
    try:
        return figure(base**exponent)
    except OverflowError:
        return "∞"


def p_values(finding: Finding) -> str:
    """The p-value, and the adjusted one."""
    if finding.decision is None or finding.decision.p != finding.decision.p:
        return "–"
    return f"{p_value(finding.decision.p)} ({p_value(finding.p_adjusted)})"


def superiority(finding: Finding) -> str:
    """In how many of a hundred pairs the first does better."""
    seen = finding.superiority
    return "–" if seen is None or seen.mean != seen.mean else f"{interval(seen, sign=False, scale=100)} %"


def counted(number: int, noun: str) -> str:
    """A number of things, such as ``1 pair`` and ``2 pairs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def comparison(finding: Finding) -> str:
    """What is compared with what."""
    return f"{finding.first} against {finding.second}" if finding.first else "decided by code"


def tally(findings: Sequence[Finding]) -> str:
    """How many comparisons came to each verdict."""
    counts = Counter(finding.verdict for finding in findings)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())


def rule(claim: Claim, finding: Finding) -> str:
    """The rule, in a sentence."""
    margin = f"{figure(finding.margin)} {finding.unit}".strip()
    if claim.rule == "beats":
        return f"{finding.first} has to do better than {finding.second} by more than the margin, {margin}."
    if claim.rule == "equivalent":
        return f"{finding.first} and {finding.second} have to differ by less than the margin, {margin}, either way."
    if claim.rule == "exact":
        return "Decided by code and algebra, not by training: there is no margin."
    return "Figures are reported; no verdict is given."


def source(said_by: str) -> str:
    """A source, in words where it is one of the usual ones."""
    return SOURCES.get(said_by, said_by)
