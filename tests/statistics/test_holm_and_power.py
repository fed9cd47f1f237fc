"""Holm's adjustment and power."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncompare.statistics import (
    holm,
    pairs_for_difference,
    pairs_for_equivalence,
    pairs_to_settle,
)


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


def test_importing_statistics_does_not_import_scipy():
    code = "import sys, rnncompare.statistics; print('scipy' in sys.modules, 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2
