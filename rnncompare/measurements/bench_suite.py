"""A whole benchmark: every case in a fresh process, one after the other, and the files it writes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import require
from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.measurements.bench_tables import Results, to_frame
from rnncompare.measurements.cases import BenchSettings, Case, cases
from rnncompare.records import plain, write_whole
from rnncompare.records.provenance import provenance

if TYPE_CHECKING:
    from rnncompare.measurements.interleaved_timing import Measured

SCHEMA_VERSION = 1


def check(settings: BenchSettings) -> tuple[BenchSettings, str]:
    """The settings checked, their device found, and the name of its hardware.

    Raises:
        SettingError: something asked for does not exist here.
    """
    return call_isolated(_check, settings.checked())


def run(settings: BenchSettings, hardware: str, progress: Callable[[Case, int], None]) -> Results:
    """Measure all cases.

    Args:
        settings: as `check` returns them.
        hardware: the name of the processor.
        progress: called before each case with the case and its number.
    """
    results = Results(hardware)
    for number, case in enumerate(cases(settings)):
        progress(case, number)
        try:
            if case.part == "training_loop":
                results.training_loop = call_isolated(_training_loop, case)
            elif case.part == "stack":
                results.stacked = call_isolated(_stacked, case, settings.stacked_runs)
            else:
                measured = call_isolated(_measure, case)
                results.measured.append((case, measured))
                if case.memory:
                    _add_memory(case, measured)
        except IsolatedError as error:
            results.failures.append(f"{case.part} {case}: {error}")
    return results


def write(results: Results, settings: BenchSettings) -> None:
    """Write ``bench.json``, everything measured, and ``bench.csv``, a row for each figure, to the results folder."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "settings": dataclasses.asdict(settings),
        "provenance": dataclasses.asdict(provenance(results.hardware)),
        "cases": [
            {"case": dataclasses.asdict(case), "measured": dataclasses.asdict(measured)}
            for case, measured in results.measured
        ],
        "training_loop": results.training_loop,
        "stacked": results.stacked,
        "failures": results.failures,
    }
    folder = Path(settings.results_dir)
    write_whole(folder / "bench.json", json.dumps(plain(content), ensure_ascii=False, allow_nan=False) + "\n")
    write_whole(folder / "bench.csv", to_frame(results.rows).to_csv(index=False, lineterminator="\n"))


def _add_memory(case: Case, measured: Measured) -> None:
    """Measure each contender's memory: in a process of its own, but on a GPU, where only what it allocates is counted.

    Not of the compiled loop: torch's compiler would count as its own.
    """
    rows = [r for r in measured.rows if r["measure"] == "forward_backward" and r["implementation"] != "compiled_loop"]
    contenders = [(row["cell"], row["implementation"]) for row in rows]
    together = [contenders] if case.device.startswith("cuda") else [[one] for one in contenders]
    found = [megabytes for some in together for megabytes in call_isolated(_memory, case, some)]
    for row, megabytes in zip(rows, found, strict=True):
        row["memory_mb"] = megabytes


def _check(settings: BenchSettings, send: Callable[[object], None]) -> tuple[BenchSettings, str]:  # noqa: ARG001
    from rnncompare.base.machine import find_device, hardware_name
    from rnncompare.models import cells

    for name in settings.cell:
        require(name in cells.names(), "cell", name, f"of {', '.join(cells.names())}")
    device = find_device(settings.device)
    return dataclasses.replace(settings, device=str(device)), hardware_name(device)


def _measure(case: Case, send: Callable[[object], None]) -> Measured:  # noqa: ARG001
    from rnncompare.measurements.interleaved_timing import measure

    return measure(case)


def _memory(case: Case, contenders: list[tuple[str, str]], send: Callable[[object], None]) -> list[float]:  # noqa: ARG001
    from rnncompare.measurements.interleaved_timing import memory

    return [memory(case, cell, implementation) for cell, implementation in contenders]


def _training_loop(case: Case, send: Callable[[object], None]) -> list[dict[str, Any]]:  # noqa: ARG001
    from rnncompare.measurements.overhead import measure

    return measure(case)


def _stacked(case: Case, runs: int, send: Callable[[object], None]) -> list[dict[str, Any]]:  # noqa: ARG001
    from rnncompare.measurements.stacked_updates import measure

    return measure(case, runs)
