"""How data are split where the user says how: what a wrong split would let leak, and what each seed tests."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import from_arrays, from_frame
from rnncompare.tasks.file import File
from rnncompare.tasks.user.splits import Splitting, place_of

SPLITS = ("train", "validation", "test")


def visits(patients=20, each=4, steps=3):
    """Several sequences of each patient; x is the patient, so that it tells which ones a split holds."""
    visit = np.repeat(np.arange(patients * each), steps)
    return pd.DataFrame(
        {
            "visit": visit,
            "step": np.tile(np.arange(steps), patients * each),
            "patient": visit // each,
            "x": visit // each * 1.0,
            "y": np.array(["no", "yes"])[visit % 2],
        }
    )


def in_units(data, values):
    """The values of the first column of each split in their own units."""
    encoder = data.prepared.encoder
    name = encoder.names[0]
    return [set(np.round(values(getattr(data, part)) * encoder.scale[name] + encoder.mean[name], 3)) for part in SPLITS]


@pytest.mark.parametrize("folds", [None, 5])
def test_no_patient_is_in_two_splits_and_every_seed_draws_anew(folds):
    task = from_frame(visits(), target="y", split="group", split_by="patient", folds=folds)
    tested = []
    for seed in range(5):
        data = task.load(seed)
        train, validation, test = in_units(data, lambda examples: examples.inputs[:, 0, 0])
        assert sorted([*train, *validation, *test]) == list(range(20))
        assert "patient" not in data.prepared.encoder.names
        tested.append(test)
    assert len(set(map(frozenset, tested))) > 1
    if folds:
        assert sorted(patient for test in tested for patient in test) == list(range(20)), (
            "five folds test each patient once"
        )
        assert "5 folds" in data.understood
    assert "by patient: none of its 20 values is in two splits" in data.understood


def test_ids_in_both_files_are_warned_of_and_refused_where_each_was_to_be_in_one_split(tmp_path):
    both = visits()
    both[both["visit"] % 4 < 2].to_csv(tmp_path / "train.csv", index=False)
    both[both["visit"] % 4 >= 2].to_csv(tmp_path / "test.csv", index=False)
    files = {"path": str(tmp_path / "train.csv"), "test_path": str(tmp_path / "test.csv"), "target": "y"}
    with pytest.raises(
        DataError, match=r"20 of the 20 values of patient in .*test.csv are in .*train.csv too, and data"
    ):
        File(**files, group="visit", split="group", split_by="patient").load(0)
    assert "too; if they are" not in File(**files, group="visit").load(0).understood
    lettered = both[both["visit"] % 4 >= 2].assign(
        patient=lambda frame: frame["patient"].astype(str).replace("3", "x3")
    )
    lettered.to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(DataError, match=r"19 of the 20 values of patient"):
        File(**files, group="visit", split="group", split_by="patient").load(0)
    renumbered = both[both["visit"] % 4 >= 2].assign(visit=lambda frame: frame["visit"] - 2)
    renumbered.to_csv(tmp_path / "test.csv", index=False)
    understood = File(**files, group="visit").load(0).understood
    assert "warning: 40 of the 40 values of visit in" in understood


def test_texts_of_one_author_are_in_one_split():
    frame = pd.DataFrame(
        {
            "text": [f"word{i // 6} is what he says" for i in range(120)],
            "author": np.arange(120) // 6,
            "label": np.array(["a", "b"])[np.arange(120) % 2],
        }
    )
    data = from_frame(frame, target="label", split="group", group="author").load(0)
    unseen = [(getattr(data, part).inputs[:, 0] == 0).mean() for part in SPLITS]
    assert unseen == [0, 1, 1], "the words of the authors held out are not in train"


def test_whole_series_are_held_out_by_group():
    days = pd.date_range("2024-01-01", periods=30, freq="D")
    frame = pd.concat(
        [pd.DataFrame({"day": days, "shop": f"s{i}", "sold": 1000.0 * i + np.arange(30)}) for i in range(10)]
    )
    data = from_frame(frame, target="sold", group="shop", split="group", window=3).load(0)
    mean, spread = data.prepared.mean[0], data.prepared.spread[0]
    shops = [set((getattr(data, part).targets[:, 0] * spread + mean).round().astype(int) // 1000) for part in SPLITS]
    assert [len(part) for part in shops] == [8, 1, 1]
    assert len(set.union(*shops)) == 10


def test_a_group_that_cannot_be_held_out_is_refused():
    one_each = visits().assign(y=lambda frame: frame["patient"].map(lambda i: "rare" if i == 3 else "common"))
    task = from_frame(one_each[one_each["patient"].isin([3, 4, 5])], target="y", split="group", split_by="patient")
    with pytest.raises(DataError, match=r"split=group leaves no training example of a class"):
        task.load(0)
    frame = visits()
    frame.loc[1, "patient"] = 7
    with pytest.raises(DataError, match="column patient, row 1 is '7', another value than the sequence has before"):
        from_frame(frame, target="y", split="group", split_by="patient")
    with pytest.raises(DataError, match="2 values in column patient; at least 3"):
        from_frame(visits(patients=2), target="y", split="group", split_by="patient")


def test_folds_test_each_sequence_once_and_then_anew():
    labels = np.arange(50) % 2
    splitting = Splitting("t", 50, classes=labels, folds=6)
    tests = [splitting.parts(seed, 1).test for seed in range(12)]
    for repetition in (tests[:6], tests[6:]):
        assert sorted(np.concatenate(repetition)) == list(range(50))
        assert all(0.3 < labels[part].mean() < 0.7 for part in repetition), "classes in proportion"
    assert [sorted(part) for part in tests[:6]] != [sorted(part) for part in tests[6:]]
    parts = splitting.parts(3, 1)
    assert sorted(np.concatenate([parts.train, parts.validation, parts.test])) == list(range(50))


def test_in_order_the_last_sequences_are_held_out():
    x = np.arange(40.0)[:, None] + np.zeros((40, 3))
    for seed in (0, 1):
        data = from_arrays(x, np.arange(40) % 2, split="ordered").load(seed)
        train, validation, test = in_units(data, lambda examples: examples.inputs[:, 0, 0])
        assert test == set(range(34, 40))
        assert validation == set(range(28, 34))
        assert train == set(range(28))
    with pytest.raises(DataError, match="split=ordered leaves no training example of a class"):
        from_arrays(x, np.arange(40) // 36, split="ordered").load(0)


def test_fractions_are_those_of_the_splits():
    x, y = np.random.default_rng(0).normal(size=(100, 4)), np.arange(100) % 2
    data = from_arrays(x, y, fractions=[0.6, 0.1, 0.3]).load(0)
    assert [len(getattr(data, part)) for part in SPLITS] == [60, 10, 30]
    series = pd.DataFrame({"y": x.ravel()})
    data = from_frame(series, kind="forecasting", target="y", window=1, fractions=(0.5, 0.25, 0.25)).load(0)
    assert [len(getattr(data, part)) for part in SPLITS] == [199, 100, 100]


def series(rows=100):
    return pd.DataFrame({"day": pd.date_range("2024-01-01", periods=rows, freq="D"), "y": np.arange(rows) * 1.0})


def test_a_rolling_origin_moves_by_seed_and_never_trains_on_what_comes_after():
    task = from_frame(series(), target="y", window=4, split="rolling")
    tests = []
    for seed in range(8):
        data = task.load(seed)
        train, validation, test = (
            np.sort(getattr(data, part).targets[:, 0] * data.prepared.spread[0] + data.prepared.mean[0]).round()
            for part in SPLITS
        )
        assert train[-1] < validation[0]
        assert validation[-1] < test[0]
        assert [len(train), len(validation), len(test)] == [46, 10, 10], "as many for every seed"
        tests.append(tuple(test))
    assert tests[0][-1] == 99, "seed 0 tests the end"
    assert len(set(tests)) == 8
    assert len(set(np.concatenate(tests))) > 30, "the tests are spread over the series"


def test_origins_are_spread_evenly_whatever_the_number_of_seeds():
    places = [place_of(seed) for seed in range(8)]
    assert places[:4] == [1, 0.5, 0.75, 0.25]
    assert sorted(places) == [i / 8 for i in range(1, 9)]


@pytest.mark.parametrize(
    "settings",
    [
        {"split": "rolling"},
        {"folds": 2},
        {"folds": 50},
        {"split_by": "patient"},
        {"split": "group", "split_by": "nobody"},
        {"split": "by patient"},
        {"fractions": (0.5, 0.5)},
        {"fractions": (0.7, 0.2, 0.2)},
        {"fractions": (0.2, 0.4, 0.4)},
        {"split": "ordered", "folds": 5},
    ],
)
def test_a_split_that_cannot_be_is_refused(settings):
    with pytest.raises(SettingError, match=r"data\.(split|folds|fractions)"):
        from_frame(visits(patients=8, each=2), target="y", group="visit", **settings)


def test_forecasts_are_not_split_at_random_nor_plain_text_by_group(tmp_path):
    for settings in ({"split": "random"}, {"folds": 5}):
        with pytest.raises(SettingError, match=r"data\.(split|folds)"):
            from_frame(series(), target="y", **settings)
    (tmp_path / "a.txt").write_text("to be or not to be " * 100)
    with pytest.raises(SettingError, match=r"data\.split=group"):
        File(path=str(tmp_path / "a.txt"), split="group").load(0)


def test_data_without_these_settings_are_known_as_before(tmp_path):
    from test_identity import identity

    x, y = np.arange(60.0).reshape(10, 6), np.arange(10) % 2
    assert identity(from_arrays(x, y)) == "959a023b1d123f0d"
    assert identity(from_arrays(x, y, split="random")) != "959a023b1d123f0d"
    path = tmp_path / "a.csv"
    series().to_csv(path, index=False)
    task = File(path=str(path), target="y")
    assert identity(task) == "5c76d72330e60cde"
    assert len({identity(dataclasses.replace(task, split=how)) for how in (None, "rolling", "ordered")}) == 3


def test_ids_written_as_reals_in_the_test_file_are_the_same_ids(own, tmp_path):
    test = tmp_path / "test.csv"
    head, lines = "rec,patient,x,y\n", [(rec, rec // 3, rec % 7 / 7, rec % 2) for rec in range(60) for _ in range(4)]
    test.write_text(head + "".join(f"{rec + 99},{patient}.0,{x},{y}\n" for rec, patient, x, y in lines))
    with pytest.raises(DataError, match="20 of the 20 values of patient"):
        own(
            head + "".join(f"{rec},{patient},{x},{y}\n" for rec, patient, x, y in lines),
            target="y",
            group="rec",
            split="group",
            split_by="patient",
            test_path=str(test),
        ).load(0)
