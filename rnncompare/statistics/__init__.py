"""From paired measurements to intervals and verdicts: arrays in, small frozen dataclasses out."""

from rnncompare.statistics.bands import Band, difference_band
from rnncompare.statistics.censored import decide_censored, log_ratio_bounds, median_time
from rnncompare.statistics.curves import TargetSize, size_at_target, slopes_over_log_size
from rnncompare.statistics.decision import (
    Decision,
    Estimate,
    Rule,
    Verdict,
    WithTestError,
    decide,
    decide_estimate,
    standard_error_of_tests,
)
from rnncompare.statistics.family import InFamily, holm, in_family
from rnncompare.statistics.intervals import Interval, mean_interval
from rnncompare.statistics.looks import Looks
from rnncompare.statistics.power import (
    PowerAtMargin,
    pairs_for_difference,
    pairs_for_equivalence,
    pairs_to_settle,
    power_at_margin,
    verdicts_by_margin,
)
from rnncompare.statistics.proportions import PairedProportions
from rnncompare.statistics.scores import scaled_margin, scaled_score
from rnncompare.statistics.standing import Standing, standing
from rnncompare.statistics.studentised import StudentisedMean
from rnncompare.statistics.superiority import probability_of_superiority
from rnncompare.statistics.tasks import GeneralDecision, RandomEffects, decide_in_general, random_effects
from rnncompare.statistics.trials import RateResponse, expected_best, rate_response
from rnncompare.statistics.tuned import ArmGrid, CrossFit, cross_fit, tuned_difference, tuned_proportions

__all__ = [
    "ArmGrid",
    "Band",
    "CrossFit",
    "Decision",
    "Estimate",
    "GeneralDecision",
    "InFamily",
    "Interval",
    "Looks",
    "PairedProportions",
    "PowerAtMargin",
    "RandomEffects",
    "RateResponse",
    "Rule",
    "Standing",
    "StudentisedMean",
    "TargetSize",
    "Verdict",
    "WithTestError",
    "cross_fit",
    "decide",
    "decide_censored",
    "decide_estimate",
    "decide_in_general",
    "difference_band",
    "expected_best",
    "holm",
    "in_family",
    "log_ratio_bounds",
    "mean_interval",
    "median_time",
    "pairs_for_difference",
    "pairs_for_equivalence",
    "pairs_to_settle",
    "power_at_margin",
    "probability_of_superiority",
    "random_effects",
    "rate_response",
    "scaled_margin",
    "scaled_score",
    "size_at_target",
    "slopes_over_log_size",
    "standard_error_of_tests",
    "standing",
    "tuned_difference",
    "tuned_proportions",
    "verdicts_by_margin",
]
