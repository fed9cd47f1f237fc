"""``python -m tools.gpu`` (``make gpu``): all that a GPU is wanted for, within nine minutes, into one folder.

Each step is a command that could be called alone; what goes wrong in one is said, and the next is taken. What a step
has measured stays, so a second call goes on with a study or a sweep that time ran out for. The folder can be published
as it is: ``README.md`` (what ran, on what, and the aims beside what was found), and a folder for each step.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import gmean

from rnncompare import load_records
from rnncompare.base.errors import DataError, SettingError
from rnncompare.base.isolation import call_isolated
from rnncompare.base.wording import markdown
from rnncompare.records import load_curves, write_whole
from rnncompare.records.provenance import provenance

SECONDS = 9 * 60.0
LEAST = 5.0  # seconds left with which a step is begun
TO_STOP = 10.0  # seconds in which a command asked to end does so
RUNS = ["data=adding", "data.size=1000", "data.sequence_length=50", "model.hidden_size=64", "train.batch_size=32"]
RUNS += ["train.max_updates=1000", "train.validate_every=250", "train.patience=null"]

Call = Callable[[Sequence[str], Path, float], int | None]


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
        name: of the step, and of the file that its output goes to.
        words: after ``python -m``.
        seconds: that it may take at most.
    """

    name: str
    words: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Outcome:
    """How a step went: its exit code, None if it was stopped or not begun, and the seconds that it took."""

    step: Step
    code: int | None
    seconds: float


def steps(
    folder: Path,
    device: str = "cuda",
    runs: Sequence[str] = RUNS,
    bench: Sequence[str] = (),
    study: Sequence[str] = ("pairs=2", "most_pairs=2"),
) -> list[Step]:
    """What is run, the most wanted first.

    Args:
        folder: that all of it is written to.
        device: that all of it runs on.
        runs: the settings of the runs that are trained as one.
        bench: settings of the benchmarks beside those of their preset.
        study: settings of the study.
    """
    on = f"device={device}"
    timed = ("rnncompare.bench", "preset=gpu", on, *bench)
    trained = (*runs, on, f"results_dir={folder / 'sweep'}", "checkpoint_seconds=null")
    many = ("rnncompare.run", "-m", "model=lstm", "seed=range(0,30)", "hydra/launcher=stacked")
    narrow = ("dtype=bfloat16", "memory=false", "stacked_runs=0", f"results_dir={folder / 'bfloat16'}")
    judged = ("rnncompare.study", "claim=faster_step_gpu,less_memory", *study, on, f"results_dir={folder / 'study'}")
    return [
        Step("tests", ("pytest", "tests/models/test_triton.py", "-q", "-n", "8", "-p", "no:cacheprovider"), 120),
        Step("float32", (*timed, f"results_dir={folder / 'float32'}"), 200),
        Step("one_run", ("rnncompare.run", "model=torch_lstm", *trained), 60),
        Step("sweep", (*many, *trained), 90),
        Step("study", judged, 220),
        Step("bfloat16", (*timed, *narrow), 150),
        *(
            Step(
                f"{name}_report",
                ("rnncompare.report", str(folder / name), "--output", str(folder / f"{name}_report")),
                30,
            )
            for name in ("study", "sweep")
        ),
    ]


def take(plan: Sequence[Step], folder: Path, seconds: float, call: Call) -> list[Outcome]:
    """Take the steps one after the other; none outlasts its own limit, or what is left of ``seconds``.

    Args:
        plan: the steps.
        folder: that their output goes to.
        seconds: for all of them.
        call: runs words after ``python -m`` with its output in a file, for so many seconds at most; the exit code, None
            if it was stopped.
    """
    deadline = time.monotonic() + seconds
    outcomes = []
    for step in plan:
        began = time.monotonic()
        left = min(step.seconds, deadline - began)
        code = call(step.words, folder / f"{step.name}.txt", left) if left >= LEAST else None
        outcomes.append(Outcome(step, code, time.monotonic() - began))
        print(f"{step.name:<10} {_said(outcomes[-1])}", flush=True)
    return outcomes


def call_command(words: Sequence[str], output: Path, seconds: float) -> int | None:
    """``python -m WORDS`` in a process of its own, asked to end in order if time runs out."""
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen([sys.executable, "-m", *words], stdout=file, stderr=subprocess.STDOUT)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return None


def aims(folder: Path) -> list[tuple[str, str, str]]:
    """Each aim, what was wanted and what was found; "not measured" where its step left nothing."""
    frame = _timings(folder / "float32")
    ours = frame[frame["implementation"] == "auto"] if len(frame) else frame
    small = ours[ours["H"] <= 128] if len(ours) else ours
    of_kernels = "fused_triton LSTM, GRU, RNN, forward plus backward, against cuDNN, geometric mean (worst)"
    return [
        (of_kernels, "1.0 (1.5)", _mean(ours, "to_torch")),
        ("the same, H <= 128", "0.7", _mean(small, "to_torch")),
        ("our GRU over our LSTM", "at most 0.85", _mean(_of(ours, "gru"), "to_lstm")),
        ("coupled-gate LSTM over our LSTM", "at most 1.1", _mean(_of(ours, "lstm_coupled"), "to_lstm")),
        ("an update of 30 stacked runs over one of a cuDNN run", "at most 1.5", _stacked(folder / "float32")),
        ("training 30 stacked runs over training one cuDNN run", "", _trained(folder / "sweep")),
    ]


def _timings(folder: Path) -> pd.DataFrame:
    """The forward and backward passes of a benchmark's grid."""
    try:
        frame = pd.read_csv(folder / "bench.csv")
    except (OSError, pd.errors.EmptyDataError):
        return pd.DataFrame()
    return frame[(frame["part"] == "grid") & (frame["measure"] == "forward_backward")]


def _of(frame: pd.DataFrame, cell: str) -> pd.DataFrame:
    return frame[frame["cell"] == cell] if len(frame) else frame


def _mean(frame: pd.DataFrame, column: str) -> str:
    ratios = frame[column].dropna() if len(frame) else ()
    if not len(ratios):
        return "not measured"
    return f"{gmean(ratios):.2f} ({max(ratios):.2f}), {len(ratios)} shapes and cells"


def _stacked(folder: Path) -> str:
    try:
        rows = json.loads((folder / "bench.json").read_text(encoding="utf-8"))["stacked"]
    except (OSError, ValueError, KeyError):
        rows = []
    return ", ".join(f"{row['cell']} {row['to_one']:.2f}" for row in rows) or "not measured"


def _trained(folder: Path) -> str:
    """Seconds of updates, of the stack as its curves have them."""
    try:
        records = load_records(folder)
    except DataError:
        return "not measured"
    one = records[records["model.name"] == "torch_lstm"]["speed.training_seconds"].dropna()
    stacked = records[(records["model.name"] == "lstm") & records["speed.stacked"].notna()]
    if not len(one) or not len(stacked):
        return "not measured"
    seconds = load_curves(stacked)["seconds"].max()
    return f"{seconds / one.iloc[0]:.2f} ({seconds:.1f} s over {one.iloc[0]:.1f} s), {len(stacked)} runs"


def page(outcomes: Sequence[Outcome], hardware: str, folder: Path) -> str:
    """What ran, on what, and the aims beside what was found."""
    made = provenance(hardware)
    rows = [(o.step.name, f"`python -m {' '.join(o.step.words)}`", f"{o.seconds:.0f}", _said(o)) for o in outcomes]
    return "\n".join(
        [
            f"# {hardware}\n",
            f"Made by `make gpu`, {made.time}: rnncompare {made.version} at {made.git_commit}, torch {made.torch}, "
            f"Python {made.python}, {made.platform}. Times are ratios within one run.\n",
            markdown(["aim", "wanted", "found"], aims(folder)) + "\n",
            markdown(["step", "command", "seconds", "outcome"], rows) + "\n",
        ]
    )


def _said(outcome: Outcome) -> str:
    if outcome.code is None:
        return "not done in the time that there was"
    return "done" if outcome.code == 0 else f"exit code {outcome.code}; see {outcome.step.name}.txt"


def _hardware(device: str, _send: Callable[[object], None]) -> str:
    from rnncompare.base.machine import find_device, hardware_name

    return hardware_name(find_device(device))


def main(arguments: Sequence[str] | None = None, call: Call = call_command, **settings: Any) -> int:
    """Run everything.

    Args:
        arguments: of the command line.
        call: as in `take`.
        settings: as those of `steps`.

    Returns:
        0; 1 if a step did not end well; 2 where the device is not there.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda or cuda:N")
    parser.add_argument("--folder", type=Path, default=Path("results/gpu"), help="that all is written to")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for all of it")
    asked = parser.parse_args(arguments)
    try:
        hardware = call_isolated(_hardware, asked.device)
    except SettingError as error:
        print(f"tools.gpu: {error}", file=sys.stderr)
        return 2
    asked.folder.mkdir(parents=True, exist_ok=True)
    outcomes = list[Outcome]()
    with contextlib.suppress(KeyboardInterrupt):
        outcomes = take(steps(asked.folder, asked.device, **settings), asked.folder, asked.seconds, call)
    write_whole(asked.folder / "README.md", page(outcomes, hardware, asked.folder))
    print(f"\n{asked.folder / 'README.md'}")
    return 0 if outcomes and all(outcome.code == 0 for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
