"""Probes are measured once, in fresh processes, and what is not theirs is named."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from rnncompare.base.errors import SettingError, StorageError
from rnncompare.measurements.measurement import Measurement
from rnncompare.measurements.store import (
    FOLDER,
    STORE,
    Request,
    load_measurements,
    measure_missing,
    measurement_id,
    missing,
    read_measurement,
    read_measurements,
    write_measurement,
)
from rnncompare.records import ProvenanceFields, RecordWarning
from rnncompare.records.parquet_store import write_frame


@dataclass(frozen=True)
class Square(Measurement):
    """Fails where told to."""

    name = "square"
    factor: float = 1.0
    fails: bool = False
    device: str = "cpu"
    shape: tuple[int, ...] = (1, 2)

    def device_name(self):
        return self.device

    def measure(self, replicate):
        if self.fails:
            raise RuntimeError("no luck")
        return {"square": self.factor * replicate**2, "pid": float(os.getpid()), "unknown": None}


def put(folder, request):
    return write_measurement(folder, request, {"square": 4.0}, ProvenanceFields(hardware="abacus"))


def test_each_request_is_measured_once_in_a_process_of_its_own_and_kept(tmp_path):
    requests = [
        Request(Square(2.0), 1),
        Request(Square(fails=True), 1),
        Request(Square(2.0), 3),
        Request(Square(2.0), 1),
    ]
    outcomes = list(measure_missing(requests, tmp_path))
    first, second, third = (outcome.error for outcome in outcomes)
    assert first is third is None
    assert second.startswith("RuntimeError: no luck (test_measurement_store.py, line ")
    assert [outcome.request for outcome in outcomes] == [requests[0], requests[1], requests[2]]

    frame = load_measurements(tmp_path).sort_values("replicate")
    assert list(frame["values.square"]) == [2.0, 18.0]
    assert len({*frame["values.pid"], os.getpid()}) == 3
    assert frame["values.unknown"].isna().all()
    assert list(frame["settings.factor"]) == [2.0, 2.0]
    assert set(frame["probe"]) == {"square"}
    assert frame["provenance.hardware"].notna().all()
    assert missing(requests, tmp_path) == [requests[1]]
    (again,) = measure_missing(requests, tmp_path)
    assert again.error == second


def test_what_a_published_store_holds_is_not_measured_again(tmp_path):
    requests = [Request(Square(2.0), 1), Request(Square(2.0), 3)]
    put(tmp_path, requests[0])
    frame = load_measurements(tmp_path)
    write_frame(tmp_path / STORE, frame.drop(columns="path"))
    (tmp_path / FOLDER / f"{measurement_id(requests[0])}.json").unlink()
    assert missing(requests, tmp_path) == [requests[1]]
    stale = frame.drop(columns="path").assign(**{"provenance.source_sha256": "0" * 64})
    write_frame(tmp_path / STORE, stale)
    assert missing(requests, tmp_path) == requests
    assert missing([replace(request, keep_stale=True) for request in requests], tmp_path) == [
        replace(requests[1], keep_stale=True)
    ]


def test_identity_is_that_of_settings_and_replicate():
    one = Request(Square(), 0)
    others = [Request(Square(factor=2.0), 0), Request(Square(shape=(2, 1)), 0), Request(Square(), 1)]
    assert len({measurement_id(request) for request in [one, *others]}) == 4
    assert measurement_id(one) == measurement_id(Request(Square(), 0))


def test_what_is_no_record_of_its_own_name_is_named_and_not_counted(tmp_path):
    good = put(tmp_path, Request(Square(), 2))
    folder = good.parent
    (folder / "torn.json").write_text(good.read_text()[:50])
    (folder / "copy.json").write_text(good.read_text())
    content = json.loads(good.read_text())
    (folder / "edited.json").write_text(json.dumps(content | {"values": {"square": 5.0}}))
    (folder / "later.json").write_text(json.dumps(content | {"schema_version": 99}))
    (folder / "foreign.json").write_text("[]")
    frame, skipped = read_measurements(tmp_path)
    assert list(frame["path"]) == [str(good)]
    reasons = {
        "copy": "a copy of",
        "edited": "edited",
        "foreign": "not a record of a measurement",
        "later": "version 99",
        "torn": "JSON",
    }
    assert len(skipped) == len(reasons)
    for line, (name, reason) in zip(skipped, reasons.items(), strict=True):
        assert f"{name}.json" in line
        assert reason in line
    with pytest.warns(RecordWarning, match=r"torn\.json"):
        assert len(load_measurements(tmp_path)) == 1


def test_a_torn_file_is_kept_aside_and_measured_again(tmp_path):
    request = Request(Square(), 2)
    path = put(tmp_path, request)
    path.write_text("{")
    assert [outcome.path for outcome in measure_missing([request], tmp_path)] == [path]
    assert read_measurement(path).values["square"] == 4
    assert path.with_name(f"{path.stem}.unreadable-1.json").read_text() == "{"


def test_nothing_measured_is_an_empty_table(tmp_path):
    frame = load_measurements(tmp_path / "nowhere")
    assert len(frame) == 0
    assert {"probe_id", "probe", "replicate"} <= set(frame)


def test_a_device_that_is_not_here_is_refused(tmp_path):
    request = Request(replace(Square(), device="cuda:99"), 0)
    with pytest.raises(SettingError, match="device=cuda:99"):
        list(measure_missing([request], tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "probes").write_text("a file in the folder's place")
    with pytest.raises(StorageError, match="probes"):
        list(measure_missing([Request(Square(), 0)], tmp_path))


def test_asking_needs_no_torch():
    code = "import sys; import rnncompare.measurements.store; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
