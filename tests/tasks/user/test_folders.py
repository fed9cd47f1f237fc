"""A folder with a file for each sequence or series."""

import gzip

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from rnncompare.base.errors import DataError
from rnncompare.records import run_id
from rnncompare.tasks.file import File
from rnncompare.tasks.user.new_data import read, read_new
from rnncompare.training.settings import ModelSettings, RunSettings


def recordings(folder, count=20):
    """Recordings of two kinds, each in the folder of its kind; the mean tells them apart."""
    random = np.random.default_rng(0)
    for i in range(count):
        inner = folder / ("run", "walk")[i % 2]
        inner.mkdir(parents=True, exist_ok=True)
        x = random.normal(i % 2, 1, (4 + i % 3, 2)).round(3)
        pd.DataFrame(x, columns=["a", "b"]).to_csv(inner / f"r{i:02}.csv", index=False)
    return folder


def identity(path):
    return run_id(RunSettings(model=ModelSettings(name="gru"), data=File(path=str(path)).pinned()).resolved().config())


def test_a_file_is_a_sequence_and_its_folder_the_class(tmp_path):
    folder = recordings(tmp_path / "own")
    data = File(path=str(folder)).load(0)
    assert data.classes == ["run", "walk"]
    assert data.features == 2
    assert sum(map(len, (data.train, data.validation, data.test))) == 20
    examples, rows = read(data.prepared, read_new(folder, data.prepared))
    assert len(examples) == 20
    said = data.prepared.predictions(np.zeros((20, 2)), rows)
    assert said["file"][0] == "run/r00.csv"
    _, one = read(data.prepared, read_new(folder / "walk" / "r01.csv", data.prepared))
    assert one["file"].tolist() == ["r01.csv"]


def test_a_folder_is_known_by_its_files(tmp_path):
    one, copy = recordings(tmp_path / "one"), recordings(tmp_path / "copy")
    assert identity(one) == identity(copy)
    (copy / "walk" / "r01.csv").rename(copy / "run" / "r01.csv")
    assert identity(one) != identity(copy)


def test_files_of_series_are_forecast_each_for_itself_packed_or_not(tmp_path):
    for name, level in (("north", 0), ("south", 1000)):
        days = pd.date_range("2024-01-01", periods=60, freq="D")
        frame = pd.DataFrame({"day": days, "sold": level + np.arange(60) * 1.5, "promo": np.nan})
        if level:
            frame["promo"] = np.arange(60.0)
        text = frame.to_csv(index=False)
        (tmp_path / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    data = File(path=str(tmp_path), target="sold", window=5).load(0)
    assert "forecasting, daily, 2 groups of 2 series, target sold" in data.understood
    assert "60 in promo" in data.understood


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(DataError, match="a folder without tables"):
        File(path=str(tmp_path)).pinned()
    folder = recordings(tmp_path / "own")
    path = folder / "walk" / "r03.csv"
    path.write_text("a,b\n1,2\n1,2\n1,many\n3,4\n")
    with pytest.raises(DataError, match=r"own/walk/r03.csv: column b, row 4 is 'many', not a number"):
        File(path=str(folder)).load(0)
    path.write_text("a,c\n1,2\n1,2\n")
    with pytest.raises(DataError, match=r"r03.csv: other columns than in r00.csv, which has a, b"):
        File(path=str(folder)).load(0)


def test_a_data_set_that_hugging_face_saved_is_a_table(tmp_path):
    table = pa.table({"text": [f"so {w} a film, I think" for w in ("good", "bad")] * 20, "label": [1, 0] * 20})
    with (
        pa.OSFile(str(tmp_path / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as out,
    ):
        out.write_table(table)
    (tmp_path / "state.json").write_text("{}")
    data = File(path=str(tmp_path)).load(0)
    assert "text classification by words" in data.understood
