"""What gives a target away is said, and what does not is not; dates in several columns and other names of arrays."""

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import from_arrays, from_frame, task_class
from rnncompare.tasks.user import leaks
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.new_data import read

COUNT, STEPS = 60, 5


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape)


def words(x, y, **settings):
    return from_arrays(x, y, **settings).load(0).understood


def test_noise_with_classes_in_turns_is_warned_of_nothing():
    assert "warning" not in words(noise(COUNT, STEPS, 3), np.arange(COUNT) % 2)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_one_column_that_tells_the_target_is_named_and_two_are_a_signal(kind):
    y = np.arange(COUNT) % 3 if kind == "classification" else noise(COUNT)
    x = noise(COUNT, STEPS, 3)
    x[..., 1] = y[:, None] * 10 + 0.01 * x[..., 1]
    assert "warning: the mean of column x1 alone tells" in words(x, y, kind=kind)
    x[..., 2] = x[..., 1]
    assert "alone tells" not in words(x, y, kind=kind)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_category_that_tells_the_class_is_named_and_one_that_does_not_or_names_each_sequence_is_not(classes):
    y = np.arange(COUNT) % classes
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(COUNT), STEPS), "x": noise(COUNT * STEPS), "y": np.repeat(y, STEPS)}
    )

    def said(values):
        given = frame.assign(word=np.repeat(values, STEPS))
        return from_frame(given, target="y", group="id", kind="classification").load(0).understood

    assert "warning: column word alone tells 100% of the target" in said(np.array(["yes", "no", "perhaps"])[y])
    assert "alone tells" not in said(np.random.default_rng(0).choice(["yes", "no"], COUNT))
    assert "alone tells" not in said(np.array([f"case {i}" for i in range(COUNT)]))


def test_copies_are_counted_whatever_lies_between_them_and_other_orders_are_no_copies():
    x = noise(COUNT, STEPS, 2)
    x[50], x[51], x[52] = x[3], x[3], x[3, ::-1]
    assert "warning: 2 of 60 sequences are copies" in words(x, np.arange(COUNT) % 2)


def test_an_order_by_class_is_said():
    assert "ordered by class" in words(noise(COUNT, STEPS, 2), np.arange(COUNT) // 30)


def test_of_a_target_at_every_step_a_column_that_tells_it_is_named():
    frame = pd.DataFrame({"id": np.repeat(np.arange(COUNT), STEPS), **{name: noise(COUNT * STEPS) for name in "abc"}})
    frame["b"] = np.random.default_rng(1).normal(size=len(frame))
    frame["y"] = np.exp(frame["b"])
    data = from_frame(frame.drop(columns=["a", "c"]).assign(a=frame["a"]), target="y", kind="regression", group="id")
    assert "warning: column b alone tells 100% of the ranks of the target" in data.load(0).understood


def hours(count=400, **columns):
    walk = np.cumsum(noise(count))
    return pd.DataFrame({"date": pd.date_range("2024-01-01", periods=count, freq="h"), "load": walk, **columns})


def forecast(frame):
    return from_frame(frame, target="load", window=8).load(0).understood


def test_a_column_that_holds_the_next_value_of_a_series_is_named_and_one_that_follows_it_is_not():
    frame = hours(other=np.random.default_rng(1).normal(size=400))
    assert "warning" not in forecast(frame.assign(like=frame["load"] + 0.1 * frame["other"]))
    after = frame.assign(after=frame["load"].shift(-1, fill_value=0.0))
    assert "warning: column after alone tells 100% of how load changes in the next step" in forecast(after)


def test_a_column_that_holds_the_next_value_is_named_whatever_the_levels_of_series():
    value, level = noise(8, 50), 1000.0 * np.arange(8)[:, None]
    ahead = np.roll(value, -1, axis=1)
    days = np.tile(pd.date_range("2024-01-01", periods=50), 8)
    columns = {"date": days, "shop": np.repeat(np.arange(8), 50), "other": noise(400)}
    frame = pd.DataFrame(columns | {"v": (value + level).ravel(), "ahead": ahead.ravel()})
    assert "warning: column ahead alone tells" in from_frame(frame, target="v", group="shop").load(0).understood


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30])
def test_what_a_column_tells_does_not_depend_on_the_scale(scale):
    other = np.cumsum(noise(400))
    value = np.concatenate(([0.0], other[:-1]))
    assert leaks._partial(other * scale, value * scale, np.zeros(400, int)) == pytest.approx(
        leaks._partial(other, value, np.zeros(400, int))
    )


def test_rows_of_a_series_that_stand_twice_are_counted_and_a_sensor_that_stands_still_is_not():
    frame = hours()
    twice = frame.copy()
    twice.loc[300:349, "load"] = frame["load"][100:150].to_numpy()
    assert "warning: 42 of 392 windows are copies" in forecast(twice)
    still = frame.copy()
    still.loc[300:349, "load"] = 0.0
    assert "warning" not in forecast(still)


def test_texts_are_warned_of_copies_of_their_order_and_of_a_label_within():
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice([*"abcdefgh"], 12)) for _ in range(COUNT)]
    labels = np.arange(COUNT) % 2

    def said(texts, labels):
        return from_frame(pd.DataFrame({"text": texts, "label": labels}), units="words").load(0).understood

    assert "warning" not in said(texts, labels)
    assert "warning: 2 of 60 texts are copies" in said([*texts[:-2], texts[0], texts[1]], labels)
    assert "warning: rows are ordered by class" in said(texts, np.sort(labels))
    given = [f"{text} positive" if label else text for text, label in zip(texts, labels, strict=True)]
    assert "warning: 'positive' alone tells 100% of the class" in said(given, labels)
    both = [f"{text} {'positive' if label else 'negative'}" for text, label in zip(texts, labels, strict=True)]
    assert "alone tells" not in said(both, labels)


def test_a_date_in_columns_orders_rows_and_is_read_of_new_data():
    hours = pd.date_range("2024-01-01", periods=400, freq="h")
    parts = {name: getattr(hours, name) for name in ("year", "month", "day", "hour")}
    frame = pd.DataFrame({"No": np.arange(1, 401), **parts, "load": noise(400)}).sample(frac=1, random_state=0)
    data = from_frame(frame, target="load").load(0)
    assert "forecasting, hourly" in data.understood
    _, rows = read(data.prepared, Table(frame, "new"))
    assert rows.iloc[0, 0] == hours[-1] + pd.Timedelta("1h")


def test_a_year_and_a_week_in_columns_order_rows():
    weeks = pd.date_range("2019-01-07", periods=150, freq="W-MON").isocalendar()
    frame = pd.DataFrame({"Year": weeks["year"].astype(int), "Week": weeks["week"].astype(int), "sold": noise(150)})
    for mixed in (frame, frame.sample(frac=1, random_state=0)):
        assert "forecasting, weekly" in from_frame(mixed, target="sold").load(0).understood


def test_arrays_called_data_and_labels_are_read(tmp_path):
    x, y = noise(COUNT, STEPS, 2), np.arange(COUNT) % 2
    np.savez(tmp_path / "a.npz", X=x, labels=y)
    data = task_class("file")(path=str(tmp_path / "a.npz")).load(0)
    assert data.classes == ["0", "1"]


def test_a_file_packed_by_gzip_is_read_and_its_errors_name_it(tmp_path):
    x = noise(400)
    frame = pd.DataFrame({"date": pd.date_range("2024-01-01", periods=400, freq="h"), "load": x})
    for path in (tmp_path / "power.csv", tmp_path / "power.csv.gz"):
        frame.to_csv(path, index=False)
    plain, packed = (
        task_class("file")(path=str(tmp_path / name), target="load").load(0) for name in ("power.csv", "power.csv.gz")
    )
    np.testing.assert_array_equal(plain.train.inputs, packed.train.inputs)
    frame.assign(load="many").to_csv(tmp_path / "bad.csv.gz", index=False)
    with pytest.raises((DataError, SettingError)) as raised:
        task_class("file")(path=str(tmp_path / "bad.csv.gz"), target="load", kind="forecasting").load(0)
    assert "bad.csv.gz" in str(raised.value)
    (tmp_path / "torn.csv.gz").write_bytes((tmp_path / "power.csv.gz").read_bytes()[:300])
    with pytest.raises(DataError, match="not whole gzip"):
        task_class("file")(path=str(tmp_path / "torn.csv.gz"), target="load").load(0)
