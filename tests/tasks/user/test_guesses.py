"""What is guessed from a user's columns: times, groups, rates, identifiers; and what is asked instead."""

import numpy as np
import pandas as pd
import pytest
from test_reading import roles

from rnncompare.base.errors import DataError, SettingError
from rnncompare.composition.override_allowlist import checked
from rnncompare.tasks import from_frame
from rnncompare.tasks.user.files.stamps import read_stamps
from rnncompare.tasks.user.new_data import read, read_new

N = 120
X = np.arange(N) / 7
HOURS = pd.date_range("2024-03-30", periods=N, freq="h")
CASE, STEP = np.arange(N) // 10, np.arange(N) % 10
NAMES = np.array([*"xyz"])[np.random.default_rng(0).integers(0, 3, N)]


def line(data):
    return data.load(0).understood.splitlines()[0]


def with_cell(values, row, value):
    return [*values[:row], value, *values[row + 1 :]]


ISO = list(HOURS.strftime("%Y-%m-%d %H:%M"))


@pytest.mark.parametrize(
    ("dates", "says"),
    [
        (with_cell(ISO, 62, "not a date"), "column date, row 62 is 'not a date', no date or time written as ISO8601"),
        ([*ISO[:-1], "Total"], "column date, row 119 is 'Total', no date"),
        (
            [*HOURS[:80].strftime("%m/%d/%Y %H:%M"), *HOURS[80:].strftime("%d.%m.%Y %H:%M")],
            "row 80 is '02.04.2024 08:00', no date or time written as %m/%d/%Y %H:%M, as most are; .*data.ignore",
        ),
        (
            with_cell(ISO, 5, None),
            "data.time needs a value in every row",
        ),
    ],
)
@pytest.mark.parametrize("said", [None, "date"])
def test_a_cell_that_is_no_time_is_named(dates, says, said):
    frame = pd.DataFrame({"date": dates, "a": X, "v": np.arange(N) % 7})
    with pytest.raises(DataError, match=says):
        from_frame(frame, target="v", time=said)


def test_a_bad_cell_far_below_is_found():
    dates = with_cell(
        list(pd.date_range("2000-01-01", periods=30_000, freq="h").strftime("%d.%m.%Y %H:%M")), 29_000, "?"
    )
    with pytest.raises(DataError, match=r"column date, row 29000 is '\?', no date"):
        roles("y", date=dates, y=np.arange(30_000) / 7)


def test_a_column_with_bad_dates_can_be_left_out():
    frame = pd.DataFrame({"date": with_cell(ISO, 62, "not a date"), "v": X})
    assert "forecasting, in file order" in line(from_frame(frame, target="v", ignore=("date",)))


def test_mostly_numbers_are_no_times_even_where_they_look_like_years():
    found = roles("y", year=with_cell([str(2000 + i) for i in range(N)], 3, "?"), y=X)
    assert (found.time, found.features) == (None, ["y", "year"])


@pytest.mark.parametrize(
    "form", ["%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %I:%M%p", "%d-%b-%y %H:%M", "%d.%m.%y %H:%M", "%Y-%m-%dT%H:%MZ"]
)
def test_forms_of_dates_that_people_write_are_read(form):
    frame = pd.DataFrame({"date": HOURS.strftime(form), "v": X})
    assert "forecasting, hourly" in line(from_frame(frame, target="v"))


MONTHLY = pd.date_range("2000-01-01", periods=N, freq="MS")
QUARTERLY = pd.date_range("1990-01-01", periods=N, freq="QS")
FEW_DAYS = pd.DatetimeIndex([day for day in pd.date_range("2024-01-01", periods=4 * N) if day.day in (5, 10)])


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(
    ("dates", "form", "rhythm"),
    [
        (MONTHLY, "%d/%m/%Y", "monthly"),
        (MONTHLY, "%m/%d/%Y", "monthly"),
        (pd.date_range("2023-03-01", periods=2 * N, freq="h"), "%d/%m/%Y %H:%M", "hourly"),
        (MONTHLY, "%b %Y", "monthly"),
        (MONTHLY, "%b-%y", "monthly"),
        (pd.date_range("2024-01-01", periods=N), "%Y%m%d", "daily"),
    ],
)
@pytest.mark.parametrize("said", [None, "date"])
def test_dates_are_read_in_the_form_in_which_their_steps_are_in_order_and_even(dates, form, rhythm, newest_first, said):
    texts = dates.strftime(form)
    frame = pd.DataFrame({"date": texts.astype(int) if form == "%Y%m%d" else texts, "v": np.arange(len(dates)) / 7})
    frame = frame.iloc[:: -1 if newest_first else 1].reset_index(drop=True)
    understood = from_frame(frame, target="v", time=said).load(0).understood
    assert f"forecasting, {rhythm}" in understood.splitlines()[0]
    assert (f"column date is read as {form}" in understood) == ("/" in form)


def test_day_first_dates_of_a_panel_are_read_so():
    one = pd.DataFrame({"date": FEW_DAYS[::-1].strftime("%d/%m/%Y"), "v": np.arange(len(FEW_DAYS)) / 7})
    found = read_stamps(pd.concat([one, one], ignore_index=True)["date"])
    assert (found.form, found.ambiguous) == ("%d/%m/%Y", True)


def test_quarters_are_times_and_codes_that_look_like_months_are_not():
    quarters = [f"{day.year}Q{day.quarter}" for day in QUARTERLY]
    assert "forecasting, quarterly" in line(from_frame(pd.DataFrame({"date": quarters, "v": X}), target="v"))
    assert read_stamps(pd.Series([f"abc-{i:02}" for i in range(99)])) is None


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(
    ("name", "dates", "form", "rhythm"),
    [
        ("date", MONTHLY, "%Y%m", "monthly"),
        ("yyyymm", MONTHLY, "%Y%m", "monthly"),
        ("year", pd.date_range("1880-01-01", periods=N, freq="YS"), "%Y", "yearly"),
        ("date", HOURS, "%Y%m%d%H", "hourly"),
        ("date", HOURS, "%Y%m%d%H%M", "hourly"),
        ("date", HOURS, "%Y%m%d%H%M%S", "hourly"),
    ],
)
def test_whole_numbers_are_read_as_the_times_that_they_write(name, dates, form, rhythm, newest_first):
    frame = pd.DataFrame({name: dates.strftime(form).astype(np.int64), "v": np.cumsum(X)})
    expected = from_frame(frame.assign(**{name: dates}), target="v").load(0).train.inputs
    data = from_frame(frame.iloc[:: -1 if newest_first else 1], target="v")
    assert f"forecasting, {rhythm}, 1 series" in line(data)
    np.testing.assert_array_equal(data.load(0).train.inputs, expected)


def test_whole_numbers_that_are_no_months_stay_numbers():
    frame = pd.DataFrame({"date": 200_001 + np.arange(N), "v": X})
    assert "in order of date" in line(from_frame(frame, target="v"))


def test_a_year_and_a_month_are_one_time():
    frame = pd.DataFrame({"year": MONTHLY.year, "month": MONTHLY.month, "v": X})
    assert "forecasting, monthly, 3 series" in line(from_frame(frame.iloc[::-1], target="v"))


def test_years_order_the_rows_of_each_group():
    years = np.arange(2020, 2020 - N // 4, -1)
    frame = pd.DataFrame({"land": np.repeat([*"abcd"], N // 4), "year": np.tile(years, 4), "v": X})
    assert "forecasting, yearly, 4 groups" in line(from_frame(frame, target="v"))


@pytest.mark.parametrize("form", ["%d.%m.%Y %H.%M", "%Y-%m-%d %H.%M", "%d.%m.%Y %H.%M.%S"])
def test_hours_and_minutes_with_a_dot_are_times(form):
    assert "forecasting, hourly" in line(from_frame(pd.DataFrame({"date": HOURS.strftime(form), "v": X}), target="v"))


def test_iso_weeks_are_times():
    weeks = pd.date_range("2018-01-01", periods=N, freq="W-MON").strftime("%G-W%V")
    assert "forecasting, weekly" in line(from_frame(pd.DataFrame({"week": weeks, "v": X}), target="v"))


def test_a_column_called_date_that_is_not_read_as_one_is_said():
    frame = pd.DataFrame({"date": [f"day {i % 7}" for i in range(N)], "v": X})
    assert "column date is not read as a time" in from_frame(frame, target="v").load(0).understood


def test_zoned_text_is_read_in_utc():
    local = pd.date_range("2024-03-30", periods=N, freq="h", tz="Europe/Berlin")
    texts = [stamp.isoformat() for stamp in local]
    assert len({text[-6:] for text in texts}) == 2
    assert "forecasting, hourly" in line(from_frame(pd.DataFrame({"date": texts, "v": X}), target="v"))


@pytest.mark.parametrize(("unit", "each"), [("s", 1), ("ms", 1000)])
@pytest.mark.parametrize("name", ["unixtime", "timestamp"])
def test_seconds_since_1970_are_times(name, unit, each):
    frame = pd.DataFrame({name: HOURS.astype("M8[s]").astype(np.int64) * each, "v": X})
    assert "forecasting, hourly" in line(from_frame(frame, target="v"))
    assert "in order of step" in line(from_frame(frame.rename(columns={name: "step"}), target="v"))


@pytest.mark.parametrize(("stand_in", "rows"), [(-999, "1 row"), (-9999, "3 rows"), (99999, "3 rows")])
def test_a_number_that_stands_for_a_missing_one_is_pointed_out(stand_in, rows):
    values = np.where(np.arange(N) < int(rows[0]), stand_in, 30 * X)
    says = f"warning: v is {stand_in} in {rows}; if it is missing there, leave the cell empty"
    series = pd.DataFrame({"date": HOURS, "v": values})
    regression = pd.DataFrame({"case": CASE, "t": STEP, "x": X, "v": values})
    assert says in from_frame(series, target="v").load(0).understood
    assert says in from_frame(regression, target="v", kind="regression").load(0).understood
    near = series.assign(v=np.linspace(stand_in - 500, stand_in + 500, N).round())
    assert "warning" not in from_frame(near.assign(v=[*near["v"][1:], stand_in]), target="v").load(0).understood


@pytest.mark.parametrize("bad", ["oops", "kW"])
def test_a_bad_number_beside_a_series_is_named(bad):
    frame = pd.DataFrame({"date": HOURS, "a": with_cell(list(X.astype(str)), 102 * (bad == "oops"), bad), "b": X})
    with pytest.raises(DataError, match=f"column a, row {102 * (bad == 'oops')} is '{bad}', not a number"):
        from_frame(frame, target="b").load(0)


def test_notes_beside_a_series_are_no_texts_to_classify():
    frame = pd.DataFrame({"date": HOURS, "note": [f"seen at {i}" for i in range(N)], "b": X})
    assert line(from_frame(frame, target="b")).startswith("read as: forecasting, hourly, 1 series")


def test_a_column_that_counts_rows_is_proposed_where_another_time_repeats():
    frame = pd.DataFrame({"No": np.arange(1, N + 1), "month": np.arange(N) // 60, "hour": np.arange(N) % 24, "load": X})
    with pytest.raises(DataError, match=r"order rows by No, which counts them: data\.time=No"):
        from_frame(frame, target="load", group="month", time="hour")
    assert "in order of No" in line(from_frame(frame, target="load", time="No"))


HAR = {"session": CASE, "acc": X, "doing": NAMES}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({}, "classification"),
        ({"step": STEP, "position": NAMES}, "classification"),
        (
            {"time": np.arange(N) * 0.02 + np.random.default_rng(1).uniform(0, 0.002, N), "position": NAMES},
            "classification",
        ),
        ({"at": [*HOURS[:10]] * 12, "position": NAMES}, "classification"),
        ({"sex": np.array(["f", "m"])[CASE % 2]}, "classification"),
        ({"position": NAMES}, "events"),
        (
            {"at": HOURS[0] + pd.to_timedelta(np.cumsum(1.7 ** (np.arange(N) * 7 % 11)), "s"), "position": NAMES},
            "events",
        ),
    ],
)
def test_events_come_at_uneven_times_and_steps_of_a_fixed_rate_are_sequences(more, kind):
    assert roles("doing", **HAR, **more).kind == kind
    one_each = roles("y", session=CASE, acc=X, y=CASE % 2, **more)
    assert one_each.kind == kind


def test_next_events_have_to_beat_the_last_one_again():
    random = np.random.default_rng(2)
    case, doing = np.repeat(np.arange(30), random.integers(3, 9, 30)), []
    for _ in case:
        doing.append(doing[-1] if doing and random.random() < 0.7 else str(random.choice([*"xyz"])))
    data = from_frame(pd.DataFrame({"case": case, "doing": doing}), target="doing").load(0)
    right = scored = 0
    name = dict(zip(data.test.inputs[:, 0, 0], [None] * len(data.test), strict=False))
    lengths = data.test.lengths
    for inputs, targets, length in zip(data.test.inputs[..., 0], data.test.targets, lengths, strict=True):
        for t in range(1, length):
            name[inputs[t]] = targets[t - 1]  # what is read at a step is what was to be predicted one before
    for inputs, targets, length in zip(data.test.inputs[..., 0], data.test.targets, lengths, strict=True):
        right += sum(name[code] == target for code, target in zip(inputs[:length], targets[:length], strict=True))
        scored += length
    assert data.baseline == pytest.approx(right / scored)
    assert f"the last event again {right / scored:.4g}" in data.understood
    assert "baselines: commonest class" in data.understood


def panel(lengths, freq="MS"):
    parts = [
        pd.DataFrame(
            {"id": i, "date": pd.date_range("2000-01-01", periods=n, freq=freq), "y": np.sin(np.arange(n)) + i}
        )
        for i, n in enumerate(lengths)
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_window_is_that_of_typical_groups_and_short_ones_are_said():
    data = from_frame(panel([1, 20, *[120] * 6]), target="y").load(0)
    assert "monthly, 8 groups of 1 series" in data.understood
    assert "from 24 steps the next 1" in data.understood
    assert "2 of 8 groups are too short for a window (data.window) and give none" in data.understood
    assert "seasonal naive (12)" in data.understood
    assert len(data.test) == 6 * 18


def test_the_seasonal_baseline_repeats_the_last_value_where_no_season_is_known():
    frame = panel([10, 40, 40])
    data = from_frame(frame, target="y", window=3).load(0)
    train, test, squares = [], [], []
    for _, group in frame.groupby("id"):
        y, held = group["y"].to_numpy(), int(0.15 * len(group))
        train.extend(y[: len(y) - 2 * held])
        test.extend((y, t) for t in range(len(y) - held, len(y)))
    for y, t in test:
        squares.append((y[t] - y[t - 12 if t >= 12 else t - 1]) ** 2 / np.var(train))
    assert len(data.test) == len(test) == 1 + 6 + 6
    assert f"seasonal naive (12) {np.mean(squares):.4g}" in data.understood


@pytest.mark.parametrize("columns", [{"ID": range(N), "PAY_0": X}, {"date": HOURS, "a": X}])
@pytest.mark.parametrize("two", [(0, 1), (1.0, 2.0)])
def test_two_values_without_a_group_are_asked_about(columns, two):
    frame = pd.DataFrame({**columns, "default": np.array(two)[np.arange(N) // 3 % 2]})
    with pytest.raises(SettingError) as caught:
        from_frame(frame, target="default")
    assert str(caught.value).startswith("data.group=None: the column that says which sequence a row belongs to, one of")
    assert "a whole sequence in each row goes as .npz" in str(caught.value)
    assert str(caught.value).endswith("; or data.kind=forecasting if rows are in time order")
    assert "read as: forecasting" in line(from_frame(frame, target="default", kind="forecasting"))


@pytest.mark.parametrize("holidays", [[], ["2024-01-01", "2024-02-19"]])
def test_weekdays_alone_have_a_season_of_five(holidays):
    dates = pd.bdate_range("2023-12-01", periods=N).difference(pd.to_datetime(holidays))
    data = from_frame(pd.DataFrame({"Date": dates, "Close": np.sin(np.arange(len(dates)))}), target="Close").load(0)
    assert "forecasting, business daily, 1 series, target Close, from 10 steps" in data.understood
    assert "seasonal naive (5)" in data.understood
    assert ("steps of Date are uneven" in data.understood) == bool(holidays)


@pytest.mark.parametrize("name", ["InvoiceNo", "ID", "customer_id", "post code", "orderNumber"])
def test_numbers_of_things_are_left_out_aloud_unless_they_are_said_to_be_names(name):
    columns = {"date": HOURS, "x": X, name: np.arange(N)[::-1] + 536365, "y": X}
    found = roles("y", **columns)
    assert found.features == ["y", "x"]
    assert found.notes == [f"columns left out: {name}"]
    kept = roles("y", **columns, reading={"categorical": (name,)})
    assert (kept.features, kept.categorical) == (["y", "x", name], [name])
    assert roles("y", date=HOURS, order_no=np.arange(N) % 9, piano=np.arange(N), y=X).features == [
        "y",
        "order_no",
        "piano",
    ]


def test_a_group_of_whole_numbers_held_as_reals_is_found():
    columns = {"id": CASE.astype(float), "t": STEP, "x": X, "y": CASE % 2}
    assert roles("y", **columns).group == "id"
    with pytest.raises(
        DataError, match=r"column id, row 25 is empty \(or NA, null, nan\); data.group needs a value in every row"
    ):
        from_frame(pd.DataFrame({**columns, "id": with_cell([*columns["id"]], 25, None)}), target="y")
    assert roles("y", **{**columns, "id": CASE / 7, "y": X}).group is None


def test_two_columns_that_tell_sequences_apart_together_are_named_and_taken(tmp_path):
    trials = pd.DataFrame({"subject": CASE // 2, "trial": CASE % 2, "time": STEP * 1.0, "x": X, "y": CASE // 2 % 2})
    with pytest.raises(DataError, match=r"time 0.0 stands in row 0 too; .* say data.group=subject,trial"):
        from_frame(trials, target="y")
    data = from_frame(trials, target="y", group="subject,trial").load(0)
    assert f"{N // 10} sequences of 10 steps (by subject,trial, ordered by time), 1 column" in data.understood
    new = tmp_path / "new.csv"
    trials.drop(columns="y").iloc[:20].to_csv(new, index=False)
    examples, rows = read(data.prepared, read_new(new, data.prepared))
    assert examples.inputs.shape == (2, 10, 1)
    assert rows["subject,trial"].tolist() == ["0, 0", "0, 1"]
    assert checked(["data.group=subject,trial"]) == ["data.group='subject,trial'"]


def test_another_column_within_which_no_time_comes_twice_is_named():
    days = pd.date_range("2024-01-01", periods=N // 4)
    frame = pd.DataFrame({"date": np.repeat(days, 4), "city": [*"abcd"] * (N // 4), "sold": X})
    with pytest.raises(DataError, match=r"say data.group=city, within which no time comes twice$"):
        from_frame(frame, target="sold")
    assert "4 groups" in from_frame(frame, target="sold", group="city").load(0).understood


def test_a_user_around_the_sessions_is_named_for_the_split():
    frame = pd.DataFrame({"session_id": CASE, "user_id": CASE // 3, "x": X, "y": CASE % 2})
    says = "each session_id lies in one user_id: data.split=group data.split_by=user_id keeps those of one together"
    assert says in from_frame(frame, target="y").load(0).understood


@pytest.mark.parametrize("form", ["%d%m%Y", "%m%d%Y"])
@pytest.mark.parametrize("said", [None, "date"])
def test_dates_as_numbers_with_the_year_last_order_rows(form, said):
    days = pd.date_range("2023-11-20", periods=N)
    frame = pd.DataFrame({"date": days.strftime(form).astype(int), "v": X})
    understood = from_frame(frame.sample(frac=1, random_state=0), target="v", time=said).load(0).understood
    if form == "%d%m%Y":  # else some days could be months
        assert "forecasting, daily" in understood
    assert "forecasting, daily" in from_frame(frame, target="v", time=said).load(0).understood
    assert f"column date is read as {form}; write dates as 2024-12-31 if that is wrong" in understood


def test_numbers_called_dates_that_are_not_read_as_such_are_said():
    frame = pd.DataFrame({"date": pd.date_range("2023-11-20", periods=N).strftime("%d%m%y").astype(int), "v": X})
    assert "column date is not read as a time" in from_frame(frame, target="v").load(0).understood
    said = from_frame(frame, target="v", time="date").load(0).understood
    assert "warning: rows are in order of the numbers of date" in said


def test_a_day_of_eight_digits_is_a_date():
    frame = pd.DataFrame({"day": pd.date_range("2023-11-20", periods=N).strftime("%Y%m%d").astype(int), "v": X})
    assert "forecasting, daily" in from_frame(frame, target="v").load(0).understood


def test_a_date_and_an_hour_apart_are_a_time():
    days = pd.DataFrame({"date": HOURS.normalize(), "hour": HOURS.hour, "x": X, "v": X})
    understood = from_frame(days.sample(frac=1, random_state=0), target="v").load(0).understood
    assert "forecasting, hourly, 1 series" in understood or "forecasting, hourly, 2 series" in understood
    assert "times of day in hour are added to date" in understood


def test_an_hour_that_clocks_give_twice_is_recognised():
    local = pd.date_range("2024-10-20", periods=400, freq="h", tz="Europe/Berlin").tz_localize(None)
    with pytest.raises(
        DataError, match=r"2024-10-27 02:00:00 stands in row .* give times in UTC if clocks were set back"
    ):
        from_frame(pd.DataFrame({"date": local, "load": np.arange(400.0) ** 0.5}), target="load")


@pytest.mark.parametrize("called", ["t", "step", "frame", "time"])
def test_shuffled_rows_are_put_in_the_order_of_their_steps(called):
    frame = pd.DataFrame({"rec": np.repeat(np.arange(30), 6), called: np.tile(np.arange(6), 30)})
    frame = frame.assign(a=np.sin(frame[called] * (1 + frame["rec"] % 2)), label=frame["rec"] % 2)
    shuffled = frame.sample(frac=1, random_state=0)
    said = {"target": "label", "group": "rec"}
    assert f"(by rec, ordered by {called}), 1 column of numbers" in line(from_frame(shuffled, **said))
    assert found_alike(from_frame(shuffled, **said), from_frame(frame, **said, time=called))
    half = from_frame(shuffled.assign(**{called: shuffled[called] / 2}), **said).load(0).understood
    assert f"rows of a sequence are in file order; data.time={called} orders them by {called}" in half


def found_alike(one, other):
    """Whether two tasks have the same sequences, in whatever order."""
    found = [
        np.concatenate([getattr(task.load(0), part).inputs for part in ("train", "validation", "test")])
        for task in (one, other)
    ]
    return len({tuple(sorted(s.round(3).tobytes() for s in sequences)) for sequences in found}) == 1


def test_classes_too_rare_for_every_split_are_warned_of():
    labels = np.repeat(["a", "b", "c"], [30, 26, 4])
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(60), 4), "t": np.tile(np.arange(4), 60), "label": np.repeat(labels, 4)}
    )
    said = from_frame(frame.assign(x=np.sin(np.arange(240))), target="label").load(0).understood
    assert "warning: one of 3 classes has fewer than 7 examples, so that some splits lack it" in said


def test_events_beside_numbers_alone_may_be_meant():
    times = np.tile(np.cumsum([1, 30, 2, 90, 5, 300]), 20)
    frame = pd.DataFrame(
        {"user": np.repeat(np.arange(20), 6), "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(times, "s")}
    )
    frame = frame.assign(amount=np.sin(np.arange(120)), event=np.random.default_rng(0).choice(["view", "buy"], 120))
    said = from_frame(frame, target="event").load(0).understood
    assert "time is uneven: data.kind=events predicts the next event from those before it" in said


@pytest.mark.parametrize(("odd", "warned"), [([3], True), (range(20), False)])
def test_a_few_sequences_whose_target_changes_are_warned_of(odd, warned):
    case, step = np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40)
    label = np.where(np.isin(case, odd) & (step >= 3), 2, case % 2)
    frame = pd.DataFrame({"id": case, "t": step, "x": np.sin(case + step), "label": label})
    said = from_frame(frame, target="label").load(0).understood
    assert "target at every step label" in said
    assert ("warning: label changes within 1 of 40 sequences, id 3 for one" in said) == warned


@pytest.mark.parametrize("kind", ["auto", "events"])
def test_one_slip_that_makes_events_of_outcomes_is_warned_of_unless_events_are_asked_for(kind):
    case, step = np.repeat(np.arange(40), 5), np.tile(np.arange(5), 40)
    state = np.random.default_rng(0).choice(["on", "off"], 200)
    label = np.where((case % 2 == 1) ^ ((case == 3) & (step == 4)), "good", "bad")
    frame = pd.DataFrame({"id": case, "state": state, "label": label})
    said = from_frame(frame, target="label", group="id", kind=kind).load(0).understood
    assert "target the next event's label" in said
    warning = "warning: label changes within 1 of 40 sequences, id 3 for one, so the next one is predicted"
    assert (warning in said) == (kind == "auto")


@pytest.mark.parametrize(
    ("write", "shown"),
    [(lambda v: f"{v:,.2f}".translate(str.maketrans(",.", ".,")), "1.000,00"), (lambda v: f"${v:,.2f}", r"\$1,000.00")],
)
@pytest.mark.parametrize("more", [{}, {"date": HOURS}, {"id": CASE}])
def test_numbers_with_separators_are_refused_as_target(write, shown, more):
    frame = pd.DataFrame({**more, "a": X, "v": [write(1000 + 7 * i) for i in range(N)]})
    with pytest.raises(DataError, match=f"column v, row 0 is '{shown}', not a number; write numbers without"):
        from_frame(frame, target="v")


def test_a_target_is_no_date():
    with pytest.raises(SettingError, match=r"data.target=date: a column of numbers or names, not of dates"):
        from_frame(pd.DataFrame({"date": HOURS, "x": X}), target="date")


def test_few_amounts_are_names_of_classes():
    labels = np.array(["$5", "$10", "1,000", "x"])[CASE % 4]
    assert roles("y", id=CASE, x=X, y=labels).kind == "classification"


def test_a_zone_of_letters_is_named_and_not_taken_for_text(own):
    days = pd.date_range("2024-03-20", periods=200, freq="h").strftime("%Y-%m-%d %H:%M:%S CET")
    rows = "".join(f"{day},{i % 24 + 0.125 * i:.3f}\n" for i, day in enumerate(days))
    with pytest.raises(
        DataError, match=r"column when, row 2 is '2024-03-20 00:00:00 CET', a time whose zone has letters"
    ):
        own("when,y\n" + rows, target="y").load(0)
    assert "forecasting, hourly" in own("when,y\n" + rows.replace("CET", "UTC"), target="y").load(0).understood


def test_patients_of_a_hospital_are_the_sequences_and_another_column_for_them_is_named():
    patient = np.repeat(np.arange(60), 4)
    columns = {"hospital_id": patient // 20, "patient_id": patient, "visit": np.tile(np.arange(4), 60)}
    frame = pd.DataFrame(columns | {"x": np.random.default_rng(0).normal(size=240), "died": patient % 2})
    understood = from_frame(frame, target="died").load(0).understood
    assert "60 sequences of 4 steps (by patient_id" in understood
    assert "each patient_id lies in one hospital_id: data.split=group data.split_by=hospital_id keeps" in understood
    said = from_frame(frame, target="died", group="hospital_id", kind="classification").load(0).understood
    assert "lies in" not in said


def test_one_slip_leaves_the_patients_the_sequences():
    patient = np.repeat(np.arange(60), 4)
    columns = {"hospital_id": patient // 20, "patient_id": patient, "visit": np.tile(np.arange(4), 60)}
    frame = pd.DataFrame(columns | {"x": np.random.default_rng(0).normal(size=240), "died": patient % 2})
    frame.loc[1, "died"] = 1
    assert "(by patient_id" in from_frame(frame, target="died").load(0).understood


def test_numbers_that_may_be_times_are_named():
    days = pd.date_range("2022-01-01", periods=120)[::-1].strftime("%Y%m%d").astype(int)
    frame = pd.DataFrame({"Wann": days, "sales": np.arange(120) % 7 + 0.5})
    understood = from_frame(frame, target="sales").load(0).understood
    assert "column Wann may hold times (%Y%m%d); data.time=Wann orders rows by it" in understood
    assert "daily" in from_frame(frame, target="sales", time="Wann").load(0).understood


def test_holes_are_counted_in_every_series():
    days = pd.date_range("2022-01-01", periods=100)
    whole = pd.DataFrame({"date": days, "shop": "a", "sold": np.arange(100) % 7 + 0.5})
    holed = whole.assign(shop="b")[np.arange(100) % 20 != 5]
    understood = from_frame(pd.concat([whole, holed]), target="sold", group="shop").load(0).understood
    assert "5 of 193 steps of date are uneven" in understood


def test_infinite_numbers_are_refused_without_a_word_of_numpys(own):
    rows = "".join(
        f"{i},{t},{'inf' if t == 2 else '-inf' if t == 3 else i + t},{i % 2}\n" for i in range(40) for t in range(6)
    )
    with pytest.raises(DataError, match="column v, row 4 is 'inf', not finite"):
        own("id,t,v,label\n" + rows, target="label").load(0)


@pytest.mark.parametrize("first", ["1999-11-20", "2020-01-01"])
@pytest.mark.parametrize("form", ["%d.%m.%y", "%y-%m-%d", "%y/%m/%d"])
def test_short_years_are_of_their_century(own, form, first):
    days = pd.date_range(first, periods=N)
    rows = "".join(f"{day:{form}},{i}.5\n" for i, day in enumerate(days))
    understood = own("date,v\n" + rows, target="v").load(0).understood
    assert "forecasting, daily" in understood
    assert "uneven" not in understood
    assert (f"column date is read as {form}" in understood) == (first == "2020-01-01")


def test_years_of_two_digits_in_a_column_are_of_their_century():
    months = pd.date_range("1995-01-01", periods=N, freq="MS")
    frame = pd.DataFrame({"year": months.year % 100, "month": months.month, "v": X})
    understood = from_frame(frame, target="v").load(0).understood
    assert "forecasting, monthly" in understood
    assert "uneven" not in understood


@pytest.mark.parametrize("name", ["date", "TradeDate", "day", "Datum"])
@pytest.mark.parametrize("wrong", [None, 0, 20240231])
def test_a_slip_among_numbers_that_are_dates_is_named(own, name, wrong):
    days = [*pd.date_range("2023-11-20", periods=N)[::-1].strftime("%Y%m%d")]
    days[9] = "" if wrong is None else str(wrong)
    with pytest.raises(DataError, match=rf"column {name}, row 11 is ('{wrong}', no date|empty)"):
        own(f"{name},v\n" + "".join(f"{day},{i}.5\n" for i, day in enumerate(days)), target="v").load(0)


def test_months_of_stores_order_the_rows_of_each():
    months = pd.date_range("2010-01-01", periods=60, freq="MS")[::-1]
    frame = pd.DataFrame({"store": np.repeat([*"AB"], 60), "year": [*months.year] * 2, "month": [*months.month] * 2})
    frame["sales"] = np.random.default_rng(0).normal(size=N)
    assert "forecasting, monthly, 2 groups" in from_frame(frame, target="sales").load(0).understood


def test_a_row_that_is_no_date_in_its_columns_is_named():
    days = pd.date_range("2023-01-01", periods=N)
    frame = pd.DataFrame({"year": days.year, "month": days.month, "day": days.day, "v": X})
    frame.loc[40, ["month", "day"]] = 2, 30
    with pytest.raises(DataError, match="column day, row 40 is '30', no date together with year, month, day"):
        from_frame(frame, target="v")
    frame["day"] = frame["day"].where(frame.index != 40)
    with pytest.raises(DataError, match="column day, row 40 is 'nan', no date together with year, month, day"):
        from_frame(frame, target="v")


@pytest.mark.parametrize("form", ["%H:%M", "%H:%M:%S", "%I:%M %p"])
def test_a_column_of_times_of_day_is_added_to_that_of_dates(tmp_path, form):
    frame = pd.DataFrame({"Date": HOURS.strftime("%Y-%m-%d"), "Time": HOURS.strftime(form), "v": X})
    data = from_frame(frame.sample(frac=1, random_state=0), target="v").load(0)
    assert "forecasting, hourly, 1 series" in data.understood
    frame.to_csv(tmp_path / "new.csv", index=False)
    _, rows = read(data.prepared, read_new(tmp_path / "new.csv", data.prepared))
    assert rows["Date"].tolist() == [HOURS[-1] + pd.Timedelta("1h")]


def test_a_target_is_never_proposed_to_tell_sequences_apart():
    frame = pd.DataFrame({"id": CASE, "time": STEP // 2, "x": X, "label": [*"ab"] * (N // 2)})
    with pytest.raises(DataError, match=r"leave one out, or leave time out with data\.ignore"):
        from_frame(frame, target="label", group="id", time="time")
    with pytest.raises(SettingError, match=r"data\.target=label: a column apart from data\.group"):
        from_frame(frame, target="label", group="id,label")


def test_steps_with_the_same_inputs_and_other_targets_are_no_copies():
    frame = pd.DataFrame({"id": CASE, "t": STEP, "x": STEP / 7, "y": np.random.default_rng(0).normal(size=N)})
    assert "copies" not in from_frame(frame, target="y", kind="regression").load(0).understood


def test_ids_that_numbers_would_merge_are_read_as_they_are_written(own):
    for ids in ([f"{case // 4}.{case % 4}0" for case in CASE], [f"{89 * 10**18 + int(case)}" for case in CASE]):
        rows = "".join(f"{one},{x},{'ab'[c % 2]}\n" for one, x, c in zip(ids, X, CASE, strict=True))
        data = own("sim_id,x,y\n" + rows, target="y", group="sim_id")
        assert "12 sequences of 10 steps" in data.load(0).understood


def test_names_in_numbers_above_dates_are_a_header(own):
    days = pd.date_range("2023-01-01", periods=N)
    text = "date,101,102\n" + "".join(f"{day:%d/%m/%Y},{i},{i / 7:.2f}\n" for i, day in enumerate(days))
    assert "target 102" in own(text, target="102").load(0).understood


def test_a_column_called_a_time_is_no_text_to_classify(own):
    days = pd.date_range("2023-01-01", periods=N)
    text = "date,y\n" + "".join(f"{day:%b %d} 00:00:00,{i / 7:.2f}\n" for i, day in enumerate(days))
    with pytest.raises(DataError, match="column date seems to be a time and is not read as one; write times as"):
        own(text, target="y").load(0)


def daily(**columns):
    return pd.DataFrame({"date": pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d"), **columns, "v": X})


CLOCKS = HOURS.strftime("%H:%M")


@pytest.mark.parametrize("name", ["sunrise", "time", "duration"])
def test_a_clock_beside_dates_that_come_once_stays_what_it_is(name):
    assert "forecasting, daily" in from_frame(daily(**{name: CLOCKS}), target="v").load(0).understood


@pytest.mark.parametrize("named", ["ignore", "categorical", "known"])
def test_a_clock_that_is_named_otherwise_is_not_added_to_dates(named):
    frame = pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "time": CLOCKS, "v": X})
    with pytest.raises(DataError, match="stands in row 0 too"):
        from_frame(frame, target="v", **{named: ["time"]}).load(0)


def test_a_clock_that_is_no_time_of_day_is_named(tmp_path):
    frame = pd.DataFrame({"date": HOURS.strftime("%Y-%m-%d"), "time": CLOCKS, "v": X})
    data = from_frame(frame, target="v").load(0)
    assert "times of day in time are added to date" in data.understood
    for wrong in ("24:30", "closed", None):
        frame["time"] = with_cell(CLOCKS, 7, wrong)
        with pytest.raises(DataError, match=r"column time, row 7 is '.*', no time of day such as 14:30"):
            from_frame(frame, target="v").load(0)
        frame.to_csv(tmp_path / "new.csv", index=False)
        with pytest.raises(DataError, match=r"column time, row 9 is '.*', no time of day such as 14:30"):
            read(data.prepared, read_new(tmp_path / "new.csv", data.prepared))


def test_rows_are_ordered_by_visits_and_not_by_births():
    visits = pd.date_range("2020-01-01", periods=N // 10, freq="MS")[STEP]
    columns = {"patient_id": CASE, "birth_date": [f"19{40 + case}-05-01" for case in CASE], "visit_date": visits}
    frame = pd.DataFrame({**columns, "x": X, "ill": CASE % 2}).sample(frac=1, random_state=0)
    understood = from_frame(frame, target="ill").load(0).understood
    assert "ordered by visit_date" in understood
    assert "rows are ordered by visit_date; birth_date could be meant too" in understood


@pytest.mark.parametrize("due", [[None, *["2024-02-01"] * (N - 1)], ["2024-02-01"] * N])
def test_a_date_with_blanks_or_repeats_gives_way_to_one_without(due):
    dates = pd.date_range("2024-01-01", periods=N).strftime("%Y-%m-%d")
    frame = pd.DataFrame({"due_date": due, "order_date": dates, "v": X})
    assert "daily" in from_frame(frame, target="v").load(0).understood


@pytest.mark.parametrize("token", ["-", "Null"])
def test_an_odd_cell_among_quantities_of_a_panel_is_named(token):
    values = with_cell([f"{i / 7:.3f}" for i in range(N)], 9, token)
    frame = pd.DataFrame({"meter": CASE, "time": HOURS[STEP], "kwh": values})
    with pytest.raises(DataError, match=f"column kwh, row 9 is '{token}', not a number"):
        from_frame(frame, target="kwh").load(0)
    labels = with_cell([str(i % 3) for i in range(N)], 9, "other")
    assert roles("y", id=CASE, x=X, y=labels).kind == "classification"


def test_counts_of_shops_are_forecast():
    counts = np.random.default_rng(0).integers(0, 4, N)
    frame = pd.DataFrame({"store": CASE, "date": pd.date_range("2024-01-01", periods=10)[STEP], "sold": counts})
    assert "forecasting, daily, 12 groups" in from_frame(frame, target="sold").load(0).understood


def test_weeks_that_come_twice_in_a_store_are_said():
    weeks = [(s, p, y, w) for s in range(3) for p in "AB" for y in (2023, 2024) for w in range(1, 11)]
    frame = pd.DataFrame(weeks, columns=["store", "product", "year", "week"]).assign(v=X)
    understood = from_frame(frame, target="v").load(0).understood
    assert "warning: rows are in file order, for year, week come more than once; with data.group=" in understood
    assert "weekly, 6 groups" in from_frame(frame, target="v", group="store,product").load(0).understood


def test_texts_that_may_be_times_are_said_where_rows_have_no_other_order():
    quarters = [f"Q{i % 4 + 1} of {1990 + i // 4}" for i in range(N)][::-1]
    frame = pd.DataFrame({"Periode": [q.replace(" of ", "/") for q in quarters], "v": X})
    assert "Periode is not read as a time" in from_frame(frame, target="v").load(0).understood
    with pytest.raises(DataError, match="column Periode seems to be a time and is not read as one"):
        from_frame(pd.DataFrame({"Periode": quarters, "v": np.arange(N) % 9}), target="v")


@pytest.mark.parametrize("clock", [[f"{h % 24:02d}.30.00" for h in range(N)], ["Jan", "Feb", "Mar"] * (N // 3)])
def test_a_part_of_a_date_is_not_proposed_to_tell_sequences_apart(clock):
    frame = pd.DataFrame({"date": HOURS.normalize(), "part": clock, "v": X})
    with pytest.raises(DataError, match="put date and part into one column"):
        from_frame(frame, target="v").load(0)


def test_a_year_and_weeks_of_several_series_are_said():
    weeks = [(s, p, w) for s in range(4) for p in "AB" for w in range(1, 16)]
    frame = pd.DataFrame(weeks, columns=["store", "product", "week"]).assign(year=2024, v=X)
    with pytest.raises(DataError, match=r"put year and week into one column.*; say data.group=store,product for it"):
        from_frame(frame, target="v").load(0)


def test_one_slip_among_dates_in_columns_leaves_another_order_alone():
    frame = pd.DataFrame({"id": CASE, "t": STEP, "year": 2024, "month": 5, "day": 1 + STEP, "y": CASE % 2})
    frame.loc[3, "day"] = 0
    assert roles("y", **{name: frame[name] for name in frame}).time == "t"
    slipped = daily().assign(year=2024, month=1, day=with_cell([1] * N, 3, 40))
    assert "daily" in from_frame(slipped, target="v", ignore=["year", "month", "day"]).load(0).understood


def test_a_counter_that_a_date_contradicts_is_named():
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(np.random.default_rng(9).permutation(4 * N)[:N], "D")
    frame = pd.DataFrame({"id": CASE, "step": STEP, "last_service": days, "x": X, "label": CASE % 2})
    said = "warning: rows are in order of last_service, and step counts them in another: data.time=step for that"
    assert said in from_frame(frame, target="label").load(0).understood
    assert "ordered by step" in from_frame(frame, target="label", time="step").load(0).understood
    newest = pd.DataFrame({"No": range(N), "date": pd.date_range("2020-01-01", periods=N)[::-1], "v": X})
    assert "counts them" not in from_frame(newest, target="v").load(0).understood
    same = frame.assign(last_service=pd.Timestamp("2020-01-01"))
    with pytest.raises(DataError, match=r"order rows by step, which counts them: data\.time=step"):
        from_frame(same, target="label")


MONTHS = pd.DataFrame([(s, y, m) for y in range(2015, 2018) for m in range(1, 13) for s in "ABCD"], columns=[*"sym"])


@pytest.mark.parametrize("names", [("store", "year", "month"), ("Filiale", "Jahr", "Monat"), ("shop", "Année", "mois")])
@pytest.mark.parametrize("kind", [int, str, "category"])
def test_months_order_rows_in_other_languages_and_types(names, kind):
    frame = MONTHS.astype({"y": kind, "m": kind}).set_axis(names, axis=1).sample(frac=1, random_state=0)
    frame["sales"] = np.random.default_rng(0).normal(size=len(frame))
    assert "monthly, 4 groups" in from_frame(frame, target="sales", group=names[0]).load(0).understood
    if names[0] == "Filiale":
        understood = from_frame(frame, target="sales").load(0).understood
        assert "rows are in file order, for Jahr, Monat come more than once; with data.group=Filiale" in understood


@pytest.mark.parametrize("kind", [object, str, "string"])
def test_quantities_of_another_type_are_forecast(kind):
    frame = pd.DataFrame({"time": HOURS, "v": np.random.default_rng(0).normal(size=N)}).astype({"v": kind})
    assert "forecasting, hourly" in from_frame(frame, target="v").load(0).understood


@pytest.mark.parametrize("other", [{"promo": STEP % 2}, {"price": X}, {"city": np.array([*"abc"])[CASE % 3]}])
def test_counts_by_the_day_are_forecast_beside_other_columns(other):
    counts = np.random.default_rng(0).integers(0, 4, N)
    columns = {"store": CASE, "date": pd.date_range("2024-01-01", periods=10)[STEP], "sold": counts, **other}
    assert "forecasting, daily, 12 groups" in from_frame(pd.DataFrame(columns), target="sold").load(0).understood
    faster = pd.DataFrame({**columns, "date": pd.date_range("2024-01-01", periods=10, freq="s")[STEP]})
    assert "forecasting" not in from_frame(faster, target="sold").load(0).understood


def test_months_of_a_group_of_any_name_order_its_rows():
    months = pd.date_range("2010-01-01", periods=60, freq="MS")
    columns = {"country": np.repeat([*"ab"], 60), "year": [*months.year] * 2, "month": [*months.month] * 2, "v": X}
    assert "forecasting, monthly, 2 groups" in from_frame(pd.DataFrame(columns), target="v").load(0).understood


@pytest.mark.parametrize("ids", [range(N), [f"P{i:05d}" for i in range(N)]])
def test_ids_beside_sequences_of_letters_are_left_out(ids):
    letters = ["".join(part) for part in np.random.default_rng(0).choice([*"ACGT"], (N, 60))]
    frame = pd.DataFrame({"id": ids, "seq": letters, "family": CASE % 2})
    assert "text classification by characters" in from_frame(frame, target="family").load(0).understood


def test_of_dates_with_points_the_day_is_first_where_both_do():
    days = [f"{1 + i // 12:02d}.03.2024 {8 + i % 12}:00" for i in range(N)]
    assert "read as %d.%m.%Y" in from_frame(pd.DataFrame({"when": days, "v": X}), target="v").load(0).understood


def test_samples_of_a_record_count_its_rows():
    frame = pd.DataFrame({"record": CASE, "sample": STEP, "mlii": X, "label": CASE % 2})
    assert "12 sequences of 10 steps (by record" in from_frame(frame, target="label").load(0).understood


def test_of_two_rows_in_one_second_no_item_is_proposed_to_tell_users_apart():
    random = np.random.default_rng(0)
    columns = {"userId": CASE, "movieId": random.integers(1, 9, N), "timestamp": 874724710 + 1000 * CASE + STEP // 2}
    frame = pd.DataFrame({**columns, "rating": random.integers(1, 6, N)})
    with pytest.raises(DataError, match=r"or leave timestamp out with data\.ignore, so that rows are in file order$"):
        from_frame(frame, target="rating", group="userId")
