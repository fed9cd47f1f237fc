"""The Parquet file of a results folder: quicker, never believed against the records themselves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from synthetic_records import record, sweep

from rnncompare import load_records
from rnncompare.base.errors import DataError
from rnncompare.records import RecordWarning, compact, load_curves, write_record
from rnncompare.records.parquet_store import CURVES, NAME, read_frame, write_frame
from rnncompare.studies.published_store import publish

ROOT = Path(__file__).parents[2]


def command(*words):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "rnncompare.records", *words], env=environment, stderr=-1, stdout=-1)


@pytest.fixture
def folder(tmp_path):
    """Runs that differ in which fields are null, and in the types of their settings."""
    sweep(tmp_path, models=("gru", "lstm"), examples=(100,))
    odd, curve = record(seed=77, status="diverged", size=[1, "a"], longer={"x": None}, note="näme\n\x1b")
    write_record(tmp_path, odd, curve, "")
    return tmp_path


def test_the_table_is_the_same_with_and_without_the_file(folder):
    before = load_records(folder)
    path, count, skipped = compact(folder)
    assert (path, count, skipped) == (folder / NAME, len(before), [])
    pd.testing.assert_frame_equal(load_records(folder)[before.columns], before)
    assert set(load_records(folder)) == set(before)


def test_a_record_that_is_in_the_file_is_not_opened_again(folder):
    compact(folder)
    before = load_records(folder)
    for path in folder.glob("*/record.json"):
        state = path.stat()
        path.write_bytes(b" " * state.st_size)  # seen only if it is read, for what tells of changes is put back
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    pd.testing.assert_frame_equal(load_records(folder), before)


def test_what_changed_since_is_read_anew(folder):
    compact(folder)
    before = load_records(folder)
    new, curve = record(seed=500)
    write_record(folder, new, curve, "")
    gone, torn, changed = (Path(path) for path in before["path"][:3])
    gone.unlink()
    torn.write_text(torn.read_text()[:300])
    content = json.loads(changed.read_text())
    content["quality"]["test"] += 1
    changed.write_text(json.dumps(content))
    with pytest.warns(RecordWarning) as caught:
        after = load_records(folder)
    assert len(after) == len(before) + 1 - 3
    assert {500} == set(after["seed"]) - set(before["seed"])
    assert all(str(path) in str(caught[0].message) for path in (torn, changed))
    _, count, skipped = compact(folder)
    assert (count, len(skipped)) == (len(after), 2)


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"\0" * 5000, "half", "foreign"])
def test_a_file_that_is_torn_or_foreign_is_left_out_of_account(folder, damage):
    before = load_records(folder)
    path, *_ = compact(folder)
    if damage == "foreign":
        pd.DataFrame({"a": [1]}).to_parquet(path)
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if damage == "half" else damage)
    pd.testing.assert_frame_equal(load_records(folder), before)


def test_killed_half_way_it_loses_nothing_and_the_next_call_tidies_up(folder):
    before = load_records(folder)
    files = {path: path.read_bytes() for path in folder.rglob("record.json")}
    for tenths in range(0, 12, 2):
        process = command("compact", str(folder))
        time.sleep(0.3 + tenths / 10)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        (folder / f".{NAME}.{tenths}.part").write_bytes(b"half")  # as one leaves that is killed when it writes
        pd.testing.assert_frame_equal(load_records(folder)[before.columns], before)
    process = command("compact", str(folder))
    output, _ = process.communicate()
    assert (process.returncode, b"7 records in" in output) == (0, len(before) == 7)
    assert {path: path.read_bytes() for path in folder.rglob("record.json")} == files
    assert [path.name for path in folder.iterdir() if path.is_file()] == [NAME]


def test_a_folder_without_records_is_said_in_a_line(tmp_path):
    for words in ([str(tmp_path)], [str(tmp_path / "nothing")]):
        process = command("compact", *words)
        _, errors = process.communicate()
        assert process.returncode == 2
        assert len(errors.splitlines()) == 1
        assert str(tmp_path).encode() in errors


def test_what_lies_in_stores_already_is_not_gathered_again_and_that_is_said(folder, tmp_path):
    store, _, _ = compact(folder)
    (tmp_path / "above" / "one").mkdir(parents=True)
    shutil.copy(store, tmp_path / "above" / "one" / NAME)
    with pytest.raises(DataError, match="in stores already"):
        compact(tmp_path / "above")


def test_the_command_fails_where_records_are_left_out(folder):
    next(folder.rglob("record.json")).write_text("{")
    process = command("compact", str(folder))
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.count(b"not counted: ") == 1


def test_a_changed_bit_in_a_store_never_changes_a_number(folder):
    before = load_records(folder)
    path, *_ = compact(folder)
    whole = path.read_bytes()
    for place in range(0, len(whole), 631):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << place % 8)]) + whole[place + 1 :])
        pd.testing.assert_frame_equal(load_records(folder), before)


def test_a_store_that_lacks_the_curves_of_completed_runs_names_them(folder, tmp_path):
    publish(folder, tmp_path / "published")
    file = tmp_path / "published" / CURVES
    curves = read_frame(file)
    runs = load_records(tmp_path / "published")
    lost = runs.loc[runs["status"] == "completed", "run_id"].iloc[0]
    write_frame(file, curves[curves["run_id"] != lost])
    with pytest.warns(RecordWarning, match=f"no curve of {lost}$"):  # not of the diverged run, which never had one
        load_curves(runs)
