import math

import numpy as np
import pytest
from scipy import stats

from rnncompare.statistics import decide_censored, log_ratio_bounds, median_time

ALL = np.ones(10, dtype=bool)


def brute_force_median(times, reached):
    """Kaplan and Meier's product, run by run in the order of time, deaths before losses."""
    surviving = 1.0
    for time in sorted(set(times)):
        at_risk = sum(t >= time for t in times)
        surviving *= 1 - sum(t == time and r for t, r in zip(times, reached, strict=True)) / at_risk
        if surviving <= 0.5 + 1e-12:
            return time
    return math.inf


@pytest.mark.parametrize("seed", range(20))
def test_median_times_are_those_of_kaplan_and_meiers_product(seed):
    random = np.random.default_rng(seed)
    times, ends = random.integers(1, 8, size=(2, 9)).astype(float)
    observed, reached = np.minimum(times, ends), times <= ends
    assert median_time(observed, reached) == brute_force_median(observed, reached)


def test_a_median_is_infinite_where_fewer_than_half_arrive_and_unknown_without_runs():
    assert median_time([1.0, 5.0, 5.0], [True, False, False]) == math.inf
    assert median_time([5.0, 5.0], [False, False]) == math.inf
    assert math.isnan(median_time([], []))


def test_a_censored_run_bounds_the_ratio_of_its_pair():
    low, high = log_ratio_bounds([1, 1, 4, 4], [True, True, False, False], [2, 4, 2, 4], [True, False, True, False])
    np.testing.assert_allclose(low, [math.log(2), math.log(4), -math.inf, -math.inf])
    np.testing.assert_allclose(high, [math.log(2), math.inf, math.log(0.5), math.inf])


@pytest.mark.parametrize("n", [6, 10, 17])
def test_without_censoring_the_interval_is_scipys_of_the_median(n):
    a, b = np.random.default_rng(n).lognormal(size=(2, n))
    decision = decide_censored(a, ALL[:1].repeat(n), b, ALL[:1].repeat(n), margin=0.0)
    expected = stats.quantile_test(np.log(b / a), q=0.0, p=0.5)
    limits = expected.confidence_interval(0.95)
    assert (decision.effect.low, decision.effect.high) == pytest.approx((limits.low, limits.high))
    assert decision.effect.mean == pytest.approx(np.median(np.log(b / a)))
    assert decision.direction_p == pytest.approx(min(1.0, expected.pvalue))


def test_models_of_which_one_never_arrives_are_told_apart_though_no_size_of_effect_is_known():
    decision = decide_censored(np.full(10, 3.0), ALL, np.full(10, 30.0), ~ALL, margin=math.log(1.1))
    assert decision.verdict == "supported"
    assert decision.effect.low == pytest.approx(math.log(10))
    assert decision.effect.high == math.inf
    swapped = decide_censored(np.full(10, 30.0), ~ALL, np.full(10, 3.0), ALL, margin=math.log(1.1))
    assert swapped.verdict == "refuted"
    assert swapped.effect.mean == pytest.approx(-decision.effect.mean)


def test_models_of_which_neither_arrives_are_not_told_apart():
    for rule in ("beats", "equivalent"):
        decision = decide_censored(np.full(10, 3.0), ~ALL, np.full(10, 3.0), ~ALL, 0.1, rule)
        assert decision.verdict == "inconclusive"
        assert (decision.effect.mean, decision.effect.low, decision.effect.high) == (0.0, -math.inf, math.inf)
        assert decision.p == 1.0


def test_a_censored_run_counts():
    fast, slow = np.full(10, 1.0), np.full(10, 2.0)
    dropped = decide_censored(fast[:6], ALL[:6], slow[:6], ALL[:6], margin=0.0)
    counted = decide_censored(fast, np.arange(10) < 6, slow, ALL, margin=0.0)
    assert dropped.verdict == "supported"
    assert counted.verdict == "inconclusive"


def test_times_that_hardly_differ_are_equivalent_from_five_pairs_and_equal_ones_say_nothing_of_their_spread():
    assert decide_censored([2.0] * 5, ALL[:5], [2.0] * 4 + [2.1], ALL[:5], 0.1).verdict == "equivalent"
    assert decide_censored([2.0] * 5, ALL[:5], [2.0] * 5, ALL[:5], 0.1).verdict == "inconclusive"
    assert decide_censored([2.0] * 4, ALL[:4], [2.0] * 4, ALL[:4], 0.1).verdict == "inconclusive"
    assert decide_censored([2.0] * 10, ALL, [2.0] * 10, ALL, 0.0).verdict == "inconclusive"
    assert decide_censored([1.0], ALL[:1], [2.0], ALL[:1], 0.0).verdict == "inconclusive"
    assert decide_censored([], [], [], [], 0.0).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("a", "a_reached", "b", "b_reached", "said"),
    [
        ([1.0, 0.0], [True, True], [1.0, 1.0], [True, True], "positive"),
        ([1.0, math.nan], [True, True], [1.0, 1.0], [True, True], "finite"),
        ([1.0], [True], [1.0, 1.0], [True, True], "pair"),
        ([1.0, 1.0], [True], [1.0, 1.0], [True, True], "reached"),
        ([1.0, 1.0], [1.0, math.nan], [1.0, 1.0], [True, True], "reached"),
    ],
)
def test_times_and_flags_that_do_not_fit_are_refused(a, a_reached, b, b_reached, said):
    with pytest.raises(ValueError, match=said):
        decide_censored(a, a_reached, b, b_reached, 0.0)
