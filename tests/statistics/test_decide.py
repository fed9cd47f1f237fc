import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rnncompare.statistics import Interval, decide
from rnncompare.statistics.decision import verdict_of

samples = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=15)
margins = st.sampled_from([0.0, 0.02, 1.0, 20.0])
rules = st.sampled_from(["beats", "equivalent"])


def intervals(low, high, narrow_low, narrow_high, n=10):
    return Interval((low + high) / 2, low, high, n), Interval((low + high) / 2, narrow_low, narrow_high, n)


@pytest.mark.parametrize(
    ("limits", "rule", "expected"),
    [
        ((1.1, 3.0, 1.3, 2.8), "beats", "supported"),
        ((0.9, 3.0, 1.1, 2.8), "beats", "inconclusive"),
        ((-3.0, -1.5, -2.8, -1.7), "beats", "refuted"),
        ((-3.0, 0.9, -2.8, 0.7), "beats", "refuted"),
        ((-0.8, 0.8, -0.7, 0.7), "beats", "equivalent"),
        ((-1.2, 1.2, -0.9, 0.9), "beats", "equivalent"),
        ((0.2, 0.8, 0.3, 0.7), "beats", "equivalent"),
        ((-1.2, 1.2, -1.1, 1.1), "beats", "inconclusive"),
        ((1.1, 3.0, 1.3, 2.8), "equivalent", "refuted"),
        ((-3.0, -1.1, -2.8, -1.3), "equivalent", "refuted"),
        ((-3.0, 0.9, -2.8, 0.7), "equivalent", "inconclusive"),
        ((-1.2, 1.2, -0.9, 0.9), "equivalent", "equivalent"),
        ((-math.inf, 0.9, -math.inf, 0.7), "beats", "refuted"),
        ((math.nan,) * 4, "beats", "inconclusive"),
        ((math.nan,) * 4, "equivalent", "inconclusive"),
    ],
)
def test_verdicts_follow_from_the_intervals_and_a_margin_of_one(limits, rule, expected):
    assert verdict_of(*intervals(*limits), margin=1.0, rule=rule) == expected


def test_four_pairs_are_not_equivalent_however_narrow_their_interval():
    assert verdict_of(*intervals(-0.1, 0.1, -0.1, 0.1, n=4), margin=1.0, rule="equivalent") == "inconclusive"


@given(sample=samples, margin=margins)
def test_exchanging_the_models_mirrors_the_interval(sample, margin):
    one, other = decide(sample, margin), decide([-d for d in sample], margin)
    limits = (other.effect.low, other.effect.high, other.narrow.low, other.narrow.high)
    mirrored = (-one.effect.high, -one.effect.low, -one.narrow.high, -one.narrow.low)
    assert limits == pytest.approx(mirrored, rel=1e-6, abs=1e-9, nan_ok=True)
    equivalence = [decide(d, margin, "equivalent") for d in (sample, [-d for d in sample])]
    assert equivalence[0].verdict == equivalence[1].verdict
    assert equivalence[0].p == pytest.approx(equivalence[1].p, rel=1e-6)


@given(sample=samples, margin=margins, rule=rules, random=st.randoms())
def test_the_order_of_the_pairs_does_not_matter(sample, margin, rule, random):
    shuffled = random.sample(sample, len(sample))
    one, other = decide(sample, margin, rule), decide(shuffled, margin, rule)
    assert one.verdict == other.verdict
    assert (other.effect.low, other.effect.high) == pytest.approx((one.effect.low, one.effect.high), nan_ok=True)


@given(sample=samples, margin=margins)
def test_the_p_value_is_small_exactly_where_the_interval_settles_it(sample, margin):
    claim, equal = decide(sample, margin), decide(sample, margin, "equivalent")
    for decision in (claim, equal):
        if abs(decision.p - 0.05) > 1e-6:
            assert (decision.p < 0.05) == (decision.verdict != "inconclusive")


def test_the_p_value_is_that_of_the_decision_made():
    wide, close = np.linspace(-1, 1, 20), np.linspace(-0.01, 0.01, 20)
    for rule, sample, verdict, alternatives in [
        ("beats", wide + 2, "supported", {"greater": 1.0}),
        ("beats", wide - 1, "refuted", {"less": 1.0}),
        ("beats", close, "equivalent", {"less": 1.0, "greater": -1.0}),
        ("equivalent", close, "equivalent", {"less": 1.0, "greater": -1.0}),
        ("equivalent", wide - 2, "refuted", {"less": -1.0}),
        ("equivalent", wide + 2, "refuted", {"greater": 1.0}),
    ]:
        decision = decide(sample, 1.0, rule)
        one_sided = max(stats.ttest_1samp(sample, value, alternative=way).pvalue for way, value in alternatives.items())
        factor = 1 if verdict == "equivalent" else 2
        assert decision.verdict == verdict
        assert factor * one_sided <= decision.p < max(0.002, 3 * factor * one_sided)


def test_differences_that_do_not_vary_are_never_equivalent():
    for rule in ("beats", "equivalent"):
        decision = decide([0.0] * 50, 0.1, rule)
        assert decision.verdict != "equivalent"
        assert decision.p > 0.05 or decision.verdict == "refuted"


@given(sample=samples)
def test_the_interval_is_no_narrower_than_students_and_at_most_twice_the_corrected_one(sample):
    decision, n = decide(sample, 0.0), len(sample)
    if np.ptp(sample) == 0:
        return
    error = np.std(sample, ddof=1) / math.sqrt(n)
    student, corrected = (stats.t.ppf(1 - 0.025 * s, n - 1) * error for s in (1.0, n**2 / (n**2 + 25)))
    for distance in (decision.effect.mean - decision.effect.low, decision.effect.high - decision.effect.mean):
        assert student * (1 - 1e-9) <= distance <= 2 * corrected * (1 + 1e-9)


def test_the_interval_reaches_farther_on_the_side_of_the_tail():
    effect = decide(np.random.default_rng(1).exponential(size=20), 0.0).effect
    assert effect.high - effect.mean > 1.2 * (effect.mean - effect.low)


def test_many_normal_pairs_give_students_interval():
    sample = stats.norm.ppf((np.arange(500) + 0.5) / 500)
    effect, expected = decide(sample, 0.0).effect, stats.ttest_1samp(sample, 0.0).confidence_interval(0.95)
    assert (effect.low, effect.high) == pytest.approx((expected.low, expected.high), rel=0.05)


@given(sample=samples, rule=rules)
def test_nothing_is_equivalent_within_a_margin_of_zero(sample, rule):
    assert decide(sample, 0.0, rule).verdict != "equivalent"


@pytest.mark.parametrize("rule", ["beats", "equivalent"])
def test_one_pair_and_none_have_no_interval_and_settle_nothing(rule):
    one, none = decide([3.0], 0.0, rule), decide([], 0.0, rule)
    assert (one.verdict, none.verdict) == ("inconclusive", "inconclusive")
    assert one.effect.mean == 3.0
    assert all(math.isnan(x) for x in (one.effect.low, one.effect.high, one.p, none.effect.mean, none.p))
    assert (one.pairs, none.pairs) == (1, 0)


def test_identical_differences_are_judged_as_by_the_sign_test():
    assert decide([0.5] * 5, 0.1).verdict == "inconclusive"
    assert math.isnan(decide([0.5] * 5, 0.1).effect.low)
    six = decide([0.5] * 6, 0.1)
    assert (six.verdict, six.effect) == ("supported", Interval(0.5, 0.5, 0.5, 6))
    assert six.p == stats.binomtest(6, 6).pvalue
    assert decide([0.1] * 6, 0.1).verdict == "inconclusive"
    assert decide([0.3 - 0.1, 0.2, 0.4 - 0.2, 0.5 - 0.3, 0.2], 0.1).verdict == "inconclusive"


def test_one_outlier_among_pairs_alike_widens_the_interval_and_keeps_it_finite():
    effect = decide([0.01, 0.0101, 0.0099, 0.01, 0.0102, 5.0], 0.0).effect
    assert effect.low < 0 < 5 < effect.high < 10


@pytest.mark.parametrize("bad", [[1.0, math.nan], [math.inf, 1.0], [[1.0, 2.0]]])
def test_differences_that_are_not_finite_numbers_are_refused(bad):
    with pytest.raises(ValueError, match="differences"):
        decide(bad, 0.0)


@pytest.mark.parametrize("margin", [-0.1, math.nan, math.inf])
def test_margins_that_are_none_are_refused(margin):
    with pytest.raises(ValueError, match="margin"):
        decide([1.0, 2.0], margin)


def test_an_unknown_rule_is_refused():
    with pytest.raises(ValueError, match="superiority"):
        decide([1.0, 2.0], 0.0, "superiority")
