"""What the data say before anything is trained: whose luck the interval covers, and what decides."""

import numpy as np
import pytest

from rnncompare.base.errors import SettingError
from rnncompare.studies.own_data.question import facts_of
from rnncompare.tasks import from_arrays, task_class
from rnncompare.training.settings import ModelSettings, RunSettings


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


def facts(task, metric=None):
    return facts_of(RunSettings(ModelSettings(name="gru"), task).resolved(), metric, 2, 60.0, None)


def test_a_split_of_its_own_for_each_seed_overlaps_and_a_test_file_is_the_same_for_all(tmp_path):
    x, y = noise(60, 5, 1), np.arange(60) % 2
    own = facts(from_arrays(x, y))
    assert not own.same_test
    assert own.overlap == pytest.approx(9 / 42)
    for name, part in (("train", slice(0, 40)), ("test", slice(40, 60))):
        np.savez(tmp_path / f"{name}.npz", x=x[part], y=y[part])
    paths = {"path": str(tmp_path / "train.npz"), "test_path": str(tmp_path / "test.npz")}
    given = facts(task_class("file")(**paths))
    assert (given.same_test, given.overlap) == (True, 0.0)


def test_with_rare_positives_accuracy_does_not_decide_and_the_user_may_say_what_does():
    x, y = noise(200, 5, 1), np.arange(200) % 20 == 0
    found = facts(from_arrays(x, y))
    assert found.metric == "balanced_accuracy"
    assert "rare" in found.chosen_because
    assert found.trivial == pytest.approx(0.5)
    assert facts(from_arrays(x, y), "auc").metric == "auc"
    with pytest.raises(SettingError, match=r"study\.metric=speed"):
        facts(from_arrays(x, y), "speed")
