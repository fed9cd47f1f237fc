"""Sweeps on a cluster: jobs of this machine, and a real Slurm of one node where there can be one."""

import contextlib
import subprocess

import psutil
import pytest
from one_node_slurm import missing, one_node_slurm
from processes import LONG, TINY, Command, comparable, records, temporary_files, wait_until

from rnncompare.base.errors import SettingError
from rnncompare.sweep import ClusterSettings, plan
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings
from tests.commands import run

pytest.importorskip("submitit", reason="needs the extra rnncompare[slurm]")


def test_jobs_of_this_machine_leave_the_same_records(tmp_path):
    words = ["-m", "model=gru,lstm", "seed=0,1", *TINY]
    assert run(tmp_path, *words, "results_dir=plain").returncode == 0
    cluster = ["hydra/launcher=submitit_local", "hydra.launcher.runs_per_job=2", "results_dir=cluster"]
    code, output, errors = Command(tmp_path, *words, *cluster).finish()
    assert code == 0, output + errors
    assert "2 jobs submitted" in output
    assert output.count("done ") == 4
    plain, jobs = (
        {name: comparable(record) for name, record in records(tmp_path / folder).items()}
        for folder in ("plain", "cluster")
    )
    assert plain == jobs
    assert temporary_files(tmp_path) == []
    done = run(tmp_path, *words, *cluster)
    assert (done.returncode, "nothing to train" in done.stdout, "submitted" in done.stdout) == (0, True, False)
    code, output, _ = Command(tmp_path, *words, "seed=2", *cluster, "hydra.launcher.wait=false").finish()
    assert (code, "1 jobs submitted" in output, "examples model" in output) == (0, True, False)
    assert wait_until(lambda: len(records(tmp_path / "cluster")) == 6)


def test_runs_for_a_cluster_need_no_device_of_this_machine():
    assert ClusterSettings("slurm").device("auto") == "cpu"
    assert ClusterSettings("slurm", gpus_per_node=2).device("auto") == "cuda"
    assert ClusterSettings("local", gpus_per_node=2).device("auto") == "auto"  # this machine's own
    with pytest.raises(SettingError, match="device=tpu"):
        ClusterSettings("slurm").device("tpu")
    asked = RunSettings(ModelSettings("gru", 4), Adding(size=10), device="cuda:99").resolved()
    (planned,) = plan([asked], here=False).values()
    assert planned.device == "cuda:99"
    with pytest.raises(SettingError, match="device=cuda:99"):
        plan([asked])


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """The environment of a Slurm, one for all tests."""
    if reason := missing():
        pytest.skip(reason)
    with one_node_slurm(tmp_path_factory.mktemp("slurm")) as environment:
        yield environment


@pytest.fixture
def slurm(cluster, monkeypatch):
    """It is there, with nothing in its queue."""
    for name, value in cluster.items():
        monkeypatch.setenv(name, value)
    yield
    subprocess.run(["scancel", "--user=root"], check=True)
    assert wait_until(lambda: not queue(), 30)


CLUSTER = ["hydra/launcher=submitit_slurm", "results_dir=cluster"]


def on_slurm(test):
    """Needs a Slurm; such tests share its queue, so they run one after the other."""
    return pytest.mark.slow(pytest.mark.usefixtures("slurm")(test))


def queue():
    answer = subprocess.run(["squeue", "-h", "-r", "-o", "%i %T"], capture_output=True)
    return [line.split() for line in answer.stdout.decode().splitlines()]


@on_slurm
def test_a_sweep_of_twenty_runs_completes_on_slurm_with_the_records_of_a_local_one(tmp_path):
    words = ["-m", "model=gru,lstm", "seed=range(0,10)", *TINY]
    assert run(tmp_path, *words, "results_dir=plain").returncode == 0
    command = Command(tmp_path, *words, *CLUSTER, "hydra.launcher.runs_per_job=10")
    assert wait_until(lambda: queue())
    assert {job.partition("_")[0] for job, _ in queue()} == {queue()[0][0].partition("_")[0]}
    code, output, errors = command.finish(240)
    assert code == 0, output + errors
    assert "2 jobs submitted" in output
    plain, jobs = (
        {name: comparable(record) for name, record in records(tmp_path / folder).items()}
        for folder in ("plain", "cluster")
    )
    assert len(jobs) == 20
    assert plain == jobs
    assert temporary_files(tmp_path) == []


@on_slurm
def test_what_scancel_ended_is_picked_up_by_the_next_call(tmp_path):
    words = ["-m", "seed=0,1", *TINY, "train.max_updates=9000", "checkpoint_seconds=0", *CLUSTER]
    command = Command(tmp_path, *words)
    assert wait_until(lambda: list(tmp_path.glob("cluster/*/.checkpoint.pt")))
    job = next(job for job, state in queue() if state == "RUNNING")
    subprocess.run(["scancel", job], check=True)
    code, output, errors = command.finish(240)
    assert code == 1, output + errors
    assert "have no record though their jobs have ended" in output
    assert len(records(tmp_path)) == 1
    again = run(tmp_path, *words)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "1 recorded already, 1 to train" in again.stdout
    assert len(records(tmp_path)) == 2


@on_slurm
def test_what_ran_out_of_time_and_was_preempted_goes_on_from_checkpoints_to_the_same_records(tmp_path):
    words = ["-m", "seed=0,1", *TINY, "model.dropout=0.2", "train.max_updates=4000", "checkpoint_seconds=0"]
    assert run(tmp_path, *words, "results_dir=plain").returncode == 0
    command = Command(tmp_path, *words, *CLUSTER, "hydra.launcher.runs_per_job=2")
    log = ""

    def look():
        """Keep what the job says: its output goes when the sweep is done."""
        nonlocal log
        for path in tmp_path.glob("cluster/.jobs/*_log.out"):
            with contextlib.suppress(FileNotFoundError):
                log = path.read_text()
        return log

    def trains(began):
        """Whether the job has begun that often and trains."""
        return " update " in look().split("Starting with")[-1] and starts(log) == began

    assert wait_until(lambda: trains(1))
    ((job, _),) = queue()
    # as Slurm sends when the time is nearly over
    subprocess.run(["scancel", "--signal=USR2", job], check=True, capture_output=True)
    assert wait_until(lambda: trains(2))
    for process in of_job(job):
        process.suspend()  # or it is done before Slurm, which takes a second or two, preempts it
    urgent = ["sbatch", "--partition=urgent", "--exclusive", "--output=/dev/null", "--wrap=sleep 1"]
    subprocess.run(urgent, check=True, capture_output=True)
    assert wait_until(lambda: look() and command.process.poll() is not None)
    code, output, errors = command.finish()
    assert code == 0, output + errors + log
    assert starts(log) == 3
    plain, jobs = (
        {name: comparable(record) for name, record in records(tmp_path / folder).items()}
        for folder in ("plain", "cluster")
    )
    assert plain == jobs
    assert [log.count(f"{name} update 50 ") for name in plain] == [1, 1]  # none began anew
    assert temporary_files(tmp_path) == []


def starts(log):
    return log.count("Starting with JobEnvironment")


def of_job(job):
    """The processes of a job of Slurm's."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SLURM_JOB_ID") == job:
                yield process


@on_slurm
def test_what_slurm_refuses_is_said_and_nothing_is_left(tmp_path):
    words = ["-m", "seed=0,1", *TINY, *CLUSTER, "hydra.launcher.partition=nonesuch"]
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert "error: hydra/launcher=submitit_slurm: it takes no such jobs: " in done.stderr
    assert "Invalid partition name" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@on_slurm
def test_ctrl_c_cancels_the_jobs(tmp_path):
    command = Command(tmp_path, "-m", "seed=0,1", *LONG, *CLUSTER)
    assert wait_until(lambda: any(state == "RUNNING" for _, state in queue()))
    took, code, _, errors = command.stop(2)
    assert (code, took < 5) == (130, True), errors
    assert wait_until(lambda: not queue(), 30)
