"""``python -m tools.report_scale``: how long the report of many records takes, and how large its page is."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from synthetic_study import RATES, Planned, write_study

from rnncompare.report.__main__ import main as report

TASKS = 3  # of a claim
SIZES = (100, 400, 1600, 6400)
SEEDS = 10


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000)
    claims = max(1, round(parser.parse_args().records / (2 * TASKS * len(SIZES) * SEEDS * len(RATES))))
    os.fsync = lambda descriptor: None  # of the many small files written here
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "study"
        plans = [
            Planned(f"claim_{k}", effects=(0.2 * k,) * TASKS, noise=2.0, seeds=SEEDS, sizes=SIZES)
            for k in range(claims)
        ]
        write_study(folder, plans)
        count = sum(1 for _ in folder.glob("*/record.json"))
        began = time.monotonic(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            code = report([str(folder), "--output", str(Path(name) / "report")])
        wall, cpu = time.monotonic() - began[0], time.process_time() - began[1]
        size = (Path(name) / "report" / "report.html").stat().st_size / 1e6
        figures = sum(1 for _ in (Path(name) / "report").glob("*.png"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count:,} records, {claims} claims: exit {code}, {wall:.0f} s ({cpu:.0f} s of CPU), peak {peak:,.0f} MB,"
        )
        print(f"page of {size:.2f} MB, {figures} figures as PNG and SVG")


if __name__ == "__main__":
    main()
