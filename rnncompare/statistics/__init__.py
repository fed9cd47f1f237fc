"""From paired measurements to intervals and verdicts: arrays in, small frozen dataclasses out."""

from rnncompare.statistics.decision import Decision, Estimate, Rule, WithTestError, decide, decide_estimate
from rnncompare.statistics.intervals import Interval, mean_interval
from rnncompare.statistics.multiplicity import Looks, holm
from rnncompare.statistics.power import (
    pairs_for_difference,
    pairs_for_equivalence,
    pairs_to_settle,
    power_at_margin,
    verdicts_by_margin,
)
from rnncompare.statistics.proportions import PairedProportions
from rnncompare.statistics.studentised import StudentisedMean, difference_band
from rnncompare.statistics.tasks import decide_in_general, random_effects
from rnncompare.statistics.tuned import ArmGrid, CrossFit, cross_fit, expected_best, tuned_difference, tuned_proportions

__all__ = [
    "ArmGrid",
    "CrossFit",
    "Decision",
    "Estimate",
    "Interval",
    "Looks",
    "PairedProportions",
    "Rule",
    "StudentisedMean",
    "WithTestError",
    "cross_fit",
    "decide",
    "decide_estimate",
    "decide_in_general",
    "difference_band",
    "expected_best",
    "holm",
    "mean_interval",
    "pairs_for_difference",
    "pairs_for_equivalence",
    "pairs_to_settle",
    "power_at_margin",
    "random_effects",
    "tuned_difference",
    "tuned_proportions",
    "verdicts_by_margin",
]
