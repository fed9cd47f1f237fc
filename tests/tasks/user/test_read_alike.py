"""New data and test files are read as the training file was, whatever types and forms their own cells suggest."""

import json
import os

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks import from_arrays, from_frame
from rnncompare.tasks.file import File
from rnncompare.tasks.user.files.frames import table_of
from rnncompare.tasks.user.new_data import arrays_without_targets, read, read_new
from rnncompare.tasks.user.prepared import Prepared

ZONES = np.random.default_rng(0).integers(1, 6, 200)
CASES = {"id": np.repeat(np.arange(40), 5), "x": np.arange(200) % 7 / 3.0}
LABELS = np.repeat(np.where(np.arange(40) % 2, "yes", "no"), 5)


def carried(data):
    """What a saved model carries of how its data were read."""
    return Prepared.from_state(json.loads(json.dumps(data.prepared.state())))


def written(folder, frame, name, **layout):
    frame.to_csv(folder / name, index=False, **layout)
    return folder / name


def codes_in(prepared, path):
    """The codes of the first column of categories, row by row."""
    examples, _ = read(prepared, read_new(path, prepared))
    return examples.inputs[..., 0].reshape(-1)


def zones(values):
    return pd.DataFrame({**CASES, "zone": values, "label": LABELS})


@pytest.mark.parametrize(
    ("train", "new"),
    [
        (ZONES.astype(object), ["odd", *ZONES[1:]]),
        (["A1", *(f"{zone:02}" for zone in ZONES[1:])], [f"{zone:02}" for zone in ZONES]),
        ([f"{zone:02}" if i % 2 else str(zone) for i, zone in enumerate(ZONES)] + [], None),
    ],
    ids=["one odd cell in numbers", "numbers alone in a column of texts", "as in training"],
)
def test_categories_are_told_by_what_they_say(tmp_path, train, new):
    path = written(tmp_path, zones(train), "train.csv")
    prepared = carried(File(path=str(path), target="label", group="id", categorical=("zone",)).load(0))
    before = codes_in(prepared, path)
    after = codes_in(prepared, path if new is None else written(tmp_path, zones(new), "new.csv"))
    assert (before[1:] > 0).all()
    np.testing.assert_array_equal(after[1:], before[1:])


@pytest.mark.parametrize("odd", ["train", "test"])
def test_a_test_file_has_the_categories_and_labels_of_training(tmp_path, odd):
    def table(column, extra):
        label = np.repeat(np.where(np.arange(40) % 2, "1", "2"), 5)
        return pd.DataFrame({**CASES, "zone": [extra, *column[1:]], "label": label})

    train = written(tmp_path, table(ZONES.astype(object), "odd" if odd == "train" else 1), "train.csv")
    test = written(tmp_path, table(ZONES.astype(object), "odd" if odd == "test" else 1), "test.csv")
    reading = {"target": "label", "group": "id", "categorical": ("zone",), "kind": "classification"}
    data = File(path=str(train), test_path=str(test), **reading).load(0)
    known = data.test.inputs[..., 0].reshape(-1) > 0
    assert known.mean() > 0.98


def test_labels_that_are_numbers_in_one_file_and_text_in_the_other_are_the_same(tmp_path):
    frame = zones(ZONES).assign(label=np.repeat(1 + np.arange(40) % 2, 5))
    train = written(tmp_path, frame, "train.csv")
    test = written(tmp_path, frame.assign(label=frame["label"].map('"{}"'.format)), "test.csv", quoting=3)
    parquet = tmp_path / "test.parquet"
    frame.assign(label=frame["label"].astype(str)).to_parquet(parquet)
    for path in (test, parquet):
        assert File(path=str(train), test_path=str(path), target="label", group="id").load(0).classes == ["1", "2"]


def test_a_file_whose_categories_are_all_new_is_said(tmp_path):
    train = written(tmp_path, zones([f"z{zone}" for zone in ZONES]), "train.csv")
    new = written(tmp_path, zones([f"other{zone}" for zone in ZONES]), "new.csv")
    data = File(path=str(train), target="label", group="id").load(0)
    with pytest.warns(UserWarning, match="column zone: 100% of the values were not seen in training, 'other"):
        codes_in(carried(data), new)
    said = File(path=str(train), test_path=str(new), target="label", group="id").load(0).understood
    assert "warning: " in said
    assert "column zone: 100% of the values were not seen in training" in said


def test_files_of_a_folder_agree_on_what_a_column_is(tmp_path):
    for i in range(20):
        zone = ["7", "A7", "07"][i % 3] if i % 2 else str(i % 3)
        pd.DataFrame({"x": np.arange(5.0), "zone": zone, "label": "ab"[i % 2]}).to_csv(
            tmp_path / f"f{i:02}.csv", index=False
        )
    data = File(path=str(tmp_path), target="label", categorical=("zone",)).load(0)
    found = set(data.prepared.encoder.levels["zone"])
    assert found <= {"7", "A7", "07", "0", "1", "2"}
    assert all(isinstance(level, str) for level in found)


@pytest.mark.parametrize(
    ("layout", "settings"),
    [
        ({"encoding": "cp1251"}, {"encoding": "cp1251"}),
        ({"header": False}, {"header": False, "target": "column4", "group": "column1"}),
        ({"sep": "^"}, {"delimiter": "^"}),
        ({"sep": ";", "decimal": ","}, {"decimal": "comma"}),
    ],
)
def test_new_files_are_laid_out_as_the_training_file(tmp_path, layout, settings):
    frame = zones([f"район {zone}" for zone in ZONES])
    path = written(tmp_path, frame, "train.csv", **layout)
    data = File(path=str(path), **{"target": "label", "group": "id", **settings}).load(0)
    assert (codes_in(carried(data), path) > 0).all()
    table = tmp_path / "new.parquet"
    if settings.get("header", True):
        frame.to_parquet(table)
        assert (codes_in(carried(data), table) > 0).all()


def hourly(times):
    return pd.DataFrame({"date": times, "load": np.sin(np.arange(len(times)) / 3)})


def forecast_dates(frame, window=6, horizon=2, new=None, **reading):
    prepared = carried(from_frame(frame, target="load", window=window, horizon=horizon, **reading).load(0))
    return read(prepared, table_of(frame if new is None else new, "new"))[1]["date"].tolist()


@pytest.mark.parametrize("frequency", ["MS", "ME", "QE", "YS", "B", "W-WED", "D", "h", "15min", "BME"])
@pytest.mark.parametrize("hole", [None, 3, 1])
def test_forecasts_come_when_the_next_rows_would(frequency, hole):
    times = pd.date_range("2001-01-31", periods=122, freq=frequency)
    frame = hourly(times[:-2])
    if hole is not None:
        frame = frame.drop(len(frame) - 1 - hole)
    assert forecast_dates(frame) == times[-2:].tolist()


def test_months_on_a_day_of_their_own_are_forecast_on_that_day():
    times = [pd.Timestamp("2010-01-15") + pd.DateOffset(months=i) for i in range(62)]
    assert forecast_dates(hourly(times[:-2])) == times[-2:]


def test_rows_that_are_known_in_advance_have_times_of_their_own():
    times = pd.date_range("2024-01-01", periods=100, freq="D").delete([96, 98])
    frame = hourly(times).assign(promotion=np.arange(98) % 3)
    new = frame.assign(load=frame["load"].where(np.arange(98) < 96))
    assert forecast_dates(frame, known=("promotion",), new=new) == times[-2:].tolist()


def test_series_of_another_frequency_are_said():
    days = hourly(pd.date_range("2024-01-01", periods=100, freq="D"))
    weeks = hourly(pd.date_range("2024-01-07", periods=30, freq="W"))
    with pytest.warns(UserWarning, match="another frequency than in training, W-SUN in place of D"):
        found = forecast_dates(days, new=weeks)
    assert found == list(pd.date_range("2024-08-04", periods=2, freq="W"))


def events(start=1_700_000_000_000):
    random = np.random.default_rng(0)
    times = start + np.cumsum(random.integers(1, 10**7, 320))
    names = random.choice(["a", "b", "c"], 320)
    return pd.DataFrame({"id": np.repeat(np.arange(40), 8), "t": times, "what": names, "label": np.repeat([0, 1], 160)})


@pytest.mark.parametrize("name", ["t", "step", "order", "index", "time", "ts"])
def test_times_as_numbers_are_read_as_in_training(name, tmp_path):
    frame = events().rename(columns={"t": name})
    data = from_frame(frame, target="label", group="id", kind="events").load(0)
    prepared = carried(data)
    assert prepared.events
    examples, _ = read(prepared, table_of(frame.drop(columns="label"), "new"))
    seen = {row.tobytes() for row in examples.inputs}
    assert {row.tobytes() for row in data.train.inputs} <= seen
    path, test = written(tmp_path, frame, "train.csv"), written(tmp_path, frame, "test.csv")
    both = File(path=str(path), test_path=str(test), target="label", group="id", kind="events").load(0)
    assert {row.tobytes() for row in both.train.inputs} <= {row.tobytes() for row in both.test.inputs}


def test_times_that_cannot_be_those_of_training_are_refused():
    dates = events().assign(t=pd.date_range("2024-01-01", periods=320, freq="h"))
    counts = events().assign(t=np.tile(np.arange(8), 40))
    reading = {"target": "label", "group": "id", "time": "t", "kind": "events"}
    for train, new, wrong in (
        (counts, dates, "column t has dates, but had numbers in training"),
        (dates, counts, "column t has numbers that are no times, but had times in training"),
    ):
        prepared = carried(from_frame(train, **reading).load(0))
        with pytest.raises(DataError, match=wrong):
            read(prepared, table_of(new, "new"))


def panel():
    days = pd.date_range("2024-01-01", periods=60)
    return pd.DataFrame(
        {
            "shop": np.repeat(["n", "s"], 60),
            "day": np.tile(days, 2),
            "sold": np.concatenate([np.arange(60.0), 500 - np.arange(60.0)]),
        }
    )


@pytest.mark.parametrize(
    ("indexed", "names"),
    [
        (panel().set_index(["shop", "day"]), "2 groups of"),
        (panel().set_index("shop"), "2 groups of"),
        (panel().head(60).drop(columns="shop").set_index("day").to_period("D").iloc[::-1], "daily"),
        (panel().head(60).drop(columns="shop").assign(day=lambda f: f["day"].astype(str)).set_index("day"), "daily"),
        (panel().head(60).drop(columns="shop").set_index("day").rename_axis(None), "daily"),
    ],
    ids=["levels", "group", "periods", "texts", "no name"],
)
def test_an_index_that_does_not_count_rows_is_read(indexed, names):
    data = from_frame(indexed, target="sold", window=5).load(0)
    assert names in data.understood
    _, rows = read(carried(data), table_of(indexed, "new"))
    assert len(rows) == (2 if "groups" in names else 1)
    if "daily" in names:
        time = rows.columns[0]
        assert rows[time].tolist() == [pd.Timestamp("2024-03-01")]


@pytest.mark.parametrize("order", [1, -1])
def test_an_index_of_dates_without_a_name_is_the_time_of_a_file(tmp_path, order):
    days = pd.Series(np.arange(100.0), pd.date_range("2024-01-01", periods=100), name="load")
    days.iloc[::order].to_csv(tmp_path / "days.csv")
    data = File(path=str(tmp_path / "days.csv"), target="load", window=4).load(0)
    assert "forecasting, daily" in data.understood
    _, rows = read(carried(data), read_new(tmp_path / "days.csv", data.prepared))
    assert rows.iloc[0, 0] == pd.Timestamp("2024-04-10")


def test_columns_that_are_numbers_periods_decimals_or_levels_are_read():
    from decimal import Decimal

    values = np.random.default_rng(0).normal(size=(60, 3))
    by_number = pd.DataFrame(values)
    assert from_frame(by_number, target=0, window=4, kind="forecasting").load(0).prepared.target == "0"
    assert from_frame(by_number, target=[0, 2], window=4, kind="forecasting").load(0).prepared.target == "0,2"
    levels = pd.DataFrame(values[:, :2], columns=pd.MultiIndex.from_tuples([("close", "A"), ("close", "B")]))
    assert from_frame(levels, target="close_A", window=4, kind="forecasting").load(0).features == 2
    months = pd.period_range("2000-01", periods=60, freq="M")
    money = pd.DataFrame({"month": months, "paid": [Decimal(i) / 7 for i in range(60)]})
    assert "forecasting, monthly" in from_frame(money, target="paid", window=4).load(0).understood
    with pytest.raises(DataError, match="column x has complex numbers"):
        from_frame(pd.DataFrame({"x": values[:, 0] + 1j, "y": values[:, 1]}), target="y")


def arrays(steps=6):
    random = np.random.default_rng(0)
    return random.normal(size=(40, steps, 2)), random.integers(0, 3, (40, steps))


def test_lengths_beside_arrays_are_heeded(tmp_path):
    x, _ = arrays()
    lengths = np.random.default_rng(1).integers(2, 7, 40)
    x[np.arange(6) >= lengths[:, None]] = 0
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(40) % 2, lengths=lengths)
    data = File(path=str(tmp_path / "a.npz")).load(0)
    assert "40 sequences of 2 to 6 steps" in data.understood
    examples, _ = read(carried(data), read_new(tmp_path / "a.npz", carried(data)))
    np.testing.assert_array_equal(examples.lengths, lengths)
    np.savez(tmp_path / "b.npz", x=x, y=np.arange(40) % 2, lengths=lengths + 3)
    with pytest.raises(DataError, match=r"the length of sequence \d+ is \d; it has 1 to 6 steps"):
        File(path=str(tmp_path / "b.npz")).load(0)


def test_labels_of_steps_are_classes_at_every_step(tmp_path):
    x, y = arrays()
    lengths = np.random.default_rng(1).integers(2, 7, 40)
    np.savez(tmp_path / "a.npz", x=x, y=y, lengths=lengths)
    data = File(path=str(tmp_path / "a.npz")).load(0)
    assert "target y at every step (3 classes)" in data.understood
    assert data.objective.readout == "every"
    prepared = carried(data)
    examples, rows = read(prepared, read_new(tmp_path / "a.npz", prepared))
    said = prepared.predictions(np.eye(3)[y], rows)
    assert len(said) == lengths.sum()
    chosen = np.arange(6) < lengths[:, None]
    np.testing.assert_array_equal(said["y"].astype(int), y[chosen])
    np.testing.assert_array_equal(said["sequence"], np.repeat(np.arange(40), lengths))
    ragged = from_arrays([x[i, :n] for i, n in enumerate(lengths)], [y[i, :n] for i, n in enumerate(lengths)]).load(0)
    np.testing.assert_array_equal(ragged.test.targets, data.test.targets)
    assert "(6 values of each sequence" in from_arrays(x, y, kind="regression").load(0).understood
    assert len(examples) == 40


def test_one_hot_labels_are_classes_and_several_labels_are_refused():
    x, _ = arrays()
    classes = np.arange(40) % 3
    data = from_arrays(x, np.eye(3, dtype=int)[classes]).load(0)
    assert "3 classes, one-hot" in data.understood
    np.testing.assert_array_equal(data.test.targets, from_arrays(x, classes).load(0).test.targets)
    with pytest.raises(DataError, match=r"several labels a sequence are not for this; data\.kind"):
        from_arrays(x, np.ones((40, 3), int))
    with pytest.raises(DataError, match="y is a list of lists of unequal lengths"):
        from_arrays(x, [[1] * (1 + i % 2) for i in range(40)])


@pytest.mark.skipif(os.name == "nt", reason="names of files are text there")
def test_a_folder_with_names_that_are_no_utf_8_is_read(tmp_path):
    folder = os.fsencode(tmp_path)
    try:
        for i in range(20):
            with open(os.path.join(folder, b"r\xe9%02d.csv" % i), "w") as file:
                file.write("x,label\n" + f"{i},{'ab'[i % 2]}\n" * 4)
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    task = File(path=str(tmp_path), target="label")
    assert len(task.identity()) == 64
    assert task.load(0).classes == ["a", "b"]


@pytest.mark.parametrize("name", ["sequence", "step", "row"])
def test_columns_called_as_ours_are_kept_in_predictions(name):
    frame = zones(ZONES).rename(columns={"id": name}).assign(y=np.arange(200) % 2)
    prepared = carried(from_frame(frame.drop(columns="label"), target="y", group=name).load(0))
    examples, rows = read(prepared, table_of(frame, "new"))
    said = prepared.predictions(np.zeros((*examples.inputs.shape[:2], 2)), rows)
    assert said[name].tolist() == frame[name].tolist()
    series = panel().rename(columns={"shop": name})
    prepared = carried(from_frame(series, target="sold", group=name, window=5).load(0))
    assert read(prepared, table_of(series, "new"))[1][name].tolist() == ["n", "s"]


def test_numbers_missing_as_none_was_in_training_are_said():
    frame = hourly(pd.date_range("2024-01-01", periods=100, freq="D")).assign(heat=np.arange(100.0))
    prepared = carried(from_frame(frame, target="load", window=6).load(0))
    inside = frame.assign(heat=frame["heat"].where(np.arange(100) != 97))
    with pytest.warns(UserWarning, match="column heat: 1 value of 6 missing, where none was in training"):
        read(prepared, table_of(inside, "new"))
    ahead = frame.assign(load=frame["load"].where(np.arange(100) < 97))
    with pytest.warns(UserWarning, match="3 rows after the last load not read; forecasts begin there"):
        examples, rows = read(prepared, table_of(ahead, "new"))
    assert rows["date"].tolist() == [pd.Timestamp("2024-04-07")]
    np.testing.assert_array_equal(examples.inputs, read(prepared, table_of(frame.head(97), "new"))[0].inputs)
    cases = zones(ZONES)
    prepared = carried(from_frame(cases, target="label", group="id").load(0))
    with pytest.warns(UserWarning, match="column x: 5 values of 200 missing"):
        read(prepared, table_of(cases.assign(x=cases["x"].where(cases["id"] != 3)), "new"))


def test_arrays_to_predict_for_may_be_padded_lists_or_tensors():
    import torch

    x, _ = arrays()
    lengths = np.random.default_rng(1).integers(2, 7, 40)
    x[np.arange(6) >= lengths[:, None]] = 0
    prepared = carried(from_arrays(x, np.arange(40) % 2, lengths).load(0))
    expected = read(prepared, arrays_without_targets(x, lengths))[0]
    tensors = [torch.tensor(x[i, :n], requires_grad=True) for i, n in enumerate(lengths)]
    for given in (arrays_without_targets(tensors), arrays_without_targets(torch.tensor(x), torch.tensor(lengths))):
        found = read(prepared, given)[0]
        np.testing.assert_array_equal(found.inputs, expected.inputs)
        np.testing.assert_array_equal(found.lengths, lengths)
    assert from_arrays(torch.tensor(x, dtype=torch.bfloat16), np.arange(40) % 2).load(0).features == 2
    assert from_arrays(pd.DataFrame(x[..., 0]), pd.Series(np.arange(40) % 2)).load(0).features == 1


def test_one_hot_labels_of_as_many_classes_as_steps_are_classes():
    x, _ = arrays()
    one_hot = np.eye(6)[np.arange(40) % 6]
    for given, labels in ((x, one_hot), (list(x), list(one_hot))):
        assert "6 classes, one-hot" in from_arrays(given, labels).load(0).understood


def test_columns_said_to_be_categories_are_names_as_they_stand(tmp_path):
    days = pd.date_range("2024-01-01", periods=5)[ZONES - 1]
    dates = written(tmp_path, zones(days.strftime("%Y-%m-%d")), "dates.csv")
    reading = {"target": "label", "group": "id", "categorical": ("zone",)}
    in_file = File(path=str(dates), **reading).load(0)
    in_frame = from_frame(zones(days), **reading).load(0)
    assert set(in_file.prepared.encoder.levels["zone"]) == {f"2024-01-0{i}" for i in range(1, 6)}
    assert in_frame.prepared.encoder.levels == in_file.prepared.encoder.levels
    examples, _ = read(carried(in_file), table_of(zones(days), "new"))
    assert (examples.inputs[..., 0] > 0).all()
    zeros = written(tmp_path, zones([["1", "01", "001"][zone % 3] for zone in ZONES]), "zeros.csv")
    assert set(File(path=str(zeros), **reading).load(0).prepared.encoder.levels["zone"]) == {"1", "01", "001"}


@pytest.mark.parametrize(
    "categories",
    [
        pd.cut(pd.Series(ZONES), 3),
        pd.cut(pd.Series(ZONES), 3).astype(object),
        pd.Series(ZONES).astype("category"),
        pd.Series(np.where(ZONES == 1, "NA", "z")),
        pd.Series(np.where(ZONES == 1, "", "z")),
    ],
    ids=["intervals", "intervals as objects", "categories of numbers", "NA", "empty"],
)
def test_categories_of_pandas_are_names_that_a_saved_model_knows_in_a_file(tmp_path, categories):
    frame = zones(categories.to_numpy()).assign(zone=categories)
    prepared = carried(from_frame(frame, target="label", group="id").load(0))
    assert list(prepared.encoder.levels) == ["zone"]
    assert (codes_in(prepared, written(tmp_path, frame, "new.csv")) > 0).all()


@pytest.mark.parametrize("index", ["dates", "levels", "texts"])
def test_an_index_without_a_name_is_the_first_column_of_its_file(tmp_path, index):
    days = pd.date_range("2024-01-01", periods=60)
    frame = panel().set_index(["shop", "day"]).rename_axis([None, None])
    if index != "levels":
        frame = panel().head(60)[["sold"]].set_axis(days if index == "dates" else days.astype(str))
    frame.to_csv(tmp_path / "new.csv")
    from_python = carried(from_frame(frame, target="sold", window=5).load(0))
    _, rows = read(from_python, read_new(tmp_path / "new.csv", from_python))
    from_file = carried(File(path=str(tmp_path / "new.csv"), target="sold", window=5).load(0))
    assert len(rows) == len(read(from_file, table_of(frame, "new"))[1]) == (2 if index == "levels" else 1)
