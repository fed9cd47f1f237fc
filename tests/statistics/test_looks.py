import numpy as np
import pytest

from rnncompare.statistics import Looks
from rnncompare.statistics.multiplicity import boundaries

FIFTHS = tuple(k / 5 for k in range(1, 6))


def test_bounds_are_the_published_ones_for_five_looks_evenly_spread():
    published = [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]  # DeMets and Lan 1994
    assert boundaries(FIFTHS, 0.05) == pytest.approx(published, abs=1e-4)


def test_over_all_looks_a_model_against_itself_differs_in_five_percent():
    looks = Looks()
    walks = np.random.default_rng(0).normal(size=(100_000, 50)).cumsum(1)
    z = np.stack([walks[:, n - 1] / np.sqrt(n) for n in looks.pairs], axis=1)
    bounds = boundaries(tuple(n / 50 for n in looks.pairs), 0.05)
    assert (np.abs(z) > bounds).any(1).mean() == pytest.approx(0.05, abs=0.0025)


def test_one_look_has_the_whole_error():
    looks = Looks(pairs=(10,))
    assert looks.alpha(10) == pytest.approx(0.05, abs=1e-6)
    assert looks.narrow_alpha(10) == pytest.approx(0.10, abs=1e-6)
    assert looks.overall_p(0.03, 10) == pytest.approx(0.03, rel=1e-3)


@pytest.mark.parametrize("pairs", [10, 20, 30, 50])
def test_the_overall_p_value_is_five_percent_where_the_look_just_decides(pairs):
    looks = Looks()
    assert looks.overall_p(looks.alpha(pairs), pairs) == pytest.approx(0.05, rel=1e-3)
    assert looks.overall_p(looks.narrow_alpha(pairs) / 2, pairs, one_sided=True) == pytest.approx(0.05, rel=1e-3)
    assert looks.overall_p(0.9, pairs) > 0.9


def test_a_look_that_was_not_planned_is_refused():
    with pytest.raises(ValueError, match="10, 20, 30, 50"):
        Looks().alpha(15)
    with pytest.raises(ValueError, match="rising"):
        Looks(pairs=(20, 10))
