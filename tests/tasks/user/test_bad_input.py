"""What cannot be used is refused in a line or two that name the file, and the column and row where there is one."""

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks.file import File


def long(rows, header="id,t,x,label"):
    return "\n".join([header, *rows]) + "\n"


def groups(count=8, steps=3, label=lambda i: "ab"[i % 2], x=lambda i, t: i + t):
    return [f"{i},{t},{x(i, t)},{label(i)}" for i in range(count) for t in range(steps)]


def hours(count=40, value=lambda i: i % 7, stamp=lambda i: f"2024-01-{1 + i // 24:02}T{i % 24:02}:00"):
    return long([f"{stamp(i)},{value(i)}" for i in range(count)], "date,load")


def reviews(rows):
    return long(rows, "review,label")


GOOD = groups()
TEXTS = [f"one two three {i},{'ab'[i % 2]}" for i in range(8)]


@pytest.mark.parametrize(
    ("content", "settings", "says"),
    [
        ("", {}, "an empty file"),
        ("  \n\n", {}, "an empty file"),
        ("a,b\n", {"target": "b"}, "no rows below the header"),
        ("date,load\n2024-01-01,3\n", {"target": "load"}, "a series of 1 row"),
        (
            "id,t,x,label\n1,0,2.5,a\n",
            {"target": "label", "group": "id"},
            "column id, row 2: the sequence 1 has 1 step",
        ),
        (long(groups(2)), {"target": "label", "group": "id"}, "2 sequences .column id.; at least 3"),
        (long(groups(label=lambda i: "a")), {"target": "label"}, "column label: every row is 'a'"),
        (
            long(groups(label=lambda i: 1.5)),
            {"target": "label", "kind": "regression"},
            "column label: every row is 1.5",
        ),
        (
            long(groups(label=lambda i: "abc"[(i > 0) + (i > 4)])),
            {"target": "label"},
            "row 2: the class 'a' comes once",
        ),
        (hours(value=lambda i: 5), {"target": "load"}, "column load is constant"),
        (long(["x,0,2,", "x,1,2,", *GOOD]), {"target": "label"}, "column label, row 2 is empty"),
        (long([*GOOD, "9,0,1,a"]), {"target": "label"}, "column id, row 26: the sequence 9 has 1 step"),
        (long([*GOOD, "0,1,1,a"]), {"target": "label"}, "column t, row 26: the time 1 stands in row 3 too"),
        (long([*GOOD, ",1,1,a"]), {"target": "label", "group": "id"}, "column id, row 26 is empty"),
        (long([*GOOD, "0,,1,a"]), {"target": "label", "time": "t"}, "column t, row 26 is empty"),
        (long([*GOOD, "0,7,?,a"]), {"target": "label"}, "column x, row 26 is '.', not a number"),
        (long([*GOOD, "0,7,inf,a"]), {"target": "label"}, "column x, row 26 is 'inf', not finite"),
        (
            hours(value=lambda i: "x" if i == 30 else i),
            {"target": "load", "kind": "forecasting"},
            "row 32 is 'x', not a n",
        ),
        (
            hours(value=lambda i: "-inf" if i == 30 else i),
            {"target": "load"},
            "column load, row 32 is '-inf', not finite",
        ),
        (
            hours() + "2024-01-01T05:00,3\n",
            {"target": "load"},
            "column date, row 42: the time 2024-01-01 05:00:00 stands in",
        ),
        (hours(value=lambda i: "?" if i == 30 else i), {"target": "load"}, "column load, row 32 is '.', not a number"),
        (
            "a;b\n" + "".join(f"{i},5;{i}\n" for i in range(20)) + "?;3\n",
            {"target": "a"},
            "column a, row 22 is '.', not",
        ),
        (hours(6), {"target": "load", "window": 3}, "no window of 3 steps and 1 to forecast fits the validation part"),
        (hours(9), {"target": "load", "horizon": 5}, "no window of 2 steps and 5 to forecast"),
        (long(GOOD) + "1,2\n", {"target": "label"}, "row 26 has 2 cells, where the first has 4"),
        (long(GOOD, "id,x,x,label"), {"target": "label"}, "two columns are called x"),
        (reviews([*TEXTS, '"",a']), {"target": "label"}, "column review, row 10 is empty"),
        (reviews([*TEXTS, '" ",a']), {"target": "label"}, "column review, row 10 is ' ', a text without"),
        (np.random.default_rng(0).bytes(5000), {}, "binary; expected a table"),
        (pickle.dumps({"x": 1}), {}, "binary; expected a table"),
        (b"PAR1" + bytes(2000), {}, "Parquet"),
        ("x" * 10_000_000, {}, "row 1 is longer than 4,194,304 bytes"),
        (long([*GOOD, "0,7," + "1" * 10_000_000 + ",a"]), {"target": "label"}, "row 26 is longer than 4,194,304 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(own, content, settings, says):
    task = own(content, **settings)
    with pytest.raises(DataError, match=says) as caught:
        task.load(0)
    assert str(caught.value).startswith(task.path)
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < len(task.path) + 200


@pytest.mark.parametrize(
    ("content", "settings", "says"),
    [
        (long(GOOD, "id,t,x,z"), {}, "data.target=None: the column to predict, one of id, t, x, z"),
        (long(GOOD), {"target": "lable"}, "data.target=lable: one of the columns, id, t, x, label"),
        (long(GOOD), {"target": "label", "group": "x1"}, "data.group=x1: one of the columns"),
        (long(GOOD), {"target": "label", "ignore": ("q",)}, "data.ignore=q: one of the columns"),
        (long(GOOD), {"target": "label", "group": "label"}, "data.target=label: a column apart from"),
        ("a,b\n" + "1,u\n2,v\n" * 9, {"target": "b"}, "data.group=None: the column that says which sequence"),
        (
            long(GOOD),
            {"target": "label", "kind": "text_classification", "ignore": ("x",)},
            "data.kind=text_classification",
        ),
        (long(GOOD), {"target": "label", "ignore": ("x",)}, "data.kind=classification: a table with columns besides"),
        (hours(), {"target": "load", "window": 40}, "data.window=40: fewer steps than the longest series"),
        ("to be or not to be " * 99, {"kind": "language_modelling", "target": "b"}, "data.target=b: null; the file is"),
        ("to be or not to be " * 99, {"kind": "language_modelling", "horizon": 3}, "data.horizon=3: 1; the file is"),
        (long(GOOD), {"target": "x", "kind": "regression", "horizon": 6}, "data.horizon=6: 1; the data are read as r"),
        (long(GOOD), {"target": "label", "window": 2}, "data.window=2: null; the data are read as classification"),
        (long(GOOD), {"target": "label", "season": 2}, "data.season=2: null; the data are read as classification"),
        (long(GOOD), {"target": "label", "known": ("x",)}, "data.known=('x',): null; the data are read as"),
        (long(GOOD), {"target": "label", "units": "words"}, "data.units=words: auto; the data are read as"),
        (long(GOOD), {"target": "label", "size": 100}, "data.size=100: the data give at most 6"),
    ],
)
def test_a_setting_that_does_not_fit_the_file_is_named(own, content, settings, says):
    with pytest.raises(SettingError) as caught:
        own(content, **settings).load(0)
    assert str(caught.value).startswith(says)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "data.path=None"),
        ({"path": "x", "kind": "guess"}, "data.kind=guess: auto, or one of classification"),
        ({"path": "x", "units": "bytes"}, "data.units=bytes"),
        ({"path": "x", "window": 0}, "data.window=0"),
        ({"path": "x", "horizon": 0}, "data.horizon=0"),
        ({"path": "x", "min_length": -1}, "data.min_length=-1"),
    ],
)
def test_settings_that_no_file_could_meet_are_refused_before_it_is_read(settings, says):
    with pytest.raises(SettingError) as caught:
        File(**settings).check()
    assert str(caught.value).startswith(says)


def test_absent_files_and_folders(tmp_path):
    for path, says in ((tmp_path / "gone.csv", "No such file"), (tmp_path, "a folder without tables")):
        for use in (File(path=str(path)).load, lambda seed, path=path: File(path=str(path)).pinned()):
            with pytest.raises(DataError, match=says):
                use(0)


def test_labels_of_the_test_file_that_train_lacks(own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text(long([*GOOD, "9,0,1,c", "9,1,1,c"]))
    with pytest.raises(DataError, match=r"test.csv: column label, row 26: the label c is not in the train file"):
        own(long(GOOD), target="label", test_path=str(test)).load(0)
    test.write_text("id,t,label\n1,2,a\n")
    with pytest.raises(DataError, match=r"test.csv: no column x, which .*own.csv has"):
        own(long(GOOD), target="label", test_path=str(test)).load(0)


def saved(path, **arrays):
    np.savez(path, **arrays)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.array([{}, {}], object), "y": np.arange(2)}, "pickled objects, which are never loaded"),
        ({"x": np.zeros((6, 4, 2)), "y": np.array([[1], "a", 2, 3, 4, 5], object)}, "pickled objects"),
        ({"a": np.zeros(3)}, "the arrays are a; expected x and y"),
        ({"x": np.zeros((6, 4, 2, 1)), "y": np.arange(6)}, r"x is float64 of shape \(6, 4, 2, 1\)"),
        ({"x": np.array(["a", "b"]), "y": np.arange(2)}, "x is <U1"),
        ({"x": np.zeros((6, 4)), "y": np.arange(5)}, r"y is int64 of shape \(5,\)"),
        ({"x": np.zeros((6, 1, 2)), "y": np.arange(6) % 2}, "sequence 0 has 1 step"),
        ({"x": np.zeros((6, 4)), "y": np.zeros(6)}, "y: every row is '?0'?"),
        ({"x": np.full((6, 4), np.inf), "y": np.arange(6) % 2}, "column x0, row 0 is 'inf', not finite"),
        ({"x": np.zeros((6, 4)), "y": np.array([0.5, np.nan, 1, 2, 3, 4])}, "column y, row 1 is empty"),
    ],
)
def test_arrays_that_cannot_be_used(own, tmp_path, arrays, says):
    with pytest.raises(DataError, match=says):
        own(saved(tmp_path / "a.npz", **arrays), "own.npz").load(0)


@pytest.mark.parametrize("content", [b"PK\x03\x04 torn", pickle.dumps(np.zeros(3)), b"\x93NUMPY", b"x,y\n1,2\n"])
def test_what_is_called_npz_and_is_none(own, content):
    with pytest.raises(DataError, match=r"no \.npz of plain arrays"):
        own(content, "own.npz").load(0)


def test_a_pickle_that_would_run_code_does_not(own, tmp_path):
    class Evil:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w').close()",))

    for content, name in ((pickle.dumps(Evil()), "own.npz"), (pickle.dumps(Evil()), "own.csv")):
        with pytest.raises(DataError):
            own(content, name).load(0)
    with pytest.raises(DataError):
        own(saved(tmp_path / "a.npz", x=np.array([Evil()], object), y=np.zeros(1)), "own.npz").load(0)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("@classLabel false\n@data\n1,2\n", "@classLabel false"),
        ("@classLabel true a b\n@data\n1,x:a\n", "line 3: not numbers"),
        ("@classLabel true a b\n@data\n", "no cases"),
        ("@classLabel true a b\n@data\n1:a\n1,2:b\n", "sequence 0 has 1 step"),
    ],
)
def test_ts_files_that_cannot_be_used(own, content, says):
    with pytest.raises(DataError, match=says):
        own(content, "own.ts").load(0)


def test_a_parquet_column_of_lists_is_refused(own, tmp_path):
    table = pa.table({"id": [1, 1, 2, 2, 3, 3], "x": [[1]] * 6, "label": list("aabbaa")})
    pa.parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"column x, row 1 is '\[1\]', no number, text or time"):
        own((tmp_path / "a.parquet").read_bytes(), "own.parquet", target="label").load(0)


def test_a_file_that_changed_after_it_was_checked_is_not_trained_on(own):
    task = own(long(GOOD), target="label").pinned()
    with open(task.path, "a") as file:
        file.write("0,9,1,a\n")
    with pytest.raises(DataError, match=r"another content than data\.sha256="):
        task.load(0)
