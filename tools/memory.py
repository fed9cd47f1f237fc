"""How much memory loading a user's file takes, in times the file: ``python tools/memory.py [MB] [KIND ...]``.

For each kind a file of about so many MB is made in a temporary folder and loaded in a process of its own, once that has
imported all that loading needs. Printed is the most memory that it took beyond what it had before. (Linux only.)
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

STEPS = 50  # of a sequence


def csv_sequences(path: Path, size: int) -> None:
    """Sequences of 8 columns of numbers, 200 steps a label."""
    _lines(path, size, "id,step,a,b,c,d,e,f,g,h,label", _sequence_lines)


def csv_forecasting(path: Path, size: int) -> None:
    """A row a minute, 7 columns of numbers."""
    _lines(path, size, "date,a,b,c,d,e,f,target", _series_lines)


def csv_events(path: Path, size: int) -> None:
    """Events with two columns of names and two of numbers."""
    _lines(path, size, "customer,time,action,channel,amount,age,left", _event_lines)


def csv_texts(path: Path, size: int) -> None:
    """Texts of 40 words."""
    _lines(path, size, "review,label", _text_lines)


def parquet_sequences(path: Path, size: int) -> None:
    """Sequences of 8 columns of doubles."""
    _parquet(path, size, "f8")


def parquet_singles(path: Path, size: int) -> None:
    """Sequences of 8 columns of single precision."""
    _parquet(path, size, "f4")


def npz_singles(path: Path, size: int) -> None:
    """X of (N, 50, 8) in single precision."""
    _npz(path, size, np.savez)


def npz_packed(path: Path, size: int) -> None:
    """The same, compressed."""
    _npz(path, size, np.savez_compressed)


def ts(path: Path, size: int) -> None:
    """Sktime's format, 4 channels, 3 decimals."""
    random = np.random.default_rng(0)
    with path.open("w") as file:
        file.write("@problemName own\n@classLabel true a b\n@data\n")
        while file.tell() < size:
            cases = [
                ":".join(",".join(f"{x:.3f}" for x in channel) for channel in case)
                for case in random.normal(size=(100, 4, STEPS))
            ]
            file.writelines(f"{case}:{'ab'[i % 2]}\n" for i, case in enumerate(cases))


def txt(path: Path, size: int) -> None:
    """Plain text."""
    words = _words(np.random.default_rng(0), 100_000)
    with path.open("w") as file:
        while file.tell() < size:
            file.write(words)


KINDS: dict[str, tuple[Callable[[Path, int], None], str]] = {
    "csv_sequences": (csv_sequences, "own.csv"),
    "csv_forecasting": (csv_forecasting, "own.csv"),
    "csv_events": (csv_events, "own.csv"),
    "csv_texts": (csv_texts, "own.csv"),
    "parquet_doubles": (parquet_sequences, "own.parquet"),
    "parquet_singles": (parquet_singles, "own.parquet"),
    "npz": (npz_singles, "own.npz"),
    "npz_compressed": (npz_packed, "own.npz"),
    "ts": (ts, "own.ts"),
    "txt": (txt, "own.txt"),
}
TARGETS = {"csv_sequences": "label", "csv_forecasting": "target", "csv_events": "left", "csv_texts": "label"}

CHILD = """
import resource, sys, time
import numpy, pandas, pyarrow.csv, pyarrow.parquet, torch, tqdm
from rnncompare.training.settings import RunSettings
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import objectives
from rnncompare.tasks.user import user_data as own

def status(name):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) / 1024

pandas.DataFrame({"a": pandas.Categorical(["b"])}).groupby("a", observed=True).size()
before = status("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
began = time.perf_counter()
task = task_class("file")(path=sys.argv[1], target=sys.argv[2] or None).pinned()
data = task.load(0)
print(status("VmHWM") - before, status("VmRSS") - before, time.perf_counter() - began, len(data.train))
"""


def measure(kind: str, megabytes: int) -> str:
    """A line on loading a file of ``kind``."""
    make, name = KINDS[kind]
    target = TARGETS.get(kind, "label" if "parquet" in kind else "")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        make(path, megabytes << 20)
        size = path.stat().st_size / 2**20
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, path, target], capture_output=True, text=True, env=environment
        )
    if done.returncode:
        return f"{kind:16} {done.stderr.strip().splitlines()[-1]}"
    peak, kept, seconds, examples = map(float, done.stdout.split())
    return (
        f"{kind:16} {size:7.0f} MB  peak {peak / size:5.2f} x  kept {kept / size:5.2f} x  {seconds:6.1f} s  "
        f"{examples:,.0f} examples"
    )


def _lines(path: Path, size: int, header: str, make: Callable[[np.random.Generator, int, int], list[str]]) -> None:
    random, first, count = np.random.default_rng(0), 0, 20 * STEPS
    with path.open("w") as file:
        file.write(header + "\n")
        while file.tell() < size:
            file.write("\n".join(make(random, first, count)) + "\n")
            first += count


def _sequence_lines(random: np.random.Generator, first: int, count: int) -> list[str]:
    cells = random.normal(size=(count, 8))
    return [
        f"{i // STEPS},{i % STEPS},{','.join(f'{x:.6f}' for x in row)},{'ab'[i // STEPS % 2]}"
        for i, row in enumerate(cells.tolist(), first)
    ]


def _series_lines(random: np.random.Generator, first: int, count: int) -> list[str]:
    stamps = np.datetime64("2000-01-01T00:00:00") + np.arange(first, first + count) * np.timedelta64(1, "m")
    cells = random.normal(size=(count, 7))
    return [
        f"{stamp},{','.join(f'{x:.4f}' for x in row)}"
        for stamp, row in zip(stamps.astype(str), cells.tolist(), strict=True)
    ]


def _event_lines(random: np.random.Generator, first: int, count: int) -> list[str]:
    stamps = np.datetime64("2000-01-01T00:00:00") + np.arange(first, first + count) * np.timedelta64(61, "s")
    actions, channels = random.integers(0, 12, count), random.integers(0, 3, count)
    amounts, ages = random.gamma(2, 30, count), random.integers(18, 90, count)
    return [
        f"c{i // STEPS},{stamp},action{a},{('web', 'shop', 'phone')[c]},{amount:.2f},{age},{i // STEPS % 2}"
        for i, (stamp, a, c, amount, age) in enumerate(
            zip(stamps.astype(str), actions, channels, amounts, ages, strict=True), first
        )
    ]


def _text_lines(random: np.random.Generator, first: int, count: int) -> list[str]:
    return [f"{_words(random, 40)},{('good', 'bad')[i % 2]}" for i in range(first, first + count)]


def _words(random: np.random.Generator, count: int) -> str:
    return " ".join(f"w{word}" for word in (random.zipf(1.3, count) % 30_000).tolist())


def _parquet(path: Path, size: int, kind: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    count = size // (8 * np.dtype(kind).itemsize)
    random = np.random.default_rng(0)
    columns = {name: random.normal(size=count).astype(kind) for name in "abcdefgh"}
    ids = np.arange(count, dtype=np.int64) // STEPS
    label = pa.array(ids % 2).cast(pa.string())
    parquet.write_table(pa.table({"id": ids, **columns, "label": label}), path)


def _npz(path: Path, size: int, save: Callable[..., None]) -> None:
    random = np.random.default_rng(0)
    x = random.standard_normal((size // (STEPS * 8 * 4), STEPS, 8), dtype=np.float32)
    save(path, x=x, y=np.arange(len(x)) % 2)


if __name__ == "__main__":
    words = sys.argv[1:]
    for chosen in words[1:] or KINDS:
        print(measure(chosen, int(words[0]) if words else 100), flush=True)
