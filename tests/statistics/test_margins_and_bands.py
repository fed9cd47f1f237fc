import numpy as np
import pytest

from rnncompare.statistics import (
    Interval,
    decide,
    difference_band,
    power_at_margin,
    verdicts_by_margin,
)
from rnncompare.statistics.decision import verdict_of


def test_the_verdict_by_margin_is_that_of_each_margin():
    effect, narrow = Interval(0.1, 0.05, 0.15, 10), Interval(0.1, 0.06, 0.14, 10)
    assert verdicts_by_margin(effect, narrow, "beats") == [
        (0, "supported"),
        (0.05, "inconclusive"),
        (0.14, "equivalent"),
    ]
    crossing = Interval(-0.1, -0.3, 0.1, 10), Interval(-0.1, -0.2, 0.05, 10)
    for rule in ("beats", "equivalent"):
        steps = verdicts_by_margin(*crossing, rule)
        for margin in (0.01, 0.07, 0.15, 0.25, 0.5):
            said = [verdict for start, verdict in steps if start < margin][-1]
            assert said == verdict_of(*crossing, margin, rule)


def test_power_at_the_margin_is_that_of_the_judge():
    power = power_at_margin(spread=2.0, margin=1.0, pairs=44)
    random = np.random.default_rng(0)
    found = [decide(random.normal(0, 2.0, 44), 1.0).effect.high < 1.0 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(power, abs=0.03)


def test_a_simultaneous_band_holds_the_whole_curve_in_95_percent_and_the_pointwise_one_does_not():
    random = np.random.default_rng(0)
    held = []
    for _ in range(300):
        band = difference_band(random.normal(size=(10, 8)).cumsum(1))
        held.append(((band.low <= 0) & (band.high >= 0)).all())
        held.append(((band.simultaneous_low <= 0) & (band.simultaneous_high >= 0)).all())
    assert np.mean(held[1::2]) >= 0.94
    assert np.mean(held[::2]) < 0.92


def test_one_budget_has_the_interval_of_the_judge():
    sample = np.random.default_rng(1).normal(size=(30, 1))
    band, effect = difference_band(sample), decide(sample[:, 0], 0.0).effect
    assert (band.low[0], band.high[0]) == (effect.low, effect.high)
    assert band.simultaneous_low[0] == pytest.approx(effect.low, abs=0.05)
