"""Superiority, Holm's adjustment, power and curves."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rnncompare.statistics import (
    holm,
    pairs_for_difference,
    pairs_for_equivalence,
    pairs_to_settle,
    probability_of_superiority,
    size_at_target,
    slopes_over_log_size,
)


def test_superiority_without_ties_is_the_binomial_share_with_its_exact_interval():
    a = np.arange(12.0)
    b = np.where(a < 9, a - 0.5, a + 0.5)
    share = probability_of_superiority(a, b)
    expected = stats.binomtest(9, 12).proportion_ci(0.95, method="exact")
    assert (share.mean, share.low, share.high) == pytest.approx((0.75, expected.low, expected.high))
    assert probability_of_superiority(a, b, higher_is_better=False).mean == 0.25


def test_superiority_counts_ties_half_and_is_never_certain():
    assert probability_of_superiority([1, 1, 2, 0], [1, 1, 1, 1]).mean == 0.5
    all_won = probability_of_superiority([1.0] * 5, [0.0] * 5)
    assert (all_won.mean, all_won.high) == (1.0, 1.0)
    assert all_won.low == pytest.approx(0.025 ** (1 / 5))
    none = probability_of_superiority([], [])
    assert math.isnan(none.mean)
    assert (none.low, none.high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="pair"):
        probability_of_superiority([1.0], [1.0, 2.0])


def test_holm_adjusts_as_in_a_worked_example():
    # Aickin and Gensler 1996: the smallest times the number of claims, the next times one fewer, never falling
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.02, math.nan, 0.04]), [0.04, math.nan, 0.04])
    assert holm([]).size == 0
    with pytest.raises(ValueError, match="p-values"):
        holm([1.2])


@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_the_raw_and_bonferronis_and_keeps_the_order(p):
    adjusted, raw = holm(p), np.array(p)
    assert (adjusted >= raw).all()
    assert (adjusted <= np.minimum(1, len(p) * raw)).all()
    assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()


def test_the_pairs_for_equivalence_are_those_of_the_literature():
    assert pairs_for_equivalence(0.5) == 44


def test_pairs_for_a_difference_fall_with_it_and_rise_with_power():
    assert 14 <= pairs_for_difference(1.0) <= 16  # Student's t alone needs 13
    needed = [pairs_for_difference(distance) for distance in (0.1, 0.5, 1.0, 5.0, 100.0)]
    assert needed == sorted(needed, reverse=True)
    assert pairs_for_difference(0.1) == pytest.approx((1.96 + 1.2816) ** 2 / 0.01, rel=0.01)
    assert pairs_for_difference(1.0, power=0.99) > pairs_for_difference(1.0, power=0.8)
    assert pairs_for_difference(0.0) is None
    assert pairs_for_difference(1e-5) is None
    assert pairs_for_equivalence(0.5, shift=0.6) is None
    assert pairs_for_equivalence(100.0) == 5
    for power in (0.0, 1.0):
        with pytest.raises(ValueError, match="power"):
            pairs_for_difference(1.0, power)


def test_what_would_settle_a_claim_is_the_cheaper_of_its_ways_out():
    unit = np.array([-1.0, 1.0]) * math.sqrt(0.5)  # mean 0, standard deviation 1
    assert pairs_to_settle(unit + 2, 1.0) == pairs_for_difference(1.0)
    assert pairs_to_settle(unit - 2, 1.0) == pairs_for_difference(3.0)
    assert pairs_to_settle(10 * unit, 5.0) == min(pairs_for_equivalence(0.5), pairs_for_difference(-0.5))
    assert pairs_to_settle(unit, 0.5, "equivalent") == 44
    assert pairs_to_settle(unit - 2, 1.0, "equivalent") == pairs_for_difference(1.0)
    assert pairs_to_settle(unit, 0.0, "equivalent") is None
    assert pairs_to_settle([1.0], 0.0) is None
    assert pairs_to_settle([1.0, 1.0], 0.0) is None


def test_a_target_is_reached_between_sizes_by_interpolation_in_their_logs():
    reached = size_at_target([100, 400, 1600], [0.5, 0.7, 0.9], 0.6)
    assert (reached.size, reached.reached, reached.at_smallest) == (pytest.approx(200), True, False)
    falling = size_at_target([100, 400, 1600], [3.0, 2.0, 1.0], 1.5, higher_is_better=False)
    assert falling.size == pytest.approx(800)
    never = size_at_target([100, 400], [0.5, 0.7], 0.8)
    assert (never.size, never.reached) == (pytest.approx(400), False)
    at_once = size_at_target([100, 400], [0.9, 0.7], 0.8)
    assert (at_once.size, at_once.reached, at_once.at_smallest) == (pytest.approx(100), True, True)
    dipping = size_at_target([100, 200, 400, 800], [0.0, 1.0, 0.0, 1.0], 1.0)
    assert dipping.size == pytest.approx(200)
    assert size_at_target([64], [0.5], 0.8).reached is False


@given(slope=st.floats(-5, 5), offset=st.floats(-5, 5))
def test_slopes_are_those_of_a_line_over_the_binary_log(slope, offset):
    sizes = np.array([30, 100, 1000, 1024])
    noise = np.array([[0.1, -0.3, 0.2, 0.0], [0.0, 0.0, 0.0, 0.0]])
    differences = offset + slope * np.log2(sizes) + noise
    expected = [np.polyfit(np.log2(sizes), row, 1)[0] for row in differences]
    np.testing.assert_allclose(slopes_over_log_size(sizes, differences), expected, atol=1e-9)


@pytest.mark.parametrize("sizes", [[1, 1], [2, 1], [0, 1], [1]])
def test_sizes_that_do_not_rise_are_refused(sizes):
    with pytest.raises(ValueError, match="sizes"):
        slopes_over_log_size(sizes, [1.0] * len(sizes))


def test_curves_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="quality"):
        size_at_target([1, 2], [1.0, 2.0, 3.0], 1.0)
    with pytest.raises(ValueError, match="differences"):
        slopes_over_log_size([1, 2], [1.0, math.nan])
    with pytest.raises(ValueError, match="target"):
        size_at_target([1, 2], [1.0, 2.0], math.nan)
    with pytest.raises(ValueError, match="one curve"):
        size_at_target([1, 2], [[1.0, 2.0]], 1.0)


def test_importing_statistics_does_not_import_scipy():
    code = "import sys, rnncompare.statistics; print('scipy' in sys.modules, 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2
