"""One process at a time trains a run, whoever asks and whoever dies."""

import contextlib
import errno
import json
import multiprocessing
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import LONG, ROOT, TINY, Command, records, temporary_files, wait_until

from rnncompare.sweep.locks import Locks, Owner

RUN = "0123456789abcdef"
# locks a run, says so, and waits to be killed
HOLDER = (
    "import sys, time; from rnncompare.sweep.locks import Locks; locks = Locks(sys.argv[1], float(sys.argv[2]));"
    f"print(locks.acquire('{RUN}'), flush=True); time.sleep(600)"
)


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock on `RUN`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), "120"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout.readline() == "None\n"
    yield process
    process.kill()
    process.communicate()


def lock_file(folder):
    (path,) = (folder / ".locks").glob(f"{RUN}.*")
    return path


def test_a_lock_is_had_once_and_says_whose_it_is(tmp_path):
    with Locks(tmp_path) as first, Locks(tmp_path) as second:
        assert first.acquire(RUN) is None
        assert str(second.acquire(RUN)) == str(Owner.this())
        assert (first.holds(RUN), second.holds(RUN)) == (True, False)
        first.release(RUN)
        assert second.acquire(RUN) is None
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_living_process_stands_and_of_a_dead_one_is_taken_at_once(tmp_path, holder):
    with Locks(tmp_path) as locks:
        assert locks.acquire(RUN).pid == holder.pid
        assert locks.abandoned() == []
        holder.kill()
        wait_until(lambda: locks.abandoned() == [RUN])  # it is a zombie until it is waited for
        assert locks.acquire(RUN) is None
        assert locks.holds(RUN)
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_with_nothing_to_train_tidies_up_after_one_that_was_killed(tmp_path, holder):
    command = [*TINY, f"results_dir={tmp_path}", "seed=1"]
    assert Command(tmp_path, *command).finish(60)[0] == 0
    holder.kill()
    holder.wait()
    assert temporary_files(tmp_path)
    code, out, _ = Command(tmp_path, *command).finish(60)
    assert code == 0
    assert "nothing to train" in out
    assert temporary_files(tmp_path) == []


def test_a_process_that_got_the_number_of_a_dead_one_does_not_keep_its_lock(tmp_path):
    with Locks(tmp_path) as first:
        first.acquire(RUN)
        path = lock_file(tmp_path)
        content = json.loads(path.read_text())
        path.unlink()
        path.write_text(json.dumps({**content, "began": "1"}))
        with Locks(tmp_path) as second:
            assert second.acquire(RUN) is None


def elsewhere(folder, **changes):
    """A lock as a process on another machine would have made it."""
    owner = {"host": "elsewhere", "kernel": "k", "pid": 1, "began": "1", "token": "t", **changes}
    (folder / ".locks").mkdir()
    (folder / ".locks" / f"{RUN}.1").write_text(json.dumps(owner))
    return folder / ".locks" / f"{RUN}.1"


@pytest.mark.alone
def test_a_lock_from_another_machine_counts_while_it_is_renewed_whatever_its_clock(tmp_path):
    path = elsewhere(tmp_path)
    with Locks(tmp_path, lease=1.0) as locks:
        for past in (1e9, 5e9, 2e8, 3e9, 0):  # its clock jumps
            os.utime(path, (past, past))
            assert locks.acquire(RUN).host == "elsewhere"
            time.sleep(0.5)
        assert locks.acquire(RUN).host == "elsewhere"
        time.sleep(1.1)
        assert locks.acquire(RUN) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 3}', "\0"])
def test_a_torn_lock_counts_for_a_lease(tmp_path, content):
    path = elsewhere(tmp_path)
    path.write_text(content)
    with Locks(tmp_path, lease=0.3) as locks:
        assert locks.acquire(RUN) is not None
        time.sleep(0.4)
        assert locks.acquire(RUN) is None


@pytest.mark.alone
def test_locks_are_renewed(tmp_path):
    with Locks(tmp_path, lease=0.4) as first, Locks(tmp_path, lease=0.4) as second:
        first.acquire(RUN)
        for _ in range(12):
            assert second.acquire(RUN) is not None
            time.sleep(0.1)


@pytest.mark.alone
def test_who_was_away_for_a_lease_knows_that_its_lock_is_lost_and_leaves_the_other_alone(tmp_path):
    with Locks(tmp_path, lease=1000) as slow:  # renewed as seldom as by a process that is suspended
        assert slow.acquire(RUN) is None
        with Locks(tmp_path, lease=0.3) as quick:
            assert quick.acquire(RUN) is not None
            time.sleep(0.5)
            assert quick.acquire(RUN) is None
            assert not slow.holds(RUN)
            slow.release(RUN)
            assert quick.holds(RUN)
            with Locks(tmp_path) as third:
                assert third.acquire(RUN) is not None


def test_without_hard_links_locks_are_still_exclusive(tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with Locks(tmp_path) as first, Locks(tmp_path) as second:
        assert first.acquire(RUN) is None
        assert second.acquire(RUN) is not None


def contend(folder, runs, start, log):
    """Take each run that can be had, note it, and give it up again."""
    with Locks(folder, lease=30) as locks:
        start.wait()
        for run in runs:
            for _ in range(30):
                if locks.acquire(run) is None:
                    for what in ("in", "out"):
                        with open(log, "a") as file:
                            file.write(f"{run} {what} {os.getpid()}\n")
                    locks.release(run)


def test_of_many_that_contend_never_two_hold_a_lock(tmp_path):
    fork = multiprocessing.get_context("forkserver")
    start, log = fork.Barrier(4), tmp_path / "log"
    workers = [
        fork.Process(target=contend, args=(tmp_path / "runs", ["a" * 16, "b" * 16], start, log)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    holder = {}
    lines = [line.split() for line in log.read_text().splitlines()]
    assert len(lines) > 100
    for run, what, pid in lines:
        assert holder.get(run) == (None if what == "in" else pid)
        holder[run] = pid if what == "in" else None
    assert len({pid for _, _, pid in lines}) > 1
    assert not (tmp_path / "runs" / ".locks").exists()


def test_a_folder_that_another_has_just_taken_away_is_no_fault_at_the_end(tmp_path, monkeypatch):
    locks = Locks(tmp_path)

    def taken_away(folder, pattern):
        folder.rmdir()
        return os.scandir(folder)  # as `glob` does

    monkeypatch.setattr(Path, "glob", taken_away)
    locks.close()
    assert not (tmp_path / ".locks").exists()


def test_locks_in_a_folder_that_became_read_only_are_left_to_their_lease(tmp_path, monkeypatch):
    def refused(path, missing_ok=False):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    locks = Locks(tmp_path)
    locks.acquire("a")
    monkeypatch.setattr(Path, "unlink", refused)
    locks.close()


def test_two_sweeps_at_once_do_all_runs_once_and_both_show_all(tmp_path):
    words = ["-m", "seed=range(0,8)", *TINY, "train.max_updates=300"]
    sweeps = [Command(tmp_path, *words) for _ in range(2)]
    seen = set()

    def both_ended():
        with contextlib.suppress(FileNotFoundError):
            seen.update((path.parent.name, path.stat().st_ino) for path in tmp_path.rglob("record.json"))
        return all(sweep.process.poll() is not None for sweep in sweeps)

    assert wait_until(both_ended)
    answers = [sweep.finish() for sweep in sweeps]
    assert [code for code, *_ in answers] == [0, 0], answers
    assert len(records(tmp_path)) == 8
    assert len(seen) == 8  # none was written twice
    assert all(re.search(r"\n +20 +gru +4 +8 ", output) for _, output, _ in answers)
    assert temporary_files(tmp_path) == []


def test_a_sweep_takes_over_what_another_was_killed_at(tmp_path):
    first = Command(tmp_path, *LONG, "run_timeout=600")
    assert wait_until(lambda: list(tmp_path.glob("results/runs/.locks/*.1")))
    second = Command(tmp_path, *LONG, "run_timeout=4")
    assert wait_until(lambda: len(list(tmp_path.glob("results/runs/.locks/owner-*"))) == 2)
    time.sleep(1)
    assert second.process.poll() is None
    first.kill()
    code, output, _ = second.finish()
    assert code == 1
    assert f"is being trained by process {first.process.pid} on" in output
    assert "not done within 4 seconds" in output
    assert temporary_files(tmp_path) == []
