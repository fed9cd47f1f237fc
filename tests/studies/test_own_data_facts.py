"""What the data say before anything is trained: whose luck the interval covers, and what decides."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

import rnncompare
from rnncompare.base.errors import SettingError
from rnncompare.studies.own_data.facts import Facts, facts_of, keep_baselines, kept_baselines
from rnncompare.tasks import from_arrays, from_frame, task_class
from rnncompare.training.settings import ModelSettings, RunSettings


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


def facts(task, metric=None):
    return facts_of(RunSettings(ModelSettings(name="gru"), task).resolved(), metric, 2, 60.0, (), lambda done: None)


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


def test_a_test_file_is_the_same_for_all_though_each_seed_numbers_its_words_anew(tmp_path):
    words = np.random.default_rng(0).choice(["red", "blue", "green", "brown", "grey"], (90, 4))
    for name, rows in (("train", words[:60]), ("test", words[60:])):
        lines = [f"{' '.join(row)},{i % 2}" for i, row in enumerate(rows)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *lines]))
    given = {"path": str(tmp_path / "train.csv"), "test_path": str(tmp_path / "test.csv"), "target": "label"}
    found = facts(task_class("file")(**given))
    assert found.same_test
    assert found.overlap == 0
    assert found.splits == 2  # whose train splits differ, and so their baselines


def test_seeds_that_put_the_same_windows_in_another_order_share_their_splits():
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=2600, freq="D"), "y": noise(2600)})
    assert facts(from_frame(frame, target="y")).splits == 1
    assert facts(from_frame(frame, target="y", size=500)).splits == 2


def test_the_trivial_baseline_is_that_of_the_splits_that_the_others_are_means_over():
    tables = [pd.DataFrame({"model": ["class shares"], "accuracy": [share]}) for share in (0.9, 0.9, 0.9, 0.1)]
    known = {"metric": "accuracy", "chosen_because": "", "higher_is_better": True, "perfect": 1.0, "same_test": False}
    known |= {"trivial": 0.9, "baselines": tables[0], "splits": 4, "overlap": 0.2, "train_examples": 9}
    three = Facts(**known, test_examples=9, tables=tuple(tables), trivial_model="class shares").over(3)
    assert three.trivial_beside == pytest.approx(0.9)
    four = dataclasses.replace(three, tables=(*tables, tables[3])).over(4)
    assert four.trivial_beside == pytest.approx(0.7)
    assert four.margin == three.margin


@pytest.mark.parametrize("integers", [False, True])
def test_test_splits_whose_classes_come_in_the_same_order_are_not_the_same(integers):
    # in a stratified split of two classes alike in number, the classes of every seed's test split may read the same
    x, y = noise(314, 5, 1), np.arange(314) % 2
    found = facts(from_arrays((9 * x).astype(int) % 7 if integers else x, y))
    assert not found.same_test
    assert found.overlap > 0


def test_with_rare_positives_accuracy_does_not_decide_and_the_user_may_say_what_does():
    x, y = noise(200, 5, 1), np.arange(200) % 20 == 0
    found = facts(from_arrays(x, y))
    assert found.metric == "balanced_accuracy"
    assert "rare" in found.chosen_because
    assert found.trivial == pytest.approx(0.5)
    assert facts(from_arrays(x, y), "auc").metric == "auc"
    with pytest.raises(SettingError, match=r"study\.metric=speed"):
        facts(from_arrays(x, y), "speed")


@pytest.mark.parametrize(
    ("rows", "split", "redrawn"), [(300, None, True), (300, "ordered", False), (1500, None, False)]
)
def test_a_small_test_split_of_forecasts_is_drawn_anew_unless_the_user_says_otherwise(rows, split, redrawn):
    days = pd.date_range("2020-01-01", periods=rows, freq="D")
    task = from_frame(pd.DataFrame({"day": days, "y": noise(rows)}), target="y", window=5, split=split)
    found = facts(task)
    assert (found.redrawn, found.same_test) == (redrawn, not redrawn)
    assert (found.overlap > 0) == redrawn
    if redrawn:
        one = found.over(1)
        assert (found.splits, one.splits) == (2, 1)
        assert one.baselines["mean_squared_error"].tolist() == found.tables[0]["mean_squared_error"].tolist()


def test_baselines_are_fitted_once_and_kept_ones_of_another_version_or_torn_are_not_taken(tmp_path, monkeypatch):
    table = pd.DataFrame({"model": ["class shares", "logistic regression"], "accuracy": [0.1 + 0.2, np.nan]})
    path = tmp_path / "baselines.parquet"
    keep_baselines(path, [table, table.assign(accuracy=1 / 3)])
    first, second = kept_baselines(path)
    pd.testing.assert_frame_equal(first, table, check_exact=True)
    assert second["accuracy"].tolist() == [1 / 3] * 2
    with monkeypatch.context() as later:
        later.setattr(rnncompare, "__version__", "later")
        assert kept_baselines(path) == []
    path.write_bytes(path.read_bytes()[:100])
    assert kept_baselines(path) == kept_baselines(tmp_path / "absent") == []
