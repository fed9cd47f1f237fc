"""Separators of thousands and decimal marks in a user's files: told apart, over all files and for a kept model."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks.file import File
from rnncompare.tasks.user.files.thousands import Marks
from rnncompare.tasks.user.new_data import read, read_new
from rnncompare.tasks.user.prepared import Prepared


def flows(first, count=60):
    days = pd.date_range("2023-01-01", periods=count)
    return [(f"{day:%Y-%m-%d}", first + 5 * i + i % 7) for i, day in enumerate(days)]


def written(rows, mark, delimiter=";"):
    return f"day{delimiter}flow\n" + "".join(f"{d}{delimiter}{f'{v:,}'.replace(',', mark)}\n" for d, v in rows)


def test_an_input_with_separators_of_thousands_is_said_to_be_left_out(own):
    days = pd.date_range("2024-01-01", periods=120).strftime("%Y-%m-%d")
    rows = "".join(f'"{day}","{i % 7}.{i:03d}","1,{100 + i}.50"\n' for i, day in enumerate(days))
    understood = own("date,y,last\n" + rows, target="y").load(0).understood
    assert "column last is left out, though most of it looks like numbers; write numbers without sep" in understood


@pytest.mark.parametrize(("delimiter", "mark"), [(";", "."), (";", ","), ("\t", ","), (",", ".")])
def test_thousands_are_never_taken_for_fractions(own, delimiter, mark):
    days = pd.date_range("2023-01-01", periods=60)
    values = [f"{900 + 5 * i:,}".replace(",", mark) for i in range(60)]
    text = f"day{delimiter}sales\n" + "".join(
        f"{day:%Y-%m-%d}{delimiter}{v}\n" for day, v in zip(days, values, strict=True)
    )
    word = "point" if mark == "." else "comma"
    says = f"column sales, where 1[.,]000 may be 1000 or a fraction; .* set data.decimal={word} for fractions"
    with pytest.raises(DataError, match=says):
        own(text, target="sales").load(0)
    assert own(text, target="sales", decimal=word).load(0)
    if delimiter != ",":
        other = "comma" if mark == "." else "point"
        with pytest.raises(
            DataError, match=r"is '1[.,]000', not a number; write numbers without separators of thousands"
        ):
            own(text, target="sales", decimal=other).load(0)


def test_a_point_is_no_decimal_mark_beside_decimal_commas(own):
    rows = [f"{i};{t};{900 + 20 * t:,};{t},5;{'ab'[i % 2]}\n".replace(",", ".", 1) for i in range(40) for t in range(9)]
    rows = [row.replace(".5", ",5") for row in rows]
    with pytest.raises(DataError, match=r"column v, row 7 is '1\.000', not a number"):
        own("id;t;v;w;label\n" + "".join(rows), target="label").load(0)


def test_fractions_of_three_decimals_are_read_without_a_question(own):
    days = pd.date_range("2023-01-01", periods=60)
    for values in ([f"{0.9 + i / 8:.3f}" for i in range(60)], [f"{98 + i / 8:g}" for i in range(60)]):
        text = "day;level\n" + "".join(f"{day:%Y-%m-%d};{v}\n" for day, v in zip(days, values, strict=True))
        assert own(text, target="level").load(0)


@pytest.mark.parametrize("cells", [("520.126", "513.000", "526.225"), ("15e-1", "150", "200")])
def test_numbers_as_programs_write_them_are_read_without_a_question(own, cells):
    days = pd.date_range("2023-01-01", periods=60)
    text = "day,level\n" + "".join(f"{day:%Y-%m-%d},{cells[i % 3]}\n" for i, day in enumerate(days))
    assert "may be" not in own(text, target="level").load(0).understood


@pytest.mark.parametrize("mark", [".", ","])
def test_thousands_in_one_file_and_none_in_another_are_never_taken_for_fractions(own, tmp_path, mark):
    test = tmp_path / "test.csv"
    test.write_text(written(flows(1000), mark))
    with pytest.raises(DataError, match=r"own.csv and .*test.csv: column flow, where 1[.,]000 may be 1000 or a frac"):
        own(written(flows(100), mark), target="flow", test_path=str(test)).load(0)
    folder = tmp_path / "flows"
    folder.mkdir()
    for name, first in (("a", 100), ("b", 1000)):
        (folder / f"{name}.csv").write_text(written(flows(first), mark))
    with pytest.raises(DataError, match=r"flows: column flow, where 1[.,]000 may be 1000 or a fraction"):
        File(path=str(folder), target="flow").load(0)


def test_a_sure_fraction_in_one_file_tells_the_mark_in_all(own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text("day;flow\n" + "".join(f"{day};{1 + i / 1000:.3f}\n" for i, (day, _) in enumerate(flows(0))))
    text = "day;flow\n" + "".join(f"{day};{1 + i / 8:g}\n" for i, (day, _) in enumerate(flows(0)))
    assert "may be" not in own(text, target="flow", test_path=str(test)).load(0).understood


def test_new_data_whose_thousands_training_had_not_are_refused(own, tmp_path):
    prepared = own(written(flows(100), "."), target="flow").load(0).prepared
    prepared = Prepared.from_state(json.loads(json.dumps(prepared.state())))
    new = tmp_path / "new.csv"
    for mark in ".,":
        new.write_text(written(flows(1000), mark))
        with pytest.raises(DataError, match=r"new.csv: column flow, where 1[.,]000 may be 1000 or a fraction"):
            read(prepared, read_new(new, prepared))
    new.write_text(written(flows(300), "."))
    read(prepared, read_new(new, prepared))


def test_new_data_of_a_model_of_fractions_are_read_without_a_question(own, tmp_path):
    rows = "".join(f"{day},{90 + i * 1.237:g}\n" for i, (day, _) in enumerate(flows(0)))
    prepared = own("day,flow\n" + rows, target="flow").load(0).prepared
    new = tmp_path / "new.csv"
    new.write_text("day,flow\n" + "".join(f"{day},{(121.337, 118)[i % 2]}\n" for i, (day, _) in enumerate(flows(0))))
    assert read_new(new, prepared).frame["flow"].tolist() == [121.337, 118.0] * 30
    read(prepared, read_new(new, prepared))


def test_numbers_that_may_all_be_thousands_are_warned_of(own):
    days = pd.date_range("2023-01-01", periods=60)
    text = "day;sales\n" + "".join(
        f"{day:%d.%m.%Y};{50 + i // 9}.{(i * 37) % 1000:03d}\n" for i, day in enumerate(days)
    )
    warned = "warning: column sales, where 50.000 may be 50000, is read as fractions"
    assert warned in own(text, target="sales").load(0).understood
    assert warned not in own(text, target="sales", decimal="point").load(0).understood
    assert "fractions" not in own(text.replace(";", ","), target="sales").load(0).understood


def quoted(values):
    return "day,v,w\n" + "".join(
        f'{day},"{v}",{i % 7}\n' for i, ((day, _), v) in enumerate(zip(flows(0), values, strict=True))
    )


def test_decimal_commas_in_quotes_are_fractions(own):
    values = [f"{1 + i / 8:.2f}" for i in range(60)]
    data = own(quoted([value.replace(".", ",") for value in values]), target="v").load(0)
    plain = own(quoted(values), target="v").load(0)
    assert np.array_equal(data.train.inputs, plain.train.inputs)
    marks = {"delimiter": "comma", "decimal": "comma"}
    assert own(quoted([value.replace(".", ",") for value in values]), target="v", **marks).load(0)


def test_thousands_in_quotes_are_never_fractions(own):
    for first in (900, 9000):
        text = quoted([f"{first + 11 * i:,}" for i in range(60)])
        with pytest.raises(DataError, match=r"where \d,\d{3} may be \d{4} or a fraction; .* data.decimal=comma"):
            own(text, target="v").load(0)
        assert own(text, target="v", decimal="comma").load(0)
    text = quoted([f"{9000 + 11 * i:,}" for i in range(60)]).replace(",1\n", ",1.5\n")
    with pytest.raises(DataError, match="column v, row 2 is '9,000', not a number"):
        own(text, target="v").load(0)


@pytest.mark.parametrize("form", ["{:,}.00", "${}", "{} %", "{} kg", "{}-"])
def test_amounts_that_repeat_are_names_with_a_warning(own, form):
    warned_of_amounts(own, [form.format(1000 + 250 * (i % 9)) for i in range(60)])


@pytest.mark.parametrize("form", ["{}kg", "{}.5°C", "USD {}.25", "-${}", "5,{},000"])
def test_amounts_with_a_unit_are_no_names_without_a_word(own, form):
    warned_of_amounts(own, [form.format(10 + i % 9) for i in range(60)])


def warned_of_amounts(own, amounts):
    rows = [f'{day},{i % 7}.5,"{amount}"\n' for (day, _), (i, amount) in zip(flows(0), enumerate(amounts), strict=True)]
    understood = own("day,v,amount\n" + "".join(rows), target="v").load(0).understood
    assert "warning: column amount is read as names, though most of it looks like numbers" in understood


def test_a_target_with_a_unit_is_named(own):
    rows = [f"{day},{500 + i / 8} kg\n" for i, (day, _) in enumerate(flows(0))]
    with pytest.raises(DataError, match=r"column load, row 2 is '500.0 kg', not a number; write numbers without"):
        own("day,load\n" + "".join(rows), target="load").load(0)


def test_one_warning_is_of_all_columns(own):
    rows = [f"{day}\t{1 + i / 1000:.3f}\t{2 + i / 1000:.3f}\n" for i, (day, _) in enumerate(flows(0, 99))]
    understood = own("day\ta\tb\n" + "".join(rows), target="a").load(0).understood
    assert understood.count("may be") == 1
    assert "warning: columns a, b, where 1.000 may be 1000, are read as fractions" in understood


def test_a_larger_number_without_a_separator_makes_others_no_fractions(own):
    cells = [f"{5000 + 137 * i:,}".replace(",", ".") if i % 3 else f"{5000 + 137 * i}" for i in range(60)]
    text = "day;sold\n" + "".join(f"{day};{cell}\n" for (day, _), cell in zip(flows(0), cells, strict=True))
    with pytest.raises(DataError, match=r"where 5\.137 may be 5137 or a fraction"):
        own(text, target="sold").load(0)


def test_another_decimal_mark_in_training_makes_no_fractions_of_thousands(own, tmp_path):
    text = "day;flow\n" + "".join(f"{day};{i % 9},25\n" for i, (day, _) in enumerate(flows(0)))
    test = tmp_path / "test.csv"
    test.write_text(written([(day, 990 + 11 * i) for i, (day, _) in enumerate(flows(0))], "."))
    with pytest.raises(DataError, match=r"where 1\.001 may be 1001 or a fraction; write all numbers with one decimal"):
        own(text, target="flow", test_path=str(test)).load(0)
    prepared = own(text, target="flow").load(0).prepared
    with pytest.raises(DataError, match=r"where 1\.001 may be 1001 or a fraction; write all numbers with one decimal"):
        read(prepared, read_new(test, prepared))


def test_places_in_a_race_are_names(own):
    places = ["1st", "2nd", "3rd", "4th"]
    rows = [f"{day},{i % 7}.5,{places[i % 4]}\n" for i, (day, _) in enumerate(flows(0))]
    assert "looks like" not in own("day,v,place\n" + "".join(rows), target="v").load(0).understood


def test_a_file_that_tells_its_own_mark_is_read_beside_one_with_another(own, tmp_path):
    test = tmp_path / "test.csv"
    test.write_text(
        "day;a;v\n" + "".join(f"{day};0,{14 + i % 9};{100 + i},143\n" for i, (day, _) in enumerate(flows(0)))
    )
    text = "day,a,v\n" + "".join(f"{day},0.{14 + i % 9},{100 + i}.25\n" for i, (day, _) in enumerate(flows(0)))
    assert own(text, target="v", test_path=str(test)).load(0)


def test_columns_that_a_model_does_not_read_are_not_asked_about(own, tmp_path):
    rows = "".join(f"{day},{i % 9}.25\n" for i, (day, _) in enumerate(flows(0)))
    prepared = own("day,flow\n" + rows, target="flow").load(0).prepared
    new = tmp_path / "new.csv"
    new.write_text(
        "day,flow,x\n" + "".join(f"{day},{i % 9}.25,{(1.054, 901)[i % 2]}\n" for i, (day, _) in enumerate(flows(0)))
    )
    read(prepared, read_new(new, prepared))
    text = new.read_text()
    with pytest.raises(DataError, match=r"column x, where 1\.054 may be 1054"):
        own(text, target="flow").load(0)
    assert own(text, target="flow", ignore=["x"]).load(0)


def test_new_data_of_a_model_that_knows_no_marks_are_warned_of(own, tmp_path):
    rows = "".join(f"{day},{i % 9}.25\n" for i, (day, _) in enumerate(flows(0)))
    prepared = replace(own("day,flow\n" + rows, target="flow").load(0).prepared, marks=Marks())
    new = tmp_path / "new.csv"
    new.write_text("day,flow\n" + "".join(f"{day},{(121.337, 118)[i % 2]}\n" for i, (day, _) in enumerate(flows(0))))
    with pytest.warns(UserWarning, match=r"121\.337 may be 121337 or a fraction; .* other than three digits"):
        read(prepared, read_new(new, prepared))
