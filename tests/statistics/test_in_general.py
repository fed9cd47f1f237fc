import numpy as np
import pytest
from scipy.stats import ttest_1samp

from rnncompare.statistics import (
    StudentisedMean,
    WithTestError,
    decide,
    decide_estimate,
    decide_in_general,
    random_effects,
)
from tools.calibrate import ERRORS as ERRORS_OF_STUDIES

EFFECTS = [0.30, -0.10, 0.12, 0.45, 0.05, 0.22, -0.02, 0.36]
ERRORS = [0.05, 0.08, 0.04, 0.12, 0.06, 0.05, 0.09, 0.10]


def test_the_mean_over_tasks_has_students_interval():
    found = random_effects(EFFECTS, ERRORS)
    expected = ttest_1samp(EFFECTS, 0.1, alternative="greater")
    low, high = ttest_1samp(EFFECTS, 0).confidence_interval(0.95)
    interval = found.interval(0.95)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((np.mean(EFFECTS), low, high))
    assert found.p_above(0.1) == pytest.approx(expected.pvalue)
    assert found.tau2 == pytest.approx(np.var(EFFECTS, ddof=1) - np.mean(np.square(ERRORS)))


@pytest.mark.parametrize("errors", ERRORS_OF_STUDIES.values(), ids=ERRORS_OF_STUDIES)
@pytest.mark.parametrize("tau", [0.0, 0.3, 0.5, 1.0])
def test_the_mean_over_tasks_of_unequal_errors_is_missed_in_at_most_one_study_of_twenty(errors, tau):
    errors, random = np.array(errors), np.random.default_rng(0)
    missed = equivalent = 0
    for _ in range(1000):
        truth = 1 + tau * random.normal(size=len(errors))  # the mean is the margin
        sample = random_effects(truth + errors * random.normal(size=len(errors)), errors)
        interval = sample.interval(0.95)
        missed += not interval.low <= 1 <= interval.high
        equivalent += decide_estimate(sample, 1.0, "equivalent").verdict == "equivalent"
    assert missed / 1000 <= 0.05 + 2 * 0.007
    assert equivalent / 1000 <= 0.05 + 2 * 0.007


def test_the_scatter_of_tasks_is_told_from_their_own_errors():
    same = random_effects([0.1, 0.11, 0.09, 0.1, 0.1], [0.2] * 5)
    assert (same.tau2, same.i2) == (0.0, 0.0)
    apart = random_effects([0.1, 1.1, -0.9, 0.3, 0.4], [0.2] * 5)
    assert apart.i2 == pytest.approx(1 - 0.2**2 / np.var(apart.effects, ddof=1))


def test_the_interval_for_a_new_task_holds_it_as_often_as_it_says():
    random = np.random.default_rng(0)
    held = []
    for _ in range(600):
        truth = random.normal(0.1, 0.1, size=9)
        errors = random.uniform(0.05, 0.15, size=8)
        found = random_effects(truth[:8] + errors * random.normal(size=8), errors).prediction(0.95)
        held.append(found.low <= truth[8] <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_task_that_alone_makes_the_difference_is_named():
    effects = [0.0, 0.01, -0.01, 0.0, 0.02, -0.02, 0.01, 0.8]
    by_task = [decide([e - 0.01, e, e + 0.01, e, e + 0.005, e - 0.005], 0.05) for e in effects]
    general = decide_in_general(by_task, random_effects(effects, [0.02] * 8), 0.05, "equivalent")
    assert general.verdict == "inconclusive"
    assert general.rests_on == [7]


def test_tasks_better_in_both_directions_depend_on_the_task():
    effects = [0.5, 0.4, -0.5, -0.45, 0.0]
    noise = np.linspace(-0.05, 0.05, 10)
    by_task = [decide(e + noise, 0.1) for e in effects]
    general = decide_in_general(by_task, random_effects(effects, [0.02] * 5), 0.1)
    assert general.verdict == "depends on the task"


def test_the_mean_over_two_tasks_says_nothing_in_general():
    with pytest.raises(ValueError, match="at least 3"):
        random_effects([0.1, 0.2], [0.1, 0.1])
    assert random_effects([0.1, 0.2, 0.3], [0.1, 0.1, 0.1]).leave_one_out() == []


def test_tasks_without_any_spread_settle_nothing():
    decision = decide_estimate(random_effects([0.0] * 8, [0.0] * 8), 0.1, "equivalent")
    assert decision.verdict == "inconclusive"


def test_a_task_without_spread_of_its_own_counts_as_any_other():
    assert random_effects([1.129, -0.169, 0.263, 0.504, 0.0], [0.8, 0.6, 0.3, 0.6, 0.0]).mean == pytest.approx(0.3454)


def test_a_test_set_adds_its_own_error_and_settles_what_seeds_alone_would():
    sample = np.random.default_rng(1).normal(0.1, 0.05, size=30)
    seeds = StudentisedMean(sample)
    both = WithTestError(seeds, 0.1)
    assert decide_estimate(seeds, 0.0).verdict == "supported"
    decision = decide_estimate(both, 0.0)
    assert decision.verdict == "inconclusive"
    assert decision.p > 0.05
    half = np.hypot(seeds.mean - seeds.interval(0.95).low, 1.959964 * 0.1)
    assert decision.effect.low == pytest.approx(seeds.mean - half)
    none = decide_estimate(WithTestError(seeds, 0.0), 0.02)
    assert none.p == pytest.approx(decide(sample, 0.02).p, rel=0.05)
