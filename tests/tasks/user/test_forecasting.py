"""Windows, targets, baselines and what is known in advance of forecasts, against what pandas or a loop gives."""

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.composition.compose import compose
from rnncompare.tasks import from_frame
from rnncompare.tasks.contract.metrics import score
from rnncompare.tasks.contract.simple_models import simple_models
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.new_data import read


def series(n=120, missing=()):
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2024-01-01", periods=n, freq="h"),
            "a": np.sin(np.arange(n) / 4) + np.arange(n) / 50,
            "y": np.cos(np.arange(n) / 3) * 10 + np.arange(n) % 5,
        }
    )
    frame.loc[list(missing), "y"] = np.nan
    return frame


@pytest.mark.parametrize(("frequency", "warned"), [("h", False), ("15min", True), ("D", True)])
def test_series_of_another_frequency_than_the_longest_are_warned_of(frequency, warned):
    other = series(100).assign(date=pd.date_range("2024-01-01", periods=100, freq=frequency))
    frame = pd.concat([series().assign(place="a"), other.assign(place="b"), series(90).assign(place="c")])
    said = from_frame(frame, target="y", group="place").load(0).understood
    assert ("warning: rows of 1 of 3 series come at another frequency than those of the longest" in said) == warned


def test_of_a_long_series_the_windows_that_are_scored_are_said():
    data = from_frame(series(80_000), target="y", window=4, horizon=1).load(0)
    assert len(data.test) == len(data.validation) == 10_000
    said = "scored on 10,000 windows at even distances, of 12,000 in validation and 12,000 in test"
    assert said in data.understood
    assert "scored on" not in from_frame(series(), target="y", window=4, horizon=1).load(0).understood


@pytest.mark.parametrize("missing", [(), (30, 100, 110)])
@pytest.mark.parametrize("horizon", [1, 3])
def test_forecasts_are_of_what_follows_and_the_splits_follow_each_other(missing, horizon):
    frame = series(missing=missing)
    data = from_frame(frame, target="y", window=5, horizon=horizon, season=24).load(0)
    first, second = 120 - 2 * 18, 120 - 18
    known = frame["y"][:first].dropna()
    scaled = (frame["y"] - known.mean()) / known.std(ddof=0)
    starts = {
        "train": range(5, first - horizon + 1),
        "validation": range(first, second - horizon + 1),
        "test": range(second, 121 - horizon),
    }
    filled = scaled.ffill()
    errors = {"last": [], "season": []}
    for part, origins in starts.items():
        wanted = [scaled[t : t + horizon].tolist() for t in origins if scaled[t : t + horizon].notna().all()]
        found = getattr(data, part).targets.tolist()
        assert np.allclose(sorted(found), sorted(wanted), atol=1e-5)
        if part == "test":
            for t in origins:
                for h in range(horizon):
                    if scaled[t : t + horizon].notna().all():
                        errors["last"].append((scaled[t + h] - filled[t - 1]) ** 2)
                        errors["season"].append((scaled[t + h] - filled[t + h - 24]) ** 2)
    assert data.baseline == pytest.approx(min(np.mean(errors["last"]), np.mean(errors["season"])))
    target = data.test.inputs[0, :, 0]
    np.testing.assert_allclose(target, scaled[second - 5 : second].fillna(0), atol=1e-5)
    assert data.features == 2 + bool(missing)
    assert ("missing values are masked, with an indicator: 3 in y" in data.understood) == bool(missing)
    assert f"seasonal naive (24) {np.mean(errors['season']):.4g}" in data.understood


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize(("scale", "size"), [(1e-300, "small"), (1e300, "large")])
def test_a_target_whose_squares_are_no_numbers_is_refused_as_that(scale, size):
    frame = pd.DataFrame({"v": np.sin(np.arange(200)) * scale})
    with pytest.raises(DataError, match=f"column v are too {size} to be squared"):
        from_frame(frame, target="v", kind="forecasting").load(0)


def test_several_series_are_cut_each_for_itself():
    one, other = series(60), series(60)
    other["y"] += 100
    frame = pd.concat([one.assign(store="a"), other.assign(store="b")]).sort_values("date")
    task = from_frame(frame, target="y", window=4)
    data = task.load(0)
    assert "2 groups of 2 series" in data.understood
    for part, each in (("train", 60 - 18 - 4), ("validation", 9), ("test", 9)):
        examples = getattr(data, part)
        assert len(examples) == 2 * each
        level = np.concatenate([examples.inputs[:, :, 0], examples.targets], 1) > 0
        assert (level.all(1) | ~level.any(1)).all(), "no window spans two series"


SEASONAL = ("h", "D", "MS", "W", "15min", "2h")


@pytest.mark.parametrize(
    ("freq", "says"),
    [
        ("h", "hourly"),
        ("D", "daily"),
        ("15min", "every 15 minutes"),
        ("MS", "monthly"),
        ("W", "weekly"),
        ("2h", "every 2 hours"),
    ],
)
def test_the_rhythm_is_said(freq, says):
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=60, freq=freq), "y": np.arange(60.0) ** 1.5})
    found = from_frame(frame, target="y").load(0).understood
    assert f"forecasting, {says}, 1 series" in found
    assert "uneven" not in found
    gap = from_frame(frame.drop(index=[20, 21]), target="y").load(0).understood
    assert f"forecasting, {says}, 1 series" in gap
    assert ("warning: 1 of 57 steps of date are uneven" if freq in SEASONAL else "steps of date are uneven") in gap


@pytest.mark.parametrize(
    ("freq", "season", "window"), [("30min", 48, 96), ("10min", 144, 144), ("3h", 8, 16), ("7min", 0, 24)]
)
def test_steps_within_a_day_have_a_season_of_a_day(freq, season, window):
    frame = pd.DataFrame({"date": pd.date_range("2020-01-01", periods=900, freq=freq), "y": np.arange(900.0) ** 1.5})
    found = from_frame(frame, target="y").load(0).understood
    assert f"from {window} steps the next" in found
    assert (f"seasonal naive ({season})" in found) == (season > 0)


def test_times_that_come_when_they_come_are_no_holes():
    hours = np.cumsum(np.random.default_rng(0).choice([1, 2, 3, 5], 200, p=[0.55, 0.15, 0.15, 0.15]))
    frame = pd.DataFrame({"date": pd.Timestamp("2020-01-01") + pd.to_timedelta(hours, "h"), "y": np.sin(hours)})
    said = from_frame(frame, target="y").load(0).understood
    assert "steps of date are uneven; each row counts as one step" in said
    assert "warning" not in said


def test_several_targets_are_forecast_step_by_step_each_in_its_own_unit():
    frame = series().assign(a=lambda found: 1000 * found["a"])
    data = from_frame(frame, target=["y", "a"], window=5, horizon=3, season=24).load(0)
    assert data.objective.outputs == 6
    first = 120 - 18
    prepared, rows = data.prepared, pd.DataFrame({"step": np.tile([1, 2, 3], len(data.test))})
    said = prepared.predictions(data.test.targets, rows)
    for name in ("y", "a"):
        np.testing.assert_allclose(said[name].head(3), frame[name][first : first + 3], rtol=1e-4)
    naive = prepared.predictions(data.naive["last value"], rows)
    np.testing.assert_allclose(naive["a"].head(3), frame["a"][first - 1], rtol=1e-4)
    season = prepared.predictions(data.naive["seasonal naive (24)"], rows)
    np.testing.assert_allclose(season["y"].head(3), frame["y"][first - 24 : first - 21], rtol=1e-4)
    scores = score(data, data.test, data.naive["last value"])
    assert scores["root_mean_squared_error"] == pytest.approx(np.sqrt(scores["mean_squared_error"]), rel=1e-4)
    examples, rows = read(prepared, Table(frame, "new"))
    assert list(prepared.predictions(np.zeros((1, 6)), rows)) == ["date", "step", "y", "a"]
    assert len(examples) == 1


def test_several_quantities_of_a_sequence_are_predicted_under_their_names():
    frame = pd.DataFrame({"id": np.repeat(np.arange(30), 4), "x": np.arange(120) * 0.1})
    frame["speed"], frame["size"] = frame["id"] * 2.5, 7.5 - frame["id"] ** 2
    data = from_frame(frame, target="speed,size", group="id").load(0)
    assert data.train.targets.shape == (22, 2)
    _, rows = read(data.prepared, Table(frame[["id", "x"]], "new"))
    said = data.prepared.predictions(np.zeros((30, 2)), rows)
    assert list(said) == ["id", "speed", "size"]


def test_several_classes_are_refused_and_a_column_with_a_comma_in_its_name_is_one():
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(30), 4), "x": np.arange(120) * 0.1, "y": np.repeat(np.arange(30), 4) % 2}
    )
    with pytest.raises(SettingError, match=r"data\.target=y,z: one column"):
        from_frame(frame.assign(z=frame["y"]), target="y,z", kind="classification", group="id")
    data = from_frame(frame.rename(columns={"y": "y, z"}), target="y, z", group="id").load(0)
    assert data.classes == ["0", "1"]


@pytest.mark.parametrize("words", ["data.target=a,b", "data.target=[a,b]", "data.target='a,b'"])
def test_several_targets_can_be_typed(words):
    (found,) = compose([["model=gru", "data=file", "data.path=x.csv", words, "data.known=[c]"]])
    assert found.data.target == "a,b"
    assert list(found.data.known) == ["c"]


def test_what_is_known_in_advance_is_read_as_it_stands_at_the_steps_to_forecast():
    random = np.random.default_rng(0)
    frame = series().assign(plan=random.normal(size=120), day=[*"abcd"] * 30)
    frame["y"] = frame["plan"] * 3
    data = from_frame(frame, target="y", window=5, horizon=2, known=["plan", "day"]).load(0)
    encoder, first = data.prepared.encoder, 120 - 18
    column = len(encoder.levels) + list(encoder.mean).index("plan 2 steps ahead")
    ahead = data.test.inputs[0, :, column] * encoder.scale["plan 2 steps ahead"] + encoder.mean["plan 2 steps ahead"]
    np.testing.assert_allclose(ahead, frame["plan"][first - 3 : first + 2], rtol=1e-4, atol=1e-6)
    assert sorted(encoder.levels["day 2 steps ahead"]) == [*"abcd"]
    table = simple_models(data).set_index("model")["mean_squared_error"]
    assert table["ridge regression"] < 0.01 < table["last value"], "the plan gives the target away"

    future = frame.copy()
    future.loc[118:, "y"] = np.nan
    examples, rows = read(data.prepared, Table(future, "new"))
    ahead = examples.inputs[0, :, column] * encoder.scale["plan 2 steps ahead"] + encoder.mean["plan 2 steps ahead"]
    np.testing.assert_allclose(ahead[-2:], frame["plan"][118:], rtol=1e-4)
    assert rows["date"].tolist() == frame["date"][118:].tolist()
    with pytest.raises(DataError, match="plan, day must be known 2 rows beyond the last y"):
        read(data.prepared, Table(frame, "new"))
    for wrong in ({"known": ["nothing"]}, {"known": ["date"]}, {"known": ["plan"], "horizon": 9}):
        with pytest.raises(SettingError, match=r"data\.known"):
            from_frame(frame, **{"target": "y", "window": 5, **wrong})
