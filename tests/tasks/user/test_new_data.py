"""New data are read as those were that a model was trained on, from what a saved model carries alone."""

import contextlib
import json
import warnings

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks import from_arrays, from_frame
from rnncompare.tasks.file import File
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.new_data import arrays_without_targets, read
from rnncompare.tasks.user.prepared import Prepared
from rnncompare.training.experiment import run_experiment
from rnncompare.training.kept_model import load_model
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings


def carried(data):
    """As it is after it was saved and loaded."""
    return Prepared.from_state(json.loads(json.dumps(data.prepared.state())))


def long(count=30, steps=5):
    random = np.random.default_rng(0)
    rows = count * steps
    return pd.DataFrame(
        {
            "id": np.repeat([f"s{i}" for i in range(count)], steps),
            "t": np.tile(np.arange(steps), count),
            "x": np.where(random.random(rows) < 0.1, np.nan, random.normal(size=rows)),
            "colour": random.choice(["red", "green", "blue"], rows),
            "label": np.repeat(np.where(np.arange(count) % 3, "yes", "no"), steps),
        }
    )


def test_sequences_are_read_as_in_training_without_their_target():
    frame = long()
    data = from_frame(frame, target="label").load(0)
    examples, rows = read(carried(data), Table(frame.drop(columns="label"), "new"))
    known = {sequence.tobytes() for sequence in examples.inputs}
    assert {sequence.tobytes() for sequence in data.train.inputs} <= known
    outputs = np.array([[3.0, 0.0]] * 29 + [[0.0, 3.0]])
    said = carried(data).predictions(outputs, rows)
    assert said["id"].tolist() == [f"s{i}" for i in range(30)]
    assert said["label"].tolist() == ["no"] * 29 + ["yes"]
    np.testing.assert_allclose(said["p(no)"] + said["p(yes)"], 1)


def test_a_value_never_seen_and_another_order_of_columns_are_no_trouble():
    frame = long()
    data = from_frame(frame, target="label").load(0)
    new = Table(frame.assign(colour="mauve")[["colour", "x", "t", "id"]], "new")
    with pytest.warns(UserWarning, match="column colour: 100% of the values were not seen in training, 'mauve'"):
        examples, _ = read(carried(data), new)
    assert (examples.inputs[..., 0] == 0).all()


def test_missing_categories_are_warned_of_where_none_was_missing_in_training():
    frame = long()
    data = from_frame(frame, target="label").load(0)
    colour = frame["colour"].mask(np.arange(len(frame)) < 7)
    with pytest.warns(
        UserWarning, match=rf"column colour: 7 values of {len(frame)} missing, where none was in training"
    ):
        read(carried(data), Table(frame.assign(colour=colour), "new"))
    trained_with_some = from_frame(frame.assign(colour=colour), target="label").load(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(carried(trained_with_some), Table(frame.assign(colour=colour), "new"))


def test_a_missing_column_is_named():
    data = from_frame(long(), target="label").load(0)
    with pytest.raises(DataError, match="new: no column x, which the model reads; it reads id, t, colour, x"):
        read(carried(data), Table(long().drop(columns="x"), "new"))


def test_a_forecast_follows_the_last_row_in_the_targets_own_unit():
    hours = pd.date_range("2024-01-01", periods=300, freq="h")
    frame = pd.DataFrame({"date": hours, "load": np.arange(300.0)})
    data = from_frame(frame, target="load", window=4, horizon=3).load(0)
    prepared = carried(data)
    examples, rows = read(prepared, Table(frame, "new"))
    values = examples.inputs[0, :, 0] * prepared.spread[0] + prepared.mean[0]
    np.testing.assert_allclose(values, [296, 297, 298, 299], rtol=1e-5)
    said = prepared.predictions(np.array([[0.0, 1.0, 2.0]]), rows)
    assert said["date"].tolist() == [hours[-1] + pd.Timedelta(hours=i) for i in (1, 2, 3)]
    np.testing.assert_allclose(said["load"], prepared.mean[0] + prepared.spread[0] * np.arange(3))
    with pytest.raises(DataError, match="a series of 2 rows; the model reads 4"):
        read(prepared, Table(frame.head(2), "new"))


def test_dates_that_can_be_read_two_ways_are_read_as_in_training():
    days = pd.date_range("2024-01-01", periods=300)
    frame = pd.DataFrame({"date": days.strftime("%d/%m/%Y"), "load": np.arange(300.0)})
    prepared = carried(from_frame(frame, target="load", window=4).load(0))
    new = pd.DataFrame({"date": ["01/02/2025", "02/02/2025", "03/02/2025", "04/02/2025"], "load": np.arange(4.0)})
    for order in (1, -1):
        _, rows = read(prepared, Table(new.iloc[::order], "new"))
        assert rows["date"].tolist() == [pd.Timestamp("2025-02-05")]
    _, rows = read(prepared, Table(new.assign(date=["2025-02-28", "2025-03-01", "2025-03-02", "2025-03-03"]), "new"))
    assert rows["date"].tolist() == [pd.Timestamp("2025-03-04")]


def test_a_year_and_a_month_are_joined_as_in_training():
    months = pd.date_range("2000-01-01", periods=120, freq="MS")
    frame = pd.DataFrame({"year": months.year, "month": months.month, "load": np.arange(120.0)})
    data = from_frame(frame, target="load", window=4).load(0)
    examples, _ = read(carried(data), Table(frame.iloc[::-1], "new"))
    np.testing.assert_allclose(
        examples.inputs[0, :, 0] * data.prepared.spread[0] + data.prepared.mean[0], range(116, 120)
    )


def test_series_that_are_too_short_are_named_and_the_others_are_forecast():
    def panel(**lengths):
        days = [pd.date_range("2024-01-01", periods=length) for length in lengths.values()]
        shops = np.repeat(list(lengths), list(lengths.values()))
        return pd.DataFrame({"shop": shops, "date": np.concatenate(days), "sold": np.arange(len(shops)) / 7})

    frame = panel(a=100, b=100)
    prepared = carried(from_frame(frame, target="sold", group="shop", window=4).load(0))
    with pytest.warns(UserWarning, match="no forecast of shop c, e: new: a series of 2 rows; the model reads 4"):
        examples, rows = read(prepared, Table(panel(a=10, c=3, d=8, e=2), "new"))
    assert rows["shop"].tolist() == ["a", "d"]
    assert len(examples) == 2


def test_every_step_of_every_sequence_gets_its_prediction():
    frame = long()
    frame["y"] = frame["t"] * 2.0
    data = from_frame(frame.drop(columns="label"), target="y", kind="regression").load(0)
    ragged = frame.drop(index=[3, 4]).drop(columns=["y", "label"])
    examples, rows = read(carried(data), Table(ragged, "new"))
    said = carried(data).predictions(np.zeros((*examples.inputs.shape[:2], 1)), rows)
    assert len(said) == len(ragged)
    np.testing.assert_allclose(said["y"], data.prepared.mean[0])


def test_texts_and_arrays_are_read_as_in_training():
    texts = [f"the film was {word} {i}" for i in range(30) for word in ("good", "bad")]
    frame = pd.DataFrame({"text": texts, "label": ["+", "-"] * 30})
    data = from_frame(frame).load(0)
    examples, _ = read(carried(data), Table(frame[["text"]], "new"))
    assert {row.tobytes() for row in data.train.inputs.astype(np.int64)} <= {r.tobytes() for r in examples.inputs}
    with pytest.warns(UserWarning, match="column text: 100% of the words were not seen in training"):
        read(carried(data), Table(pd.DataFrame({"text": ["qqq www", "zzz"]}), "new"))
    x = np.random.default_rng(0).normal(size=(40, 6, 2))
    data = from_arrays(x, np.arange(40) % 2).load(0)
    examples, _ = read(carried(data), arrays_without_targets(x))
    assert {row.tobytes() for row in data.train.inputs} <= {row.tobytes() for row in examples.inputs}
    with pytest.raises(DataError, match="3 features; the model reads 2"):
        read(carried(data), arrays_without_targets(np.zeros((4, 6, 3))))


def test_a_running_text_costs_the_bits_that_it_cost_in_the_test(tmp_path):
    text = "".join("abracadabra"[(i * i + i // 7) % 11] for i in range(2000))
    for name, part in {"train": text[:1600], "test": text[1600:1841]}.items():  # 20 windows of 12, and one more
        (tmp_path / f"{name}.txt").write_text(part)
    task = File(path=f"{tmp_path}/train.txt", test_path=f"{tmp_path}/test.txt", window=12).pinned()
    settings = RunSettings(ModelSettings(name="gru", hidden_size=8), task, TrainSettings(max_updates=20))
    kept = []
    run = run_experiment(settings.resolved(), keep=kept.append)
    kept[0].save(tmp_path / "model.pt")
    said = load_model(tmp_path / "model.pt").predict(tmp_path / "test.txt")
    assert list(said) == ["character", "bits", "next", "p(next)"]
    assert "".join(said["character"]) == text[1600:1841]
    assert np.isnan(said["bits"][0])
    assert said["bits"][1:].mean() == pytest.approx(run.record.quality.test, abs=1e-5)
    assert said["p(next)"].between(1 / len(kept[0].prepared.classes), 1).all()
    (tmp_path / "odd.txt").write_text("abzz")  # which it never saw
    odd = kept[0].predict(tmp_path / "odd.txt")
    assert list(odd["character"]) == list("abzz")
    assert (odd["bits"][2:] > odd["bits"][1]).all()
    (tmp_path / "one.txt").write_text("a")
    assert kept[0].predict(tmp_path / "one.txt")["bits"].isna().tolist() == [True]
    kept[0].export(tmp_path / "model.pt2")  # the window says how long


def test_numbers_far_from_those_of_training_are_read_with_a_warning():
    frame = pd.DataFrame({"id": np.repeat(np.arange(30), 5), "label": np.repeat(np.arange(30) % 2, 5)})
    frame["x"] = np.random.default_rng(0).normal(size=150)
    prepared = carried(from_frame(frame, target="label").load(0))
    for factor, far in {1: False, 1e3: True, 1e300: True}.items():
        new = Table(frame.assign(x=factor * frame["x"]), "new")
        with contextlib.ExitStack() as stack:
            if far:
                stack.enter_context(
                    pytest.warns(
                        UserWarning, match=r"^new: column x: 1\d\d values of 150 further than 100 standard dev"
                    )
                )
            examples, _ = read(prepared, new)
        assert np.isfinite(examples.inputs).all()


@pytest.mark.parametrize(("frequency", "lacking", "said"), [("D", 10, True), ("D", 2, False), ("B", 2, False)])
def test_rows_that_lack_before_a_forecast_are_said(frequency, lacking, said):
    days = pd.date_range("2024-01-01", periods=120, freq=frequency)
    frame = pd.DataFrame({"day": days, "load": np.random.default_rng(0).normal(size=120)})
    prepared = carried(from_frame(frame, target="load", window=14).load(0))
    new = Table(frame.drop(index=range(115 - lacking, 115)), "new")
    with contextlib.ExitStack() as stack:
        if said:
            stack.enter_context(
                pytest.warns(UserWarning, match="the last 14 rows of 1 of 1 series lack 3 rows or more")
            )
        _, rows = read(prepared, new)
    assert rows["day"].iloc[0] > days[-1]


@pytest.mark.parametrize(
    ("lacking", "said"), [([], False), (range(105, 110), True), (range(116, 121), True), ([110, 117], False)]
)
def test_what_is_known_in_advance_hides_no_hole(lacking, said):
    frame = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=130), "promo": np.arange(130) % 3})
    frame["load"] = np.random.default_rng(0).normal(size=130)
    prepared = carried(from_frame(frame, target="load", window=14, horizon=4, known="promo").load(0))
    new = frame.assign(load=frame["load"].where(frame.index < 116)).drop(index=lacking).iloc[: 125 - len(lacking)]
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        _, rows = read(prepared, Table(new, "new"))
    assert rows["day"].tolist() == new["day"][new["load"].isna()].tolist()[:4]
    holes = [note for note in found if "the last 18 rows of 1 of 1 series lack 3 rows or more" in str(note.message)]
    assert len(holes) == said


def test_arrays_without_a_value_are_refused_by_number():
    x = np.random.default_rng(0).normal(size=(40, 6, 2))
    prepared = carried(from_arrays(x, np.arange(40) % 2).load(0))
    for new in (np.where(np.arange(40)[:, None, None] == 7, np.nan, x), [*x[:7], np.zeros((0, 2)), *x[8:]]):
        with pytest.raises(DataError, match="sequence 7 has no steps, or none with a value"):
            read(prepared, arrays_without_targets(new))


def test_new_data_without_a_label_whose_time_comes_twice_are_refused_in_a_line():
    frame = pd.DataFrame({"patient": np.repeat(np.arange(40), 6), "day": np.tile(np.arange(6), 40), "lab": 0.5})
    data = from_frame(frame.assign(dx=frame["patient"] % 2), target="dx", time="day").load(0)
    twice = pd.concat([frame.head(6), frame.head(1)], ignore_index=True)
    with pytest.raises(DataError, match="column day, row 6: the time 0 stands in row 0 too"):
        read(data.prepared, Table(twice, "new"))


def test_new_data_without_a_part_of_their_date_are_refused_by_what_is_missing():
    frame = pd.DataFrame({"year": np.repeat(range(2000, 2020), 12), "month": np.tile(range(1, 13), 20)})
    data = from_frame(frame.assign(v=np.arange(240.0) % 12), target="v").load(0)
    with pytest.raises(DataError, match=r"no columns of year, month, \.\.\. that are dates together"):
        read(data.prepared, Table(frame[["year"]].assign(v=1.0), "new"))
