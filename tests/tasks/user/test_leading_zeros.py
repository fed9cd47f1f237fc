"""Numbers with leading zeros, of ids and classes: they stay as they are written, and two ids stay two."""

import numpy as np
import pytest

from rnncompare.tasks.user.new_data import read, read_new
from tests.tasks.user.test_new_data import carried


def rows(ids, labels, steps=4, extra=""):
    """A table of sequences with these ids and labels, and a column that tells their classes apart."""
    lines = ["id,step,x,label" + (",zip" if extra else "")]
    for number, (name, label) in enumerate(zip(ids, labels, strict=True)):
        lines += [f"{name},{step},{int(label)}.{number % 10}{step},{label}{extra}" for step in range(steps)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("ids", [[f"{i:05}" for i in range(40)], [f"{i:02}" for i in range(8, 128, 3)]])
def test_ids_and_classes_come_back_as_they_are_written(own, tmp_path, ids):
    labels = ["01", "02", "10", "01"] * 10
    data = own(rows(ids, labels), target="label").load(0)
    prepared = carried(data)
    assert sorted(prepared.classes) == ["01", "02", "10"]
    (tmp_path / "new.csv").write_text(rows(ids, labels).replace(",label", ",ignored"))
    _, said = read(prepared, read_new(tmp_path / "new.csv", prepared))
    assert said["id"].tolist() == ids


def test_ids_that_are_one_number_stay_two(own):
    ids = ["7", "007", *(str(i) for i in range(100, 138))]
    task = own(rows(ids, ["1", "2"] * 20), target="label")
    assert "40 sequences of 4 steps" in task.load(0).understood


def test_a_test_file_without_leading_zeros_has_the_same_classes(own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text(rows(range(10), ["10"] * 10))
    ids = range(40)
    data = own(rows(ids, ["01", "10"] * 20), target="label", group="id", test_path=str(test)).load(0)
    assert data.prepared.classes[int(np.unique(data.test.targets)[0])] == "10"


def test_quantities_with_leading_zeros_are_quantities_with_a_note(own):
    task = own(rows(range(40), ["1", "2"] * 20, extra=",01067").replace(",01067", ",80331", 30), target="label")
    said = task.load(0).understood
    assert "4 columns" not in said
    assert "zip has leading zeros and is read as a quantity; if it is a code, data.categorical=[zip]" in said


@pytest.mark.parametrize("month", ["01", "1"])
def test_months_with_and_without_a_leading_zero_are_the_time(own, month):
    lines = [f"{2000 + i // 12},{i % 12 + 1:0{len(month)}},{i % 7}.5" for i in range(120)]
    said = own("\n".join(["year,month,sales", *lines]), target="sales").load(0).understood
    assert "forecasting, monthly" in said
    assert "leading zeros" not in said
