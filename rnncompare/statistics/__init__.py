"""From paired measurements to intervals and verdicts: arrays in, small frozen dataclasses out."""

from rnncompare.statistics.censored import decide_censored, log_ratio_bounds, median_time
from rnncompare.statistics.curves import TargetSize, area_under_curve, size_at_target, slopes_over_log_size
from rnncompare.statistics.decision import Decision, Rule, decide
from rnncompare.statistics.family import holm
from rnncompare.statistics.intervals import Interval, bootstrap_interval, mean_interval
from rnncompare.statistics.power import (
    pairs_for_difference,
    pairs_for_equivalence,
    pairs_for_superiority,
    pairs_to_settle,
)
from rnncompare.statistics.superiority import probability_of_superiority

__all__ = [
    "Decision",
    "Interval",
    "Rule",
    "TargetSize",
    "area_under_curve",
    "bootstrap_interval",
    "decide",
    "decide_censored",
    "holm",
    "log_ratio_bounds",
    "mean_interval",
    "median_time",
    "pairs_for_difference",
    "pairs_for_equivalence",
    "pairs_for_superiority",
    "pairs_to_settle",
    "probability_of_superiority",
    "size_at_target",
    "slopes_over_log_size",
]
