"""What is promised when something breaks, seen by breaking it."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time

import psutil
import pytest
from processes import LONG, ROOT, TINY, Command, comparable, records, temporary_files, wait_until

from rnncompare import load_records
from tests.commands import run

RUNS = "results/runs"


def training(command):
    """Wait until a run of ``command`` trains; its process."""
    assert wait_until(lambda: list((command.folder / RUNS).glob(".locks/*.1")) and command.workers())
    return command.workers()[0]


@pytest.mark.parametrize("whom", ["the sweep", "the server", "the worker"])
def test_a_process_killed_loses_nothing_and_the_next_call_goes_on(tmp_path, whom):
    words = ["-m", "seed=0,1,2", *TINY, "train.max_updates=1500", "checkpoint_seconds=0"]
    sweep = Command(tmp_path, *words)
    assert wait_until(lambda: len(records(tmp_path)) == 1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("record.json")}
    assert wait_until(lambda: list((tmp_path / RUNS).glob("*/.checkpoint.pt")))
    worker = training(sweep)
    if whom == "the sweep":
        sweep.kill()
    else:
        (worker if whom == "the worker" else psutil.Process(worker.ppid())).kill()
        code, output, errors = sweep.finish()
        assert code == 1, errors
        assert re.search("failed .*the process ended|failed .*ended by SIGKILL", output)
        assert [record["status"] for record in records(tmp_path).values()].count("failed") == 1
    assert sweep.leaves_nobody()

    again = run(tmp_path, *words)
    assert again.returncode == 0, again.stderr
    assert f"{1 if whom == 'the sweep' else 2} recorded already" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sorted(load_records(tmp_path / RUNS)["seed"]) == [0, 1, 2]
    assert temporary_files(tmp_path) == []


def test_a_run_killed_again_and_again_ends_in_the_same_record(tmp_path):
    words = [*TINY, "train.max_updates=2000", "train.validate_every=10", "model.dropout=0.2", "checkpoint_seconds=0"]
    assert run(tmp_path, *words, "results_dir=whole").returncode == 0
    for _ in range(2):
        sweep = Command(tmp_path, *words, "results_dir=killed")
        assert wait_until(lambda: list(tmp_path.glob("killed/*/.checkpoint.pt")))
        time.sleep(0.2)
        sweep.kill()
    assert records(tmp_path / "killed") == {}
    assert run(tmp_path, *words, "results_dir=killed").returncode == 0
    ((name, whole),), ((_, resumed),) = records(tmp_path / "whole").items(), records(tmp_path / "killed").items()
    assert comparable(resumed) == comparable(whole)
    losses = [
        [line.split(",")[3:] for line in (tmp_path / folder / name / "curve.csv").read_text().splitlines()]
        for folder in ("whole", "killed")
    ]
    assert losses[0] == losses[1]
    assert temporary_files(tmp_path) == []


@pytest.mark.alone
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_request_to_stop_is_met_within_seconds(tmp_path, number, code):
    sweep = Command(tmp_path, "-m", "seed=0,1,2", *LONG, "hydra/launcher=parallel", "hydra.launcher.n_jobs=2")
    training(sweep)
    if number == signal.SIGINT:  # somebody impatient
        sweep.process.send_signal(number)
    took, returned, _, errors = sweep.stop(number)
    assert took < 5
    assert returned == code, errors
    assert "finished runs are kept, and the same command goes on" in errors
    assert "Traceback" not in errors
    assert sweep.leaves_nobody()
    assert temporary_files(tmp_path) == []


@pytest.mark.alone
def test_a_worker_that_does_not_listen_ends_with_the_sweep(tmp_path):
    sweep = Command(tmp_path, *LONG)
    worker = training(sweep)
    worker.suspend()  # as one stuck in native code: none of its threads runs
    took, returned, *_ = sweep.stop(signal.SIGTERM)
    assert (returned, took < 5) == (143, True)
    assert sweep.leaves_nobody()


def test_a_run_past_its_time_fails_and_the_sweep_goes_on(tmp_path):
    words = ["-m", "train.max_updates=4,1000000", *TINY[:-2], "train.patience=null", "run_timeout=3"]
    done = run(tmp_path, *words)
    assert done.returncode == 1
    assert sorted(record["status"] for record in records(tmp_path).values()) == ["completed", "failed"]
    assert "not done within 3 seconds" in done.stdout


def test_a_run_without_enough_memory_fails_and_the_sweep_goes_on(tmp_path):
    words = ["-m", *TINY[:1], *TINY[2:5], "data.size=20", "train.max_updates=2"]
    widths = "model.hidden_size=4,40000"  # 4 * 40000 ** 2 weights of 4 bytes, and as many gradients
    code, _, errors = Command(tmp_path, *words, widths, "model=torch_lstm", limit="ulimit -v 12000000").finish()
    assert code == 1, errors
    found = {record["model"]["hidden_size"]: record for record in records(tmp_path).values()}
    assert {width: record["status"] for width, record in found.items()} == {4: "completed", 40000: "failed"}
    assert "memory" in found[40000]["error"]
    assert "Traceback" not in errors


def test_a_file_too_large_to_write_stops_the_sweep_and_keeps_what_is_there(tmp_path):
    assert run(tmp_path, *TINY, "seed=9").returncode == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    code, output, errors = Command(tmp_path, "-m", "seed=0,1,2,9", *TINY, limit="ulimit -f 1").finish()
    assert code == 1
    assert len(errors.strip().splitlines()) == 1
    assert re.search("error: .*/record.json: File too large; .*no further run is started", errors)
    assert output.count("done ") == 0
    assert {path: path.read_bytes() for path in before} == before
    assert len(records(tmp_path)) == 1
    assert temporary_files(tmp_path) == []


def test_a_full_disk_stops_the_sweep(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        words = ["-m", "seed=range(0,14)", *TINY, "results_dir=disk/runs", "checkpoint_seconds=0"]
        code, output, errors = Command(tmp_path, *words).finish()
        assert code == 1
        assert "No space left on device" in errors
        assert "Traceback" not in errors
        whole = records(disk)
        assert 1 <= len(whole) == output.count("done ") < 14
        assert all(record["status"] == "completed" for record in whole.values())
        # what may stay is the state from which the run that was under way goes on
        assert {path.parent.name for path in temporary_files(disk)}.isdisjoint(whole)
        subprocess.run(["mount", "-o", "remount,size=4m", str(disk)], check=True)
        again = run(tmp_path, *words)
        assert (again.returncode, len(records(disk))) == (0, 14), again.stderr
        assert f"{len(whole)} recorded already" in again.stdout
        assert temporary_files(disk) == []

        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = run(tmp_path, *words, "model=lstm")
        assert done.returncode == 2
        assert "results_dir=disk/runs: a folder that can be read and written" in done.stderr
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_what_is_no_record_is_named_and_kept_and_its_run_trained(tmp_path):
    words = ["-m", "seed=range(0,6)", *TINY]
    assert run(tmp_path, *words).returncode == 0
    whole = records(tmp_path)
    paths = sorted(tmp_path.rglob("record.json"))
    untouched, text = paths[-1], paths[0].read_text()
    damaged = {
        paths[0]: re.sub(r'"test": [\d.]+', '"test": 0.0001', text),  # edited
        paths[1]: text[:500],  # torn
        paths[2]: "",
        paths[3]: text,  # the record of another run
    }
    for path, content in damaged.items():
        path.write_text(content)
    paths[4].unlink()
    paths[4].mkdir()

    done = run(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "1 recorded already, 5 to train" in done.stdout
    for path in paths[:5]:
        assert f"{path.relative_to(tmp_path)}: " in done.stdout
        aside = path.with_name("record.unreadable-1.json")
        assert aside.read_text() == damaged[path] if path in damaged else aside.is_dir()
    assert done.stdout.count("kept as record.unreadable-1.json") == 5
    again = records(tmp_path)
    assert {name: comparable(record) for name, record in again.items()} == {
        name: comparable(record) for name, record in whole.items()
    }
    assert again[untouched.parent.name] == whole[untouched.parent.name]
    assert len(load_records(tmp_path / RUNS)) == 6


def test_odd_surroundings(tmp_path):
    folder = tmp_path / "ein Ordner mit Leerzeichen und Ümläuten ‮ 数" / ("x" * 200) / ("y" * 200)
    folder.mkdir(parents=True)
    odd = {"LC_ALL": "tr_TR.ISO-8859-9", "TZ": "Pacific/Kiritimati", "HOME": "/proc/nowhere", "PYTHONIOENCODING": ""}
    code, output, errors = Command(folder, "-m", "seed=0,1", *TINY, **odd).finish()
    assert code == 0, errors
    assert len(load_records(folder / RUNS)) == 2
    code, output, errors = Command(folder, "-m", "seed=0,1", *TINY, **{**odd, "LC_ALL": "C"}).finish()
    assert code == 0, errors
    assert "2 recorded already" in output


def test_the_clock_set_back_changes_nothing(tmp_path):
    assert run(tmp_path, "-m", "seed=0,1", *TINY).returncode == 0
    later = time.time() + 10 * 365 * 86400
    for path in tmp_path.rglob("*"):
        os.utime(path, (later, later))
    done = run(tmp_path, "-m", "seed=0,1,2", *TINY)
    assert done.returncode == 0
    assert "2 recorded already, 1 to train" in done.stdout


def test_a_package_that_cannot_be_written_and_no_home_to_write_in(tmp_path):
    package, home = tmp_path / "package", tmp_path / "home"
    for name in ("rnncompare", "hydra_plugins", "configs"):
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    home.mkdir()
    with contextlib.ExitStack() as stack:
        for folder in (package, home):  # root may write into folders that are merely marked as read-only
            bound = subprocess.run(["mount", "--bind", str(folder), str(folder)], capture_output=True)
            if bound.returncode:
                pytest.skip(f"a folder cannot be mounted read-only here: {bound.stderr.decode().strip()}")
            stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        surroundings = {"PYTHONPATH": str(package), "HOME": str(home), "XDG_CACHE_HOME": "", "MPLCONFIGDIR": ""}
        code, _, errors = Command(tmp_path, *TINY, **surroundings).finish()
    assert code == 0, errors
    assert "Traceback" not in errors
    ((_, record),) = records(tmp_path).items()
    assert record["status"] == "completed"
