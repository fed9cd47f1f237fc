import csv
import errno
import json
import math
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_records import record, sweep

from rnncompare.base.errors import DataError
from rnncompare.cli import console
from rnncompare.measurements.store import read_measurements
from rnncompare.records import (
    CURVE_COLUMNS,
    DataFields,
    MemoryFields,
    ModelFields,
    ProvenanceFields,
    QualityFields,
    Record,
    RecordWarning,
    SpeedFields,
    compact,
    load_curves,
    load_records,
    read_curves,
    read_record,
    read_records,
    run_id,
    write_record,
)
from rnncompare.studies.manifest import read_manifest
from rnncompare.training.settings import RunSettings

DESIGN = [
    "schema_version",
    "run_id",
    "status",
    "error",
    "seed",
    "device",
    "threads",
    "config",
    "model.name",
    "model.implementation",
    "model.hidden_size",
    "model.parameters",
    "model.recurrent_parameters",
    "model.state_size",
    "model.flops_per_update",
    "data.name",
    "data.train_examples",
    "data.validation_examples",
    "data.test_examples",
    "data.sequence_length",
    "data.sha256",
    "quality.metric",
    "quality.higher_is_better",
    "quality.train",
    "quality.validation",
    "quality.test",
    "quality.baseline",
    "quality.optimum",
    "speed.updates",
    "speed.training_seconds",
    "speed.step_ms_median",
    "speed.step_ms_p10",
    "speed.step_ms_p90",
    "speed.examples_per_second",
    "speed.updates_to_target",
    "speed.seconds_to_target",
    "speed.exclusive",
    "memory.peak_mb",
    "quality.train_loss",
    "quality.validation_loss",
    "quality.test_loss",
    "quality.by_length",
    "speed.other_load",
    "memory.before_mb",
    "diverged_at",
    "provenance.version",
    "provenance.git_commit",
    "provenance.git_dirty",
    "provenance.python",
    "provenance.torch",
    "provenance.hardware",
    "provenance.cores",
    "provenance.platform",
    "provenance.time",
]


def lookup(content, name):
    for part in name.split("."):
        content = content[part]
    return content


def test_every_field_stands_in_the_record_of_a_run_that_failed_at_once(tmp_path):
    config = {"model": {"name": "lstm"}, "data": {"name": "adding"}}
    bare = Record(
        run_id="0" * 16,
        status="failed",
        error="no memory",
        seed=0,
        device="cpu",
        config=config,
        model=ModelFields(name="lstm"),
        data=DataFields(name="adding"),
    )
    path = write_record(tmp_path, bare, [], "seed: 0\n")
    content = json.loads(path.read_text())
    given_values = {"schema_version": 1, "run_id": "0" * 16, "status": "failed", "error": "no memory", "seed": 0}
    given_values |= {"device": "cpu", "config": config, "model.name": "lstm", "data.name": "adding"}
    for name in DESIGN:
        assert lookup(content, name) == given_values.get(name), name
    assert set(DESIGN) - {"config"} <= set(load_records(tmp_path))


def test_a_folder_holds_record_curve_and_config_and_no_temporary_file(tmp_path):
    run, curve = record(status="diverged")
    path = write_record(tmp_path / "new" / "runs", run, curve, "näme: λ\n")
    assert path == tmp_path / "new" / "runs" / run.run_id / "record.json"
    assert sorted(p.name for p in path.parent.iterdir()) == ["config.yaml", "curve.csv", "record.json"]
    assert (path.parent / "config.yaml").read_bytes() == "näme: λ\n".encode()
    with open(path.parent / "curve.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CURVE_COLUMNS
    assert [float(row["train_loss"]) for row in rows] == [row["train_loss"] for row in curve]
    assert math.isnan(curve[-1]["validation_loss"])
    assert rows[-1]["validation_loss"] == ""


def test_numbers_that_are_not_finite_become_null_and_numpy_numbers_plain(tmp_path):
    run, _ = record()
    run.quality = replace(
        run.quality, test=math.nan, train=np.float32("inf"), validation=np.float32(0.5), by_length={100: -math.inf}
    )
    path = write_record(tmp_path, run, [], "")
    strict = json.loads(path.read_text(), parse_constant=pytest.fail)
    assert strict["quality"]["test"] is None
    assert strict["quality"]["train"] is None
    assert strict["quality"]["validation"] == 0.5
    assert strict["quality"]["by_length"] == {"100": None}


def test_the_record_comes_last_and_a_crash_leaves_the_old_one(tmp_path, monkeypatch):
    run, curve = record()
    order = []
    real = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(Path(b).name), real(a, b)))
    path = write_record(tmp_path, run, curve, "first")
    assert order[-1] == "record.json"
    before = path.read_bytes()

    def crash(source, target):
        if Path(target).name == "record.json":
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(KeyboardInterrupt):
        write_record(tmp_path, replace(run, error="second"), curve, "second")
    assert path.read_bytes() == before
    assert sorted(p.name for p in path.parent.iterdir()) == ["config.yaml", "curve.csv", "record.json"]


def test_keys_are_in_the_same_order_every_time(tmp_path):
    first = write_record(tmp_path / "a", *record(), "").read_bytes()
    assert write_record(tmp_path / "b", *record(), "").read_bytes() == first
    assert list(json.loads(first))[:3] == ["schema_version", "run_id", "status"]


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
integers = st.none() | st.integers(-(2**62), 2**62)
texts = st.none() | st.text(st.characters(codec="utf-8"))
booleans = st.none() | st.booleans()
configs = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**62), 2**62)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc$. ", max_size=4), inner, max_size=3),
    max_leaves=8,
)


def section(kind, **given_fields):
    by_annotation = {"int | None": integers, "float | None": numbers, "str | None": texts, "bool | None": booleans}
    return st.builds(kind, **{f.name: given_fields.get(f.name, by_annotation.get(f.type)) for f in fields(kind)})


records = st.builds(
    Record,
    schema_version=st.just(1),
    run_id=st.text("0123456789abcdef", min_size=16, max_size=16),
    status=st.sampled_from(["completed", "diverged", "failed"]),
    error=texts,
    diverged_at=integers,
    seed=st.integers(0, 2**62),
    device=st.sampled_from(["cpu", "cuda:0"]),
    threads=integers,
    config=st.dictionaries(st.text("abc", min_size=1), configs, max_size=4),
    model=section(ModelFields, name=st.text()),
    data=section(DataFields, name=st.text()),
    quality=section(
        QualityFields,
        by_length=st.none() | st.dictionaries(st.integers(1, 10**6), numbers, max_size=3),
        metrics=st.none()
        | st.dictionaries(st.sampled_from(["validation", "test"]), st.just({"auc": 0.5, "mase": None})),
    ),
    speed=section(SpeedFields),
    memory=section(MemoryFields),
    provenance=section(ProvenanceFields),
)


@given(run=records)
@settings(max_examples=60, deadline=None)
def test_what_is_written_is_read(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    path = write_record(folder, run, [], "")
    assert read_record(path) == run
    row = load_records(folder).iloc[0]
    assert row["path"] == str(path)
    for kind, name in ((run.model, "model"), (run.quality, "quality"), (run.speed, "speed"), (run, "")):
        for key, value in vars(kind).items():
            if not isinstance(value, dict) and not is_dataclass(value):
                seen = row[f"{name}.{key}".strip(".")]
                assert seen == value or (value is None and (seen is None or np.isnan(seen)))
    shutil.rmtree(folder)


def test_dotted_names_reach_into_the_configuration_and_lengths(tmp_path):
    run, curve = record(sequence_length=50)
    run.quality.by_length = {100: 0.25, 200: 0.5}
    run.config["empty"] = {}
    write_record(tmp_path, run, curve, "")
    row = load_records(tmp_path).iloc[0]
    assert row["config.train.learning_rate"] == 1e-3
    assert row["config.data.sequence_length"] == 50
    assert row["quality.by_length.100"] == 0.25
    assert row["config.empty"] is None


def test_settings_whose_dotted_names_are_the_same_do_not_keep_others_from_being_read(tmp_path):
    sweep(tmp_path, examples=(100,), seeds=1)
    run, curve = record()
    run.run_id, run.config = "0" * 16, {"a": {"b": 1}, "a.b": 2}
    write_record(tmp_path, run, curve, "")
    assert len(load_records(tmp_path)) == 3


def test_columns_that_are_null_in_every_run_are_numbers_still(tmp_path):
    sweep(tmp_path, examples=(100,), seeds=1)
    frame = load_records(tmp_path)
    assert frame["quality.train_loss"].dtype == frame["diverged_at"].dtype == np.float64


def test_lost_files_are_named_and_not_counted(tmp_path):
    sweep(tmp_path, models=("gru",), examples=(100,), seeds=4)
    whole = sorted(tmp_path.glob("*/record.json"))
    text = whole[0].read_text()
    foreign = {
        "torn": text[: len(text) // 2],
        "empty": "",
        "list": "[1, 2]",
        "package": '{"name": "left-pad"}',
        "newer": text.replace('"schema_version": 1', '"schema_version": 2'),
        "lacking": text.replace('"peak_mb"', '"peak"'),
        "typed": text.replace('"device": "cpu"', '"device": 1'),
        "nan": text.replace('"memory": {', '"memory": NaN, "x": {'),
        "deep": "[" * 100_000,
        "huge": text.replace('"diverged_at": null', '"diverged_at": 1' + "0" * 400),
        "infinite": text.replace('"optimum": 0.0', '"optimum": 1e999'),
        "copy": text,
        "surrogate": text.replace('"diverged_at": null', '"diverged_at": null, "x": "\\ud800"'),
    }
    for name, content in foreign.items():
        (tmp_path / f"zz_{name}").mkdir()
        (tmp_path / f"zz_{name}" / "record.json").write_text(content)
    (tmp_path / "zz_binary").mkdir()
    (tmp_path / "zz_binary" / "record.json").write_bytes(bytes(range(256)))
    (tmp_path / "zz_folder" / "record.json").mkdir(parents=True)
    bytes_ = os.path.join(os.fsencode(tmp_path), b"zz_bytes \xff")
    shutil.copytree(os.fsencode(whole[1].parent), bytes_)
    frame, skipped = read_records(tmp_path)
    assert sorted(frame["path"]) == [str(path) for path in whole]
    assert len(skipped) == len(foreign) + 3
    assert sum("zz_bytes" in line and "not UTF-8" in line and line.isprintable() for line in skipped) == 1
    for name in [*foreign, "binary", "folder"]:
        assert sum(f"zz_{name}{os.sep}" in line and len(line) < 400 for line in skipped) == 1, name
    with pytest.warns(RecordWarning, match="zz_torn"):
        assert len(load_records(tmp_path)) == 4


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_spoiled_record_is_read_or_refused_but_never_an_accident(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spoiled")
    content = bytearray(write_record(folder, *record(), "").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
    path = folder / "record.json"
    path.write_bytes(content)
    try:
        assert isinstance(read_record(path), Record)
    except DataError as refusal:
        said = str(refusal)
        assert said.startswith(str(path)) and said.isprintable()  # noqa: PT018
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", ["absent", "empty", "text.parquet", "foreign.parquet"])
def test_nothing_to_load_is_said(name, tmp_path):
    import pandas as pd

    (tmp_path / "empty").mkdir()
    (tmp_path / "text.parquet").write_text("hello")
    pd.DataFrame({"schema_version": [1], "x": [1]}).to_parquet(tmp_path / "foreign.parquet")
    with pytest.raises(DataError, match=name):
        load_records(tmp_path / name)


def test_a_folder_of_torn_records_only_names_one(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "record.json").write_text("{")
    with pytest.raises(DataError, match=r"no readable record.*\n.*x.record\.json"):
        load_records(tmp_path)


def test_records_are_found_in_depth_and_in_parquet(tmp_path):
    sweep(tmp_path / "a" / "b", seeds=2)
    frame = load_records(tmp_path)
    assert len(frame) == 8
    frame.to_parquet(tmp_path / "runs.parquet")
    again = load_records(tmp_path / "runs.parquet")
    assert again["run_id"].tolist() == frame["run_id"].tolist()
    assert again["quality.test"].tolist() == frame["quality.test"].tolist()


def test_curves_of_all_runs_and_none_where_the_file_is_gone(tmp_path):
    sweep(tmp_path, examples=(100,), seeds=2)
    frame = load_records(tmp_path)
    lost, torn, *kept = [Path(path).with_name("curve.csv") for path in frame["path"]]
    lost.unlink()
    torn.write_text('update,"seco')
    with pytest.warns(RecordWarning) as caught:
        curves = load_curves(frame)
    assert str(lost) in str(caught[0].message)
    assert str(torn) in str(caught[0].message)
    assert set(curves["run_id"]) == {path.parent.name for path in kept}
    run, curve = record(model="gru", examples=100, seed=0)
    expected = [row["validation_metric"] for row in curve]
    if run.run_id in set(curves["run_id"]):
        assert curves.loc[curves["run_id"] == run.run_id, "validation_metric"].tolist() == expected


def test_the_run_id_depends_on_what_can_change_the_outcome_only():
    config = record()[0].config
    name = run_id(config)
    assert len(name) == 16
    assert int(name, 16) >= 0
    assert run_id(dict(reversed(config.items()))) == name
    assert run_id(config | {"results_dir": "elsewhere", "force": True, "progress": False}) == name
    assert run_id(config | {"seed": 1}) != name
    assert run_id(config | {"model": config["model"] | {"hidden_size": 65}}) != name
    before = config | {"train": {"batch_size": 8}}
    assert run_id(config | {"train": {"batch_size": 8, "schedule": "constant"}}) == run_id(before)
    assert run_id(config | {"train": {"batch_size": 8, "schedule": "cosine"}}) != run_id(before)
    assert run_id({"a": {"b": 1}, "c": "é"}) == run_id({"c": "é", "a": {"b": 1}, "progress": True})


def test_reading_needs_neither_torch_nor_pandas_until_there_is_a_table():
    code = (
        "import sys, rnncompare.records, rnncompare.report; print({'torch', 'pandas', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_no_warning_where_all_is_well(tmp_path):
    sweep(tmp_path, seeds=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(load_records(tmp_path)) == 4
    assert asdict(read_record(load_records(tmp_path)["path"][0]))["schema_version"] == 1


def test_a_single_record_and_its_curve_load(tmp_path):
    run, curve = record()
    path = write_record(tmp_path, run, curve, "")
    frame = load_records(path)
    assert frame["run_id"].tolist() == [run.run_id]
    assert len(load_curves(frame)) == len(curve)
    for wrong in (3, frame.drop(columns="path")):
        with pytest.raises(DataError, match="run_id and path"):
            load_curves(wrong)


def test_a_pipe_in_the_place_of_a_measurement_or_of_a_study_is_named(tmp_path):
    (tmp_path / "probes").mkdir()
    for pipe in ("probes/a.json", "probes.parquet", "study.json"):
        os.mkfifo(tmp_path / pipe)
    frame, skipped = read_measurements(tmp_path)
    assert (len(frame), len(skipped)) == (0, 2)
    with pytest.raises(DataError, match="not a regular file"):
        read_manifest(tmp_path)


def test_a_run_that_was_killed_is_listed_with_the_examples_it_asked_for(capsys, tmp_path):
    run, _ = record(status="failed", examples=1234)
    run.data.train_examples = None
    settings = RunSettings(results_dir=str(tmp_path))
    with console.Progress({"a": settings, "b": settings}) as progress:
        progress.finished(run)
    said = "".join(capsys.readouterr())
    assert "n=1234" in said
    assert "None" not in said.split(":")[0]


def test_a_folder_of_other_things_says_what_they_are(tmp_path):
    probes = tmp_path / "probes"
    probes.mkdir()
    (probes / "a.json").write_text("{}")
    for folder in (tmp_path, probes):
        with pytest.raises(DataError, match=r"1 measurements.*load_measurements"):
            load_records(folder)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(DataError, match="a study whose claims need no training"):
        load_records(tmp_path)


@pytest.mark.parametrize("folders", [("a", "b"), ("b", "a")])
def test_a_copy_that_failed_does_not_hide_one_that_completed(tmp_path, folders):
    for folder, status in zip(folders, ("failed", "completed"), strict=True):
        (tmp_path / folder).mkdir()
        odd, curve = record(seed=1, status=status)
        write_record(tmp_path / folder, odd, curve, "")
    frame, skipped = read_records(tmp_path)
    assert frame["status"].tolist() == ["completed"]
    assert len(skipped) == 1
    assert "the same run as" in skipped[0]


def test_a_link_to_a_folder_of_runs_is_named(tmp_path):
    sweep(tmp_path / "there", models=("gru",), examples=(100,), seeds=2)
    linked, copied = sorted((tmp_path / "there").glob("*/"))
    (tmp_path / "here").mkdir()
    shutil.copytree(copied, tmp_path / "here" / copied.name)
    (tmp_path / "here" / linked.name).symlink_to(linked)
    (tmp_path / "here" / "loop").symlink_to("loop")
    frame, skipped = read_records(tmp_path / "here")
    assert list(frame["run_id"]) == [copied.name]
    assert skipped == [f"{tmp_path / 'here' / linked.name}: a link to a folder, which is not followed"]


def test_a_folder_that_cannot_be_searched_is_named(tmp_path, monkeypatch):
    sweep(tmp_path, models=("gru",), examples=(100,), seeds=2)
    closed, found = sorted(tmp_path.glob("*/"))
    scandir = os.scandir

    def refusing(path):  # as the system does for all but root
        if os.path.normpath(path) == str(closed):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    frame, skipped = read_records(tmp_path)
    assert list(frame["run_id"]) == [found.name]
    assert skipped == [f"{closed}/: Permission denied"]
    assert compact(tmp_path)[1:] == (1, skipped)


def test_a_path_that_is_not_utf8_is_refused(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/la\xfct"))
    folder.mkdir()
    for read in (read_records, compact):
        with pytest.raises(DataError, match="a path that is not UTF-8"):
            read(folder)


def test_compact_refuses_a_pipe_in_the_place_of_its_store(tmp_path):
    sweep(tmp_path, models=("gru",), examples=(100,))
    os.mkfifo(tmp_path / "records.parquet")
    with pytest.raises(OSError, match="not a regular file"):
        compact(tmp_path)


@pytest.mark.parametrize("name", ["record.json", "curve.csv", "records.parquet"])
def test_a_pipe_in_the_place_of_a_file_is_named_and_does_not_hang(tmp_path, name):
    paths = sweep(tmp_path, models=("gru",), examples=(100,), seeds=2)
    whole = sorted(tmp_path.glob("*/record.json"))
    assert paths is None or len(whole) == 2
    pipe = tmp_path / name if name.endswith("parquet") else whole[0].with_name(name)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    frame, skipped = read_records(tmp_path)
    curves, without = read_curves(frame)
    assert len(frame) == (1 if name == "record.json" else 2)
    assert curves["run_id"].nunique() == (2 if name == "records.parquet" else 1)
    named = [line for line in (*skipped, *without) if line.startswith(str(pipe))]
    assert len(named) == (name != "records.parquet")
    assert all("not a regular file" in line for line in named)
    with pytest.raises(DataError, match="not a regular file"):
        read_record(pipe)
