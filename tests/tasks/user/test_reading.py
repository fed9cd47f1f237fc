"""Tables read: dialects, types, encodings; and what the columns are taken for."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncompare.tasks.user.columns.find_roles import find_roles
from rnncompare.tasks.user.files import dialect
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table, read_table


def read(tmp_path, content):
    path = tmp_path / "table"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path).frame


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_delimiter_encoding_and_line_ends_are_found(tmp_path, delimiter, encoding, newline):
    text = newline.join(["näme,x,day", '"é, ü",1.5,2024-01-02', '"two\nlines",-2e3,2024-01-03', ",,"]) + newline
    frame = read(tmp_path, text.replace(",", delimiter).replace(f"é{delimiter} ü", "é, ü").encode(encoding))
    assert list(frame.columns) == ["näme", "x", "day"]
    assert frame["näme"].tolist()[0] == "é, ü"
    np.testing.assert_array_equal(frame["x"], [1.5, -2000, np.nan])
    assert frame["day"].dtype.kind == "M"
    assert frame.index.tolist() == [2, 3, 4]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_decimal_comma_is_found(tmp_path, delimiter):
    frame = read(tmp_path, f"a{delimiter}b\n1,5{delimiter}2\n-0,25{delimiter}3\n")
    assert frame["a"].tolist() == [1.5, -0.25]
    assert frame["b"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("1,2\n3,4\n", ["column1", "column2"]),
        ("2024-01-01,x\n2024-01-02,y\n", ["column1", "column2"]),
        ("id,2019,2020\nx,1,2\ny,1,2\n", ["column1", "column2", "column3"]),
        ("a,b\n3,4\n", ["a", "b"]),
        (",a\n0,4\n", ["unnamed1", "a"]),
        ("value\n1,5\n2,5\n", ["value"]),
    ],
)
def test_the_header_is_found(tmp_path, content, columns):
    frame = read(tmp_path, content)
    if columns == ["column1", "column2", "column3"]:
        columns = ["id", "2019", "2020"] if "id" in frame.columns else columns
    assert list(frame.columns) == columns


def test_what_a_later_block_shows_is_believed(tmp_path, monkeypatch):
    monkeypatch.setattr(dialect, "BLOCK", 200)
    rows = [f"{i},{i},2024-01-01,x" for i in range(100)] + ["1.5,word,2024-01-01T05:30:00,é"]
    content = "\n".join(["a,b,c,d", *rows]) + "\n"
    for encoding in ("utf-8", "latin-1"):
        frame = read(tmp_path, content.encode(encoding))
        assert frame["a"].tolist() == [*range(100), 1.5]
        assert frame["b"].tolist()[-2:] == ["99", "word"]
        assert frame["c"].iloc[-1] == pd.Timestamp("2024-01-01T05:30")
        assert frame["d"].tolist()[-2:] == ["x", "é"]


cells = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32), st.integers(-1000, 1000))


@given(
    st.lists(st.tuples(st.integers(-(2**40), 2**40), cells, st.sampled_from(["a", "b", "ç"])), min_size=1, max_size=60),
    st.integers(60, 400),
)
@settings(max_examples=40, deadline=None)
def test_what_pandas_reads_is_read_whatever_the_blocks(tmp_path_factory, rows, block):
    expected = pd.DataFrame(rows, columns=["n", "x", "s"])
    text = expected.to_csv(index=False)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(text)
    whole = dialect.BLOCK
    dialect.BLOCK = block
    try:
        frame = read_table(path).frame
    finally:
        dialect.BLOCK = whole
    reference = pd.read_csv(io.StringIO(text))
    assert frame["n"].tolist() == reference["n"].tolist()
    np.testing.assert_allclose(frame["x"].astype(float), reference["x"].astype(float), rtol=1e-15)
    assert frame["s"].tolist() == reference["s"].tolist()


def test_parquet_is_read_as_the_same_table(tmp_path):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "x", "y"], "c": [0.5, None, 1.5], "d": pd.Timestamp("2024-01-01")})
    frame.to_parquet(tmp_path / "t.parquet")
    found = read_table(tmp_path / "t.parquet").frame
    assert found["a"].tolist() == [1, 2, 3]
    assert found["b"].tolist() == ["x", "x", "y"]
    np.testing.assert_array_equal(found["c"], frame["c"])
    assert found["d"].tolist() == frame["d"].tolist()
    assert found.index.tolist() == [1, 2, 3]


def roles(target=None, **columns):
    reading = columns.pop("reading", {})
    return find_roles(Table(pd.DataFrame(columns), "t"), Reading(target=target, **reading))


N = 24
DAYS = pd.date_range("2024-01-01", periods=N)
HALF = np.arange(N) // 6


@pytest.mark.parametrize(
    ("columns", "target", "kind", "group", "time"),
    [
        ({"date": DAYS, "x": np.arange(N) / 7, "OT": np.arange(N) / 3}, "OT", "forecasting", None, "date"),
        ({"OT": np.arange(N) / 3}, None, "forecasting", None, None),
        ({"ds": DAYS, "y": np.arange(N)}, None, "forecasting", None, "ds"),
        ({"day": DAYS.strftime("%d/%m/%Y"), "y": np.arange(N)}, None, "forecasting", None, "day"),
        ({"hour": np.arange(N) % 6, "load": np.arange(N) / 3}, "load", "forecasting", None, None),
        ({"id": HALF, "x": np.arange(N) / 7, "label": HALF % 2}, None, "classification", "id", None),
        ({"who": [*"aaaaaabbbbbbccccccdddddd"], "x": np.arange(N) / 7, "z": HALF / 7}, "z", "regression", "who", None),
        ({"case": HALF, "t": np.arange(N) % 6, "a": [*"xy"] * 12, "z": HALF % 2}, "z", "events", "case", "t"),
        (
            {"step": np.arange(N) // 4, "unit": np.arange(N) % 4, "x": np.arange(N) / 7, "rul": np.arange(N) % 4 / 3},
            "rul",
            "regression",
            "unit",
            "step",
        ),
        ({"case": HALF, "activity": [*"xyzz"] * 6}, "activity", "events", "case", None),
        ({"id": HALF, "acc": np.arange(N) / 7, "doing": [*"xy"] * 12}, "doing", "classification", "id", None),
        ({"store": HALF, "date": [*DAYS[:6]] * 4, "sales": np.arange(N) / 7}, "sales", "forecasting", "store", "date"),
        ({"text": [f"a b c {i}" for i in range(N)], "label": [*"xy"] * 12}, None, "text_classification", None, None),
        ({"name": [f"n{i}" for i in range(N)], "country": [*"xy"] * 12}, "country", "text_classification", None, None),
    ],
)
def test_the_likeliest_kind_is_found(columns, target, kind, group, time):
    found = roles(target, **columns)
    assert (found.kind, found.group, found.time) == (kind, group, time)


def test_what_is_said_overrules_what_is_found():
    columns = {"id": HALF, "other": np.arange(N) // 3, "x": np.arange(N) / 7, "code": np.arange(N) % 3, "y": HALF % 2}
    found = roles(
        "y", **columns, reading={"kind": "regression", "group": "other", "categorical": ("code",), "ignore": ("id",)}
    )
    assert (found.kind, found.group, found.features, found.categorical) == (
        "regression",
        "other",
        ["x", "code"],
        ["code"],
    )
    assert found.notes == ["columns left out: id"]


def test_dates_that_can_be_read_in_two_ways_are_read_in_order():
    columns = {"when": ["28/01/2024", "01/02/2024", "02/02/2024", "03/02/2024"], "y": [1.0, 2, 3, 4]}
    table = Table(pd.DataFrame(columns), "t")
    assert find_roles(table, Reading(target="y")).time == "when"
    assert table.frame["when"].is_monotonic_increasing
    late = Table(pd.DataFrame({"when": ["01/02/2024", "02/02/2024", "01/03/2024"], "y": [1.0, 2, 3]}), "t")
    find_roles(late, Reading(target="y"))
    assert late.frame["when"].dt.month.tolist() == [2, 2, 3]


def test_columns_that_say_nothing_are_left_out_aloud():
    columns = {
        "Unnamed: 0": range(N),
        "id": HALF,
        "x": np.arange(N) / 7,
        "note": [f"n{i}" for i in range(N)],
        "y": HALF % 2,
    }
    found = roles("y", **columns, empty=[None] * N)
    assert found.features == ["x"]
    assert found.notes == ["columns left out: Unnamed: 0, note, empty"]
