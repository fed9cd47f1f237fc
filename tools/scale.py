"""``python -m tools.scale``: what many records need, measured on synthetic ones. Prints figures."""

from __future__ import annotations

import argparse
import dataclasses
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rnncompare.composition.compose import compose
from rnncompare.records import Record, compact, load_records, run_id, write_record
from rnncompare.sweep import find_missing
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from synthetic_records import record


def settings(folder: Path, seed: int) -> RunSettings:
    """The settings of a run."""
    return RunSettings(ModelSettings("gru", 64), Adding(size=1000), seed=seed, results_dir=str(folder), device="cpu")


def write_many(folder: Path, count: int) -> dict[str, RunSettings]:
    """Write ``count`` records; the settings of those, and of as many again that are not there."""
    synthetic, curve = record()
    runs = {}
    os.fsync = lambda descriptor: None  # it takes most of the time, and here nothing hangs on it
    for seed in range(count + 1000):
        asked = settings(folder, seed)
        config = asked.config()
        name = run_id(config)
        runs[name] = asked
        if seed < count:
            write_record(folder, dataclasses.replace(synthetic, run_id=name, seed=seed, config=config), curve, "")
    assert isinstance(synthetic, Record)
    return runs


def sweep_again(folder: Path, count: int) -> None:
    """Call a sweep of ``count`` runs, all of which are recorded, over two models and many seeds."""
    words = ["-m", "model=gru,lstm", "model.hidden_size=64", "data=adding", "device=cpu", f"results_dir={folder}"]
    command = [sys.executable, "-m", "rnncompare.run", *words, f"seed=range(0,{count // 2})"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder.parent, check=True)
    assert f"{count} recorded already, nothing to train" in done.stdout


def write_sweep(folder: Path, count: int) -> None:
    """Write the records for which `sweep_again` asks."""
    synthetic, curve = record()
    plans = compose([f"model={name}", "model.hidden_size=64", "data=adding", "device=cpu"] for name in ("gru", "lstm"))
    for settings in plans:
        for seed in range(count // 2):
            config = dataclasses.replace(settings, seed=seed, results_dir=str(folder)).config()
            made = dataclasses.replace(synthetic, run_id=run_id(config), seed=seed, config=config, status="completed")
            write_record(folder, made, curve, "")


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Call, and print how long it took and the most memory that this process has used."""
    began = time.monotonic(), time.process_time()
    answer = call()
    wall, cpu = time.monotonic() - began[0], time.process_time() - began[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<34} {wall:7.1f} s ({cpu:.1f} s of CPU), peak {peak:,.0f} MB", flush=True)
    return answer


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--sweep", type=int, default=10_000, help="runs of a sweep that is called again")
    arguments = parser.parse_args()
    count = arguments.records
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "runs"
        runs = timed(f"write {count:,} records", lambda: write_many(folder, count))
        one = next(folder.glob("*/record.json"))
        print(f"bytes of one record.json: {one.stat().st_size:,}; files: {3 * count:,}")
        assert len(timed("list what is missing", lambda: find_missing(runs))) == 1000
        path, rows, _ = timed("compact", lambda: compact(folder))
        print(f"bytes of {path.name}: {path.stat().st_size:,}")
        assert len(timed("list what is missing, compacted", lambda: find_missing(runs))) == 1000
        assert len(timed("load_records, compacted", lambda: load_records(folder))) == rows == count
        swept = Path(name) / "sweep"
        write_sweep(swept, arguments.sweep)
        timed(f"a sweep of {arguments.sweep:,}, all recorded", lambda: sweep_again(swept, arguments.sweep))


if __name__ == "__main__":
    main()
