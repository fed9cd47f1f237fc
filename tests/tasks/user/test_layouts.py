"""Tables as people have them: zones, stray quotation marks, odd headers; and what a user says of a file's layout."""

import os
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from test_bad_input import GOOD, groups, hours, long

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import from_frame
from rnncompare.tasks.file import File
from rnncompare.tasks.user.columns.times import find_time
from rnncompare.tasks.user.files import dialect
from rnncompare.tasks.user.files import file_type as content
from rnncompare.tasks.user.files.reading import Layout
from rnncompare.tasks.user.files.tables import Table, read_table

TIMES = pd.date_range("2024-03-30T22:00", periods=60, freq="h", tz="UTC")


def read(tmp_path, text, name="own.csv", **layout):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(tmp_path / name, Layout(**layout)).frame


@pytest.mark.parametrize("zone", ["Z", "+01:00", "change"])
def test_times_with_a_zone_are_times_in_utc(tmp_path, zone):
    local = TIMES.tz_convert("Europe/Berlin")
    stamps = {"Z": TIMES.tz_localize(None).map(lambda t: f"{t.isoformat()}Z"), "+01:00": None}.get(zone)
    if stamps is None:
        stamps = (local if zone == "change" else TIMES.tz_convert("Etc/GMT-1")).map(lambda t: t.isoformat())
    frame = read(tmp_path, "date,load\n" + "".join(f"{stamp},{i % 7}\n" for i, stamp in enumerate(stamps)))
    table = Table(frame, "own")
    assert find_time(table, ["load", "date"], None) == "date"
    assert table.frame["date"].tolist() == TIMES.tz_localize(None).tolist()


def test_fractions_of_a_second_in_a_later_block_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(dialect, "BLOCK", 200)
    rows = [f"{t.tz_localize(None).isoformat()},1" for t in TIMES] + ["2024-04-30T00:00:00.25,1"]
    frame = read(tmp_path, "date,load\n" + "\n".join(rows) + "\n")
    assert frame["date"].iloc[-1] == pd.Timestamp("2024-04-30T00:00:00.25")


def test_a_zone_costs_a_forecast_nothing(tmp_path):
    values = np.sin(np.arange(200) / 4)
    plain = pd.DataFrame({"date": pd.date_range("2024-03-30", periods=200, freq="h"), "y": values})
    zoned = plain.assign(date=plain["date"].dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin"))
    zoned.to_parquet(tmp_path / "zoned.parquet")
    expected = from_frame(plain, target="y").load(0)
    assert "hourly" in expected.understood
    for task in (from_frame(zoned, target="y"), File(path=str(tmp_path / "zoned.parquet"), target="y")):
        found = task.load(0)
        assert found.understood == expected.understood
        assert found.baseline == pytest.approx(expected.baseline)
    assert isinstance(zoned["date"].dtype, pd.DatetimeTZDtype), "the frame that was given is left alone"


@pytest.mark.parametrize("header", ["label\ttext\n", ""])
def test_quotation_marks_that_do_not_pair_are_characters(tmp_path, header):
    texts = [f'"so it goes {i}' if i in (20, 41) else f'you said "no" {i}' for i in range(43)]
    content = header + "".join(f"{('ham', 'spam')[i % 2]}\t{text}\n" for i, text in enumerate(texts))
    frame = read(tmp_path, content, header=bool(header))
    assert frame.iloc[:, 1].tolist() == texts


@pytest.mark.parametrize("at", [3, 30])
def test_one_mark_too_many_in_a_quoted_table_is_refused_with_its_line(tmp_path, at):
    rows = [f'"a, {i}",{i}' for i in range(40)]
    rows[at] = f'"a, "b" {at}",{at}'
    with pytest.raises(DataError, match=rf"quotation mark in line {at + 2} does not close"):
        read(tmp_path, "text,n\n" + "\n".join(rows) + "\n")


def test_a_ragged_table_with_good_marks_is_not_read_without_them(tmp_path):
    with pytest.raises(DataError, match="row 4 has 1 cell, where the first has 2"):
        read(tmp_path, 'text,n\n"a;b",1\n"c;d",2\n"e;f"\n')


def test_cells_of_several_lines_stay_whole(tmp_path):
    texts = ['first, line\nsecond, "quoted"\n\nlast', "plain", "a\nb,c"]
    pd.DataFrame({"text": texts, "n": [1, 2, 3]}).to_csv(tmp_path / "t.csv", index=False)
    assert read_table(tmp_path / "t.csv").frame["text"].tolist() == texts


@pytest.mark.parametrize("blank", ["", "\n\n"])
def test_a_name_of_two_lines(tmp_path, blank):
    frame = read(tmp_path, blank + '"load\n(MW)",b\n1,2\n3,4\n')
    assert frame.to_dict("list") == {"load\n(MW)": [1, 3], "b": [2, 4]}


def test_a_table_without_a_header_may_begin_with_equal_numbers(tmp_path):
    assert read(tmp_path, "1,1\n2,3\n").to_dict("list") == {"column1": [1, 2], "column2": [1, 3]}


def test_zero_bytes_beyond_the_first_block_are_binary(own, monkeypatch):
    monkeypatch.setattr(content, "BLOCK", 300)
    text = hours(100)
    at = text.index("\n", 900)
    damaged = text[:at] + "\0\0" + text[at:]
    line = damaged[:at].count("\n") + 1
    for name, settings in (("own.csv", {"target": "load"}), ("own.txt", {})):
        with pytest.raises(DataError, match=rf"binary; .*line {line} has the byte 0x00"):
            own(damaged, name, **settings).load(0)


@pytest.mark.parametrize(
    ("layout", "text", "columns"),
    [
        (
            {"header": False},
            "spam\twin now\nham\tsee you\n",
            {"column1": ["spam", "ham"], "column2": ["win now", "see you"]},
        ),
        ({"header": True}, "1,2\n3,4\n", {"1": [3], "2": [4]}),
        ({"delimiter": "semicolon"}, "a;b\n1,5;2,5\n", {"a": [1.5], "b": [2.5]}),
        ({"delimiter": "~"}, "a~b\n1,5~2\n", {"a": [1.5], "b": [2]}),
        ({"delimiter": "space"}, "a b\n1 2\n", {"a": [1], "b": [2]}),
        ({"delimiter": "\\t"}, "a\tb,c\n1\t2\n", {"a": [1], "b,c": [2]}),
        ({"delimiter": "bar", "decimal": "comma"}, "a|b\n1,5|2\n", {"a": [1.5], "b": [2]}),
        ({"decimal": "point"}, "a;b\n1.5;1,5\n", {"a": [1.5], "b": ["1,5"]}),
        ({"encoding": "cp1252"}, "a,b\n1,5 \u20ac\n".encode("cp1252"), {"a": [1], "b": ["5 \u20ac"]}),
        ({"encoding": "utf-16-le"}, "a,b\n1,\u20ac\n".encode("utf-16-le"), {"a": [1], "b": ["\u20ac"]}),
    ],
)
def test_what_is_said_of_the_layout_holds(tmp_path, layout, text, columns):
    Layout(**layout).check_layout()
    assert read(tmp_path, text, **layout).to_dict("list") == columns


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"delimiter": "::"}, "data.delimiter=::: one character, or comma, semicolon, tab, space or bar"),
        ({"delimiter": '"'}, 'data.delimiter=": one character'),
        ({"delimiter": "."}, "data.delimiter=.: one character"),
        ({"decimal": ";"}, "data.decimal=;: point or comma"),
        ({"encoding": "utf-9"}, "data.encoding=utf-9: an encoding of Python's"),
        ({"encoding": "zip"}, "data.encoding=zip: an encoding of Python's"),
    ],
)
def test_a_layout_that_no_file_has_is_refused(settings, says):
    with pytest.raises(SettingError) as caught:
        File(path="x", **settings).check()
    assert str(caught.value).startswith(says)


def test_a_layout_is_said_of_texts_alone(own, tmp_path):
    pd.DataFrame({"a": [1, 2], "y": [1, 2]}).to_parquet(tmp_path / "a.parquet")
    for text, name in (
        ((tmp_path / "a.parquet").read_bytes(), "own.parquet"),
        (b"PK\x03\x04", "own.npz"),
        ("to be " * 50, "own.txt"),
    ):
        with pytest.raises(SettingError, match=r"data\.delimiter=tab: null; the file is"):
            own(text, name, delimiter="tab").load(0)
    text = "\u20ac to be or not to be " * 50
    assert "\u20ac" in own(text.encode("cp1252"), "own.txt", encoding="cp1252").load(0).classes


@pytest.mark.parametrize("encoding", ["utf-32", "utf-16-le", "shift-jis", "cp037", "utf-8-sig"])
def test_a_table_in_any_encoding_of_pythons(own, encoding):
    rows = long(groups(x=lambda i, t: "\u8868\uff5c\u80fd" if encoding == "shift-jis" else "ab"))  # bytes like \ and |
    content = rows.encode(encoding)
    said = {} if encoding in ("utf-32", "utf-8-sig") else {"encoding": encoding}
    read, plain = (own(text, target="label", **also).load(0) for text, also in ((content, said), (rows.encode(), {})))
    np.testing.assert_array_equal(read.train.inputs, plain.train.inputs)
    assert read.understood == plain.understood


@pytest.mark.parametrize("encoding", ["punycode", "cp037", "undefined", "idna"])
def test_an_encoding_in_which_the_file_cannot_be_ends_in_an_error(own, encoding):
    with pytest.raises((DataError, SettingError)):
        own(long(groups(x=lambda i, t: "\u00e9")), target="label", encoding=encoding).load(0)


def test_utf_16_without_a_mark_is_said_to_need_its_encoding(own):
    with pytest.raises(DataError, match=r"binary; .*set data\.encoding"):
        own(long(groups(x=lambda i, t: i)).encode("utf-16-le"), target="label").load(0)


def test_a_file_in_another_encoding_than_is_said(own):
    task = own(long(groups(x=lambda i, t: "\u00e9")).encode("latin-1"), target="label", encoding="utf-8")
    with pytest.raises(DataError, match="not in the encoding utf-8"):
        task.load(0)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("# exported 2024\nid,t,x,label\n" + long(GOOD), "own.csv", "row 1 is '# exported 2024', a comment; delete"),
        ('[{"a": 1}, {"a": 2}]', "own.json", "JSON; export it as CSV or Parquet"),
        ('{"a": 1}\n{"a": 2}\n', "own.csv", "JSON; export it"),
        ("a,y\n1,2\n", "own.parquet", "no Parquet file"),
        (b"\x1f\x8b\x08 packed", "own.csv.gz", "not whole gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "own.xls", "a workbook of an old Excel; export it"),
    ],
)
def test_foreign_files_are_called_what_they_are(own, content, name, says):
    with pytest.raises(DataError, match=says):
        own(content, name, target="y").load(0)


def test_what_is_no_regular_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, says in ((tmp_path / "pipe", "a pipe"), ("/dev/zero", "a device")):
        for use in (File(path=str(path)).load, lambda seed, path=path: File(path=str(path)).pinned()):
            with pytest.raises(DataError, match=f"cannot be read .{says}"):
                use(0)


def test_frames_that_are_none():
    for frame, says in ((None, "a NoneType; expected a pandas DataFrame"), ([1, 2], "a list; expected")):
        with pytest.raises(DataError, match=says):
            from_frame(frame, target="y")
    with pytest.raises(DataError, match="two columns are called x"):
        from_frame(pd.DataFrame(np.ones((9, 3)), columns=["x", "x", "y"]), target="y")


def test_an_index_of_times_is_a_column():
    times = pd.date_range("2024-01-01", periods=400, freq="h")
    frame = pd.DataFrame({"load": np.sin(np.arange(400) * np.pi / 12)}, times)
    said = from_frame(frame, target="load").load(0).understood
    assert said.startswith("read as: forecasting, hourly, 1 series, target load")
    assert said == from_frame(frame.rename_axis("when").tz_localize("UTC"), target="load").load(0).understood
    with pytest.raises(DataError, match="the index and a column are both called time"):
        from_frame(frame.assign(time=1), target="load")


def test_what_excel_writes_in_the_west_keeps_its_euro_signs(tmp_path):
    text = "price €;name\n" + "".join(f"{i},5;Müller “{i}”\n" for i in range(30))
    assert read(tmp_path, text.encode("cp1252")).equals(read(tmp_path, text))
    undefined = read(tmp_path, b"a\x81;b\n1;2\n3;4\n")  # no Windows-1252
    assert list(undefined) == ["a\x81", "b"]


def test_the_index_that_pandas_writes_into_a_filtered_parquet_file_is_no_input(tmp_path):
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(40), 5), "x": np.arange(200) % 7 * 1.5, "y": np.repeat([0, 1], 100)}
    )
    frame[frame["x"] > 0].to_parquet(tmp_path / "own.parquet")
    frame[frame["x"] > 0].to_csv(tmp_path / "own.csv")
    one, other = (File(path=str(tmp_path / name), target="y").load(0) for name in ("own.parquet", "own.csv"))
    np.testing.assert_array_equal(one.train.inputs, other.train.inputs)
    assert "columns left out: __index_level_0__" in one.understood
    assert "columns left out: unnamed1" in other.understood


def test_a_file_that_does_not_fit_into_memory_is_refused_before_it_is_read(own, monkeypatch):
    monkeypatch.setattr(content.psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    with pytest.raises(DataError, match=r"loading it takes about .* GiB and .* GiB are free; use a part of it"):
        own(long(GOOD), target="label").load(0)


def test_a_file_is_refused_where_the_address_space_is_too_small_to_read_it(own, monkeypatch):
    """With less, Arrow was seen to wait for ever for a thread that it could not start."""
    task = own(long(GOOD), target="label")
    used = content.psutil.Process().memory_info().vms
    monkeypatch.setattr(content.resource, "getrlimit", lambda _: (used + (100 << 20), -1))
    with pytest.raises(DataError, match=r"takes 256 MiB of address space and \d+ MiB are left.*ulimit -v"):
        task.load(0)


def test_several_columns_without_a_name_are_told_apart(own):
    """As pandas writes an index of two levels without names."""
    rows = "\n".join(
        f"s{i // 60},{pd.Timestamp('2024-01-01') + pd.Timedelta(days=i % 60):%Y-%m-%d},{i}" for i in range(120)
    )
    data = own(f",,y\n{rows}\n", target="y", window=4, group="unnamed1").load(0)
    assert "forecasting, daily, 2 groups of" in data.understood
    assert data.prepared.time == "unnamed2"


def test_an_encoding_that_a_later_block_refutes_is_refused(own):
    task = own(b"x,y\n" + b"1,abcdefghijklmnopqrst\n" * 250_000 + b"2,caf\xe9\n", target="y", encoding="utf-8")
    with pytest.raises(DataError, match=r"not in the encoding utf-8; set data\.encoding"):
        task.load(0)


@pytest.mark.parametrize("form", ["csv", "parquet", "frame"])
@pytest.mark.parametrize(
    ("zone", "frequency"), [("Asia/Tokyo", "B"), ("Europe/Berlin", "D"), ("America/New_York", "B")]
)
def test_days_are_those_of_their_own_zone(tmp_path, form, zone, frequency):
    """In UTC a Monday in Tokyo begins on a Sunday, and days in Berlin are 23 to 25 hours apart."""
    days = pd.date_range("2024-02-05", periods=120, freq=frequency, tz=zone)
    frame = pd.DataFrame({"date": days, "y": np.sin(np.arange(120) / 4)})
    if form == "csv":
        frame.to_csv(tmp_path / "own.csv", index=False)
    else:
        frame.to_parquet(tmp_path / "own.parquet")
    path = tmp_path / f"own.{form}"
    data = from_frame(frame, target="y").load(0) if form == "frame" else File(path=str(path), target="y").load(0)
    assert f"forecasting, {'business daily' if frequency == 'B' else 'daily'}, " in data.understood
    assert "uneven" not in data.understood
    assert data.prepared.frequency == frequency
