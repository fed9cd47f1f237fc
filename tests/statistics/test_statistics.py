import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rnncompare.statistics import Interval, mean_interval

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@given(values=values, confidence=st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_the_interval_is_that_of_the_one_sample_t_test(values, confidence):
    interval = mean_interval(values, confidence)
    if np.std(values) < 1e-9 * (1 + np.abs(values).max()):
        assert (interval.low, interval.high) == pytest.approx(
            (np.mean(values),) * 2, abs=1e-6 * (1 + max(map(abs, values)))
        )
        return
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    assert interval.mean == pytest.approx(np.mean(values))
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-9)
    assert interval.n == len(values)


@pytest.mark.parametrize(("n", "confidence"), [(2, 0.95), (3, 0.95), (5, 0.9), (20, 0.95)])
def test_intervals_hold_the_true_mean_as_often_as_they_say(n, confidence):
    studies = 3000
    random = np.random.default_rng(0)
    intervals = [mean_interval(random.normal(3.0, 2.0, n), confidence) for _ in range(studies)]
    held = sum(interval.low <= 3.0 <= interval.high for interval in intervals)
    assert stats.binomtest(held, studies, confidence).pvalue > 0.001


def test_one_value_has_a_mean_and_no_interval():
    interval = mean_interval([2.5])
    assert interval.mean == 2.5
    assert interval.n == 1
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_equal_values_have_an_interval_of_no_width():
    assert mean_interval([0.5, 0.5, 0.5]) == Interval(0.5, 0.5, 0.5, 3)


def test_no_value_has_no_mean():
    interval = mean_interval([])
    assert math.isnan(interval.mean)
    assert interval.n == 0


@pytest.mark.parametrize("bad", [[1.0, math.nan], [math.inf, 1.0], [math.nan]])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        mean_interval(bad)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_confidence_is_a_share(confidence):
    with pytest.raises(ValueError, match="confidence"):
        mean_interval([1.0, 2.0], confidence)
