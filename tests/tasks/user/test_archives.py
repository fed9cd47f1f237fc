"""Archives that claim more than they hold, arrays and texts with nothing to learn, and sktime's files as they come."""

import io
import re
import zipfile

import numpy as np
import pytest
from numpy.lib import format as npy

from rnncompare.base.errors import DataError
from rnncompare.tasks import from_arrays
from rnncompare.tasks.file import File
from rnncompare.tasks.user.files import array_files as npz
from rnncompare.tasks.user.files import file_type

Y = np.arange(12) % 2


def member(shape, body=b"", kind="<f4"):
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": kind})
    return file.getvalue() + body


def archive(path, x, y=None):
    """An archive with ``x`` as bytes, and labels."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("x.npy", "w", force_zip64=True) as file:
            file.write(x)
        packed.writestr("y.npy", member((12,), Y.tobytes(), "<i8") if y is None else y)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((10**6, 10**4, 10), "x of shape .* takes 373 GiB; 8 are the most"),
        ((10**12, 1, 1), "x of shape .* takes 3,725 GiB; 8 are the most"),
        ((10**4, 10**3, 10), "x of shape .* takes 400,000,000 bytes, but there are 480 of it"),
        ((-12, 5, 2), "x of shape .* takes -480 bytes, but there are 480 of it"),
        ((3, 5, 2), "x of shape .* takes 120 bytes, but there are 480 of it"),
    ],
)
def test_what_a_header_claims_is_compared_with_what_there_is(own, tmp_path, shape, says):
    with pytest.raises(DataError, match=says):
        own(archive(tmp_path / "a.npz", member(shape, bytes(480))), "own.npz").load(0)


def test_a_bomb_is_refused_by_its_size(own, tmp_path, monkeypatch):
    monkeypatch.setattr(npz, "BOMB", 1 << 20)
    monkeypatch.setattr(npy, "read_array", lambda *args, **options: pytest.fail("it was unpacked"))
    content = archive(tmp_path / "a.npz", member((1 << 20, 16, 1), bytes(1 << 26)))
    with pytest.raises(DataError, match=r"x takes 0\.1 GiB, packed into .* bytes; it says one thing over and over"):
        own(content, "own.npz").load(0)


def test_arrays_beyond_memory_are_refused(own, tmp_path, monkeypatch):
    def full(*args, **options):
        raise MemoryError

    monkeypatch.setattr(npy, "read_array", full)
    with pytest.raises(DataError, match="do not fit into memory"):
        own(archive(tmp_path / "a.npz", member((12, 5, 2), bytes(480))), "own.npz").load(0)


def test_a_member_that_is_damaged_within(own, tmp_path):
    random = np.random.default_rng(0)
    np.savez_compressed(tmp_path / "a.npz", x=random.integers(0, 9, (12, 500, 2)), y=Y)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[900:1100] = bytes(200)
    with pytest.raises(DataError, match=r"no \.npz of plain arrays"):
        own(bytes(content), "own.npz").load(0)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reading_an_archive_shows_how_far_it_is(own, tmp_path, monkeypatch, save):
    bars = []

    class Shown(file_type.Bar):
        def __init__(self, **options):
            super().__init__(**{**options, "disable": False, "file": io.StringIO()})
            bars.append(self)

    monkeypatch.setattr(file_type, "Bar", Shown)
    x = np.random.default_rng(0).normal(size=(12, 500, 4))
    save(tmp_path / "a.npz", x=x, y=Y)
    found, _ = npz.read_arrays(tmp_path / "a.npz", ("x", "y"))
    np.testing.assert_array_equal(found["x"], x)
    (shown,) = bars
    assert shown.total == (tmp_path / "a.npz").stat().st_size
    assert shown.n >= 0.9 * shown.total


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        (("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook; export it as CSV or Parquet"),
        (("mimetype", "content.xml"), "a document of an office program; export it"),
        (("a.csv", "b.csv"), "a zip archive of a.csv, b.csv; expected x and y"),
    ],
)
def test_archives_of_something_else(own, entries, says):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for entry in entries:
            packed.writestr(entry, "content")
    with pytest.raises(DataError, match=says):
        own(file.getvalue(), "own.xlsx").load(0)


def test_a_single_array_and_a_text(own):
    file = io.BytesIO()
    np.save(file, np.zeros((12, 5, 2)))
    with pytest.raises(DataError, match=r"a single array; save x and y with numpy\.savez"):
        own(file.getvalue(), "own.npy").load(0)
    with pytest.raises(DataError, match="File is not a zip file"):
        own("x,y\n1,2\n", "own.npz").load(0)


def test_there_is_nothing_to_learn(own, tmp_path):
    x = np.random.default_rng(0).normal(size=(12, 5, 2))
    constant = np.tile([1.5, 2.0], (12, 1))
    np.savez(tmp_path / "a.npz", x=x, y=constant)
    for task in (lambda: from_arrays(x, constant), lambda: own((tmp_path / "a.npz").read_bytes(), "own.npz").load(0)):
        with pytest.raises(DataError, match="a constant cannot be learned"):
            task()
    assert from_arrays(x, np.column_stack((constant[:, 0], np.arange(12)))).load(0).train.targets.shape == (10, 2)
    with pytest.raises(DataError, match="the train part is 'a' over and over"):
        own("a" * 5000, "own.txt").load(0)


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300])
def test_numbers_beyond_single_precision_are_named_by_their_sequence(value):
    cases = [np.ones((length, 2)) for length in (3, 4, 5)]
    cases[1][3, 1] = value
    with pytest.raises(DataError, match=rf"column x1, row 1 is '{re.escape(str(value))}', not finite.*nan is"):
        from_arrays(cases, np.array([0, 1, 0]))
    largest = float(np.finfo(np.float32).max)
    cases[1][3, 1] = largest
    assert from_arrays([*cases, *cases], np.arange(6) % 2).load(0).features == 2


def cases(*lines, header="@classLabel true a b\n@data\n"):
    rows = [f"{i},{i % 3},2:{i},5,7:{'ab'[i % 2]}" for i in range(8)]
    return header + "\n".join([*rows, *lines]) + "\n"


def test_missing_values_of_a_ts_file_are_masked(own):
    data = own(cases("?,1,2:3,4,?:a", "1,?,2:3,NaN,1:b"), "own.ts").load(0)
    assert "2 in x0, 2 in x1" in data.understood
    assert data.features == 4


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (cases("1,2:3,4:c"), "line 11: the label 'c' is not one of @classLabel"),
        (cases("1,inf:3,4:a"), "line 11: a value is infinite"),
        (cases("(0,1),(1,2):a"), "line 11: time stamps are not read"),
        (cases(header="@problemName p\n@classLabel true a b\n# cases\n"), "line 4: a case before the line @data"),
        ("@problemName p\n", "no cases"),
    ],
)
def test_ts_files_are_refused_with_the_line(own, content, says):
    with pytest.raises(DataError, match=says):
        own(content, "own.ts").load(0)


def test_texts_with_quantities_and_short_texts_get_advice_that_helps(own):
    rows = "".join(f"one two three {i},{i / 7:.3f}\n" for i in range(20))
    with pytest.raises(DataError, match=r"the class '0' comes once.*round a quantity to a few values"):
        own("review,stars\n" + rows, target="stars").load(0)
    with pytest.raises(DataError, match=r"use a longer text$"):
        own("to be or", "own.txt").load(0)


def test_a_table_that_mentions_data_is_a_table(own):
    rows = "".join(f"see @data and {i} more,{'ab'[i % 2]}\n" for i in range(9))
    assert "text classification" in own("tweet,label\n" + rows, target="label").load(0).understood


def test_numbers_of_half_precision_are_read_as_such_of_single():
    x = np.random.default_rng(0).normal(size=(50, 8, 2)).astype(np.float16)
    half, single = (from_arrays(x.astype(kind), x[:, 0, 0] > 0).load(0) for kind in (np.float16, np.float32))
    np.testing.assert_array_equal(half.train.inputs, single.train.inputs)
    assert half.understood == single.understood


def test_arrays_that_are_not_read_are_named(tmp_path):
    x = np.random.default_rng(0).normal(size=(40, 5))
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(40) % 2, mask=np.ones((40, 5)), groups=np.arange(40))
    assert "arrays that are not read: mask, groups" in File(path=str(tmp_path / "a.npz")).load(0).understood


def test_a_form_of_arrays_that_is_not_read_is_called_by_its_name(tmp_path):
    (tmp_path / "a.arff").write_text("% toys\n@relation toys\n@attribute x numeric\n@data\n1\n")
    with pytest.raises(DataError, match="an ARFF or TSF file, which is not read"):
        File(path=str(tmp_path / "a.arff")).load(0)
