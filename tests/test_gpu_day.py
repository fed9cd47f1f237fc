"""``make gpu`` rehearsed on a CPU, so that nothing fails for the first time on the day there is a GPU."""

from types import SimpleNamespace

import pandas as pd
import pytest

from rnncompare import load_records
from rnncompare.measurements.store import load_measurements
from tests.commands import files_in, run
from tools import gpu

RUNS = ["data=adding", "data.size=20", "data.sequence_length=5", "data.validation_examples=20"]
RUNS += ["data.test_examples=20", "model.hidden_size=4", "train.max_updates=4", "train.validate_every=2"]
STEPS = ["float32", "one_run", "sweep", "study", "bfloat16", "study_report", "sweep_report"]
BENCH = ["shapes=[3,2,4,5]", "cell=[lstm,gru,lstm_coupled]", "seconds=0.001", "repeats=1"]


class Clock:
    """A machine on which each step takes the seconds given, or is stopped when its time is up."""

    def __init__(self, monkeypatch, takes):
        self.now, self.takes, self.limits = 0.0, takes, {}
        monkeypatch.setattr(gpu, "time", SimpleNamespace(monotonic=lambda: self.now))

    def call(self, words, output, seconds):
        self.limits[output.stem] = seconds
        taken = self.takes[output.stem]
        self.now += min(taken, seconds)
        return 0 if taken <= seconds else None


def test_it_ends_within_its_time_whatever_the_steps_take(monkeypatch, tmp_path):
    plan = gpu.steps(tmp_path)
    clock = Clock(monkeypatch, {step.name: 1e6 for step in plan})
    outcomes = gpu.take(plan, tmp_path, gpu.SECONDS, clock.call)
    assert clock.now <= gpu.SECONDS <= 540
    assert all(outcome.code is None for outcome in outcomes)
    assert list(clock.limits) == ["tests", "float32", "one_run", "sweep", "study"]


def test_a_step_that_is_stopped_does_not_keep_the_next_from_running(monkeypatch, tmp_path):
    plan = gpu.steps(tmp_path)
    clock = Clock(monkeypatch, {step.name: 10.0 for step in plan} | {"float32": 1e6})
    outcomes = gpu.take(plan, tmp_path, gpu.SECONDS, clock.call)
    assert [outcome.step.name for outcome in outcomes if outcome.code is None] == ["float32"]
    assert len(outcomes) == len(plan)


def test_a_command_past_its_time_is_ended(tmp_path):
    assert gpu.call_command(["http.server", "0", "--bind", "127.0.0.1"], tmp_path / "out.txt", 0.5) is None
    assert gpu.call_command(["this"], tmp_path / "out.txt", 60) == 0
    assert "Beautiful is better than ugly" in (tmp_path / "out.txt").read_text()


def test_without_a_gpu_it_says_so_and_writes_nothing(tmp_path, capsys):
    assert gpu.main(["--device", "cuda:99", "--folder", str(tmp_path / "gpu")]) == 2
    assert "device=cuda:99" in capsys.readouterr().err
    assert files_in(tmp_path) == []


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """The folder that is left, with the tiniest sizes, and the exit codes of the steps that are commands of ours."""
    folder, codes = tmp_path_factory.mktemp("day"), {}

    def call(words, output, _seconds):
        if words[0] == "pytest":
            return 0
        module = words[0].removeprefix("rnncompare.")
        done = run(folder, *words[1:], module="report.__main__" if module == "report" else module)
        output.write_text(done.stdout + done.stderr)
        codes[output.stem] = done.returncode
        return done.returncode

    arguments = ["--device", "cpu", "--folder", str(folder / "gpu")]
    gpu.main(arguments, call, runs=RUNS, bench=BENCH, study=["pairs=2", "most_pairs=2", "shapes=1"])
    return folder / "gpu", codes


def test_every_step_runs_and_leaves_what_can_be_published(rehearsed):
    folder, codes = rehearsed
    assert codes == dict.fromkeys(STEPS, 0)
    names = {path.name for path in files_in(folder)}
    assert {"README.md", "bench.json", "bench.csv", "gru_to_lstm.png", "study.json", "report.html"} <= names


def test_thirty_runs_are_trained_as_one_beside_a_single_one(rehearsed):
    records = load_records(rehearsed[0] / "sweep")
    assert records["speed.stacked"].value_counts().to_dict() == {30: 30}
    assert records.loc[records["speed.stacked"].isna(), "model.name"].to_list() == ["torch_lstm"]


def test_memory_is_measured_on_the_device_asked_for_and_time_only_on_a_gpu(rehearsed):
    probes = load_measurements(rehearsed[0] / "study")
    assert set(probes["probe"]) == {"memory"}
    assert set(probes["settings.device"]) == {"cpu"}
    assert "left out: faster_step_gpu" in (rehearsed[0] / "study.txt").read_text()


def test_the_page_has_every_aim_beside_what_was_found(rehearsed):
    text = (rehearsed[0] / "README.md").read_text()
    for aim, _, found in gpu.aims(rehearsed[0]):
        assert f"| {aim} |" in text
        assert found != "not measured" or aim.startswith("coupled"), aim  # which has no engine on a CPU
    frame = pd.read_csv(rehearsed[0] / "float32" / "bench.csv")
    row = frame[(frame["measure"] == "forward_backward") & (frame["cell"] == "gru")]
    assert f"{row.loc[row['implementation'] == 'auto', 'to_lstm'].item():.2f}" in text


def test_where_a_step_left_nothing_its_aims_are_not_measured(tmp_path):
    assert {found for _, _, found in gpu.aims(tmp_path)} == {"not measured"}
