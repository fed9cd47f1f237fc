"""The sets of the UCR/UEA archive: drawn anew for each seed, stratified, apart, scaled by what is trained on."""

import os

import numpy as np
import pytest

from rnncompare.base.errors import SettingError
from rnncompare.tasks.ucr import HASHES, Ucr

CASES = {"ArrowHead": 211, "BasicMotions": 80, "GunPoint": 200, "ItalyPowerDemand": 1096, "PLAID": 1074}
needs_data = pytest.mark.skipif(not os.environ.get("RNNCOMPARE_DATA"), reason="no data folder")


@needs_data
@pytest.mark.parametrize("name", ["ArrowHead", "BasicMotions", "GunPoint", "ItalyPowerDemand"])
def test_each_seed_draws_half_to_train_a_fifth_to_validate_and_the_rest_to_test(name):
    data = Ucr(size="full", set=name).load(seed=1)
    parts = [len(split) for split in (data.train, data.validation, data.test)]
    assert sum(parts) == CASES[name]
    assert np.array(parts) / CASES[name] == pytest.approx([0.5, 0.2, 0.3], abs=0.01)
    rows = [{row.tobytes() for row in split.inputs} for split in (data.train, data.validation, data.test)]
    assert rows[0].isdisjoint(rows[1] | rows[2])
    shares = [np.bincount(split.targets, minlength=len(data.classes)) / len(split) for split in (data.train, data.test)]
    assert shares[0] == pytest.approx(shares[1], abs=0.06)
    frames = np.concatenate([case[:steps] for case, steps in zip(data.train.inputs, data.train.lengths, strict=True)])
    assert frames.mean(0) == pytest.approx(0, abs=1e-4)
    assert frames.std(0) == pytest.approx(1, abs=1e-4)


@needs_data
def test_seeds_draw_differently_and_small_sets_begin_large_ones():
    one, other = (Ucr(size=20, set="GunPoint").load(seed) for seed in (0, 1))
    assert not np.array_equal(one.test.inputs, other.test.inputs)
    whole = Ucr(size="full", set="GunPoint").load(0)
    np.testing.assert_array_equal(whole.train.inputs[:20], one.train.inputs)


@needs_data
def test_appliances_have_unequal_lengths():
    data = Ucr(size="full", set="PLAID").load(0)
    assert len(np.unique(data.train.lengths)) > 10


def test_an_unknown_set_is_refused_with_those_there_are():
    with pytest.raises(SettingError, match=r"data\.set=Wine.*GunPoint"):
        Ucr(set="Wine").check()
    assert set(HASHES) == set(CASES)
