import math

import numpy as np
import pytest
from scipy import stats

from rnncompare.statistics import PairedProportions, decide_estimate


def tables(n):
    return [(b, c) for b in range(n + 1) for c in range(n + 1 - b)]


@pytest.fixture(scope="module")
def intervals():
    return {table: PairedProportions(*table, 10).interval(0.95) for table in tables(10)}


@pytest.mark.parametrize("both", [0.0, 0.3, 0.9])
def test_the_interval_holds_every_true_difference_of_ten_pairs_in_95_percent(intervals, both):
    """By enumeration: exact, not simulated. ``both``: how the agreement of the pairs is shared out."""
    for won in np.linspace(0, 1, 21):
        for lost in np.linspace(0, 1 - won, 9) * (1 - both):
            chances = stats.multinomial.pmf(
                [(b, c, 10 - b - c) for b, c in intervals], 10, [won, lost, max(0.0, 1 - won - lost)]
            )
            held = [low.low - 1e-6 <= won - lost <= low.high + 1e-6 for low in intervals.values()]
            assert chances @ held >= 0.95 - 1e-6


@pytest.mark.parametrize("rate", [0.9, 0.95])
def test_a_success_rate_lost_on_one_side_is_held(intervals, rate):
    chance = {losses: stats.binom.pmf(losses, 10, 1 - rate) for losses in range(11)}
    held = sum(
        chance[losses] for losses in range(11) if intervals[0, losses].low <= rate - 1 <= intervals[0, losses].high
    )
    assert held >= 0.95


def test_a_task_that_one_solves_in_93_percent_is_hardly_ever_equivalent_within_two_points():
    for losses in range(11):
        assert decide_estimate(PairedProportions(0, losses, 10), 0.02, "equivalent").verdict != "equivalent"


def test_pairs_that_all_agree_leave_a_wide_interval():
    interval = PairedProportions(0, 0, 10).interval(0.95)
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 10), abs=0.03)
    assert interval.low == -interval.high


def test_with_pairs_that_never_split_both_ways_the_test_is_barnards():
    won, n = 6, 10
    expected = max(
        sum(
            stats.multinomial.pmf([b, c, n - b - c], n, [q, q, 1 - 2 * q])
            for b, c in tables(n)
            if (b - c) * math.sqrt(won) >= won * math.sqrt(b + c) - 1e-9 and b > c
        )
        for q in np.linspace(0, 0.5, 2001)
    )
    assert PairedProportions(won, 0, n).p_above(0.0) == pytest.approx(expected, rel=1e-3)


def test_the_p_value_and_the_interval_agree():
    for table in [(4, 1), (7, 0), (3, 3)]:
        proportions = PairedProportions(*table, 12)
        interval = proportions.interval(0.9)
        assert proportions.p_above(interval.low) == pytest.approx(0.05, abs=0.006)
        assert proportions.p_below(interval.high) == pytest.approx(0.05, abs=0.006)


def test_exchanging_the_models_mirrors_the_interval():
    one, other = PairedProportions(4, 1, 10).interval(0.95), PairedProportions(1, 4, 10).interval(0.95)
    assert (one.low, one.high) == (-other.high, -other.low)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (math.nan, 0, 5)])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(ValueError, match="counts"):
        PairedProportions(*counts)
