"""What was published loads for ever, with the values that were published."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_type_hints

import numpy as np
import pandas as pd
import pytest
from synthetic_records import record

from rnncompare.measurements.bench_tables import to_frame
from rnncompare.records import Record, RecordWarning, compact, load_curves, load_records, plain, write_record
from rnncompare.studies.verdicts import read_files

PUBLISHED = Path(__file__).parents[2] / "results" / "published"


def checksum(frame: pd.DataFrame) -> str:
    """Of all names and values of a table, less where they lie; rows in the order of their ids."""
    later = [name for name in _later(Record) if name in frame and frame[name].isna().all()]
    kept = frame.drop(columns=["path", *later], errors="ignore").sort_index(axis=1)
    digest = hashlib.sha256()
    for name in kept:
        column = kept[name]
        numeric = column.dtype.kind in "iuf"
        values = column.astype("float64").to_numpy() if numeric else plain(column.tolist())
        digest.update(name.encode())
        digest.update(np.where(np.isnan(values), np.nan, values).tobytes() if numeric else json.dumps(values).encode())
    return digest.hexdigest()[:16]


def _later(kind: type, prefix: str = "") -> Iterator[str]:
    """The fields that were added after these records were made."""
    hints = get_type_hints(kind)
    for item in fields(kind):
        if "came_later" in item.metadata:
            yield prefix + item.name
        elif is_dataclass(hints[item.name]):
            yield from _later(hints[item.name], f"{prefix}{item.name}.")


@pytest.fixture(scope="module")
def study():
    return load_records(PUBLISHED / "study")


def test_the_published_study_loads_with_the_values_that_were_published(study):
    curves, probes = load_curves(study), read_files(PUBLISHED / "study").probes
    counts = {"records": len(study), "curves": len(curves), "probes": len(probes)}
    assert counts == {"records": 3116, "curves": 52486, "probes": 460}
    assert checksum(study.sort_values("run_id")) == "62fedc74d5c4b995"
    assert checksum(curves.sort_values(["run_id", "update"])) == "ade18a055918b25a"
    assert checksum(probes.sort_values("probe_id")) == "86607d8a0363d4c6"


@pytest.mark.parametrize(
    ("name", "runs", "values", "validations", "curve_values"),
    [
        ("counting", 10, "d73dfd5de41a3d34", 400, "de742bf107f117a7"),
        ("tasks", 52, "4d10e824f088ad5d", 1816, "cd1528dd68e80a62"),
        ("text", 40, "4f4422a178b8c13b", 678, "d7162917c5e976fa"),
    ],
)
def test_published_runs_load_with_the_values_that_were_published(name, runs, values, validations, curve_values):
    frame = load_records(PUBLISHED / name / "runs").sort_values("run_id")
    curves = load_curves(frame)
    assert (len(frame), len(curves)) == (runs, validations)
    assert (checksum(frame), checksum(curves)) == (values, curve_values)


def test_the_published_benchmark_is_as_it_was():
    content = json.loads((PUBLISHED / "bench" / "bench.json").read_text())
    rows = [row for case in content["cases"] for row in case["measured"]["rows"]]
    written = pd.read_csv(PUBLISHED / "bench" / "bench.csv")
    remade = to_frame(rows)
    assert list(remade) == list(written)
    np.testing.assert_allclose(remade["to_torch"], written["to_torch"], rtol=1e-12)
    np.testing.assert_allclose(remade["to_lstm"], written["to_lstm"], rtol=1e-12)


def test_the_table_of_ours_against_torch_is_that_of_the_published_benchmark():
    rows = pd.read_csv(PUBLISHED / "bench_torch" / "bench.csv").query("implementation == 'auto'")
    page = (PUBLISHED.parents[1] / "docs" / "speed.md").read_text(encoding="utf-8")
    measures = ["forward", "forward_backward", "update"]
    for (_, _, threads), some in rows.groupby(["cell", rows["T"] > 1, "threads"]):
        ratios = [some.query("measure == @measure")["to_torch"] for measure in measures]
        cells = [f"{np.exp(np.log(of).mean()):.2f} ({of.max():.2f})" for of in ratios]
        assert f"| {threads} | {len(ratios[0])} | {' | '.join(cells)} |" in page


def test_a_folder_with_runs_and_stores_below_it_gives_all_of_them_once(study):
    with pytest.warns(RecordWarning, match="the same run as"):  # two runs are published twice
        everything = load_records(PUBLISHED)
    files = {json.loads(path.read_text())["run_id"] for path in PUBLISHED.rglob("record.json")}
    stores = [pd.read_parquet(path, columns=["run_id"])["run_id"] for path in PUBLISHED.rglob("records.parquet")]
    assert set(everything["run_id"]) == files.union(*stores)
    assert everything["run_id"].is_unique
    assert set(load_curves(everything)["run_id"]) >= set(study["run_id"])


def test_a_published_study_can_be_compacted_with_further_runs(tmp_path, study):
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("study.json", "records.parquet", "curves.parquet", "probes.parquet"):
        shutil.copy(PUBLISHED / "study" / name, copy)
    assert compact(copy) == (copy / "records.parquet", len(study), [])
    new, curve = record()
    write_record(copy, new, curve, "")
    assert compact(copy)[1] == len(study) + 1
    again = load_records(copy)
    assert again["run_id"].tolist() == [new.run_id, *study["run_id"]]
    stored = again.iloc[1:].drop(columns=[name for name in again if name not in study]).astype(study.dtypes)
    assert checksum(stored.sort_values("run_id")) == checksum(study.sort_values("run_id"))
    assert set(load_curves(again)["run_id"]) >= {new.run_id, *load_curves(study)["run_id"]}
