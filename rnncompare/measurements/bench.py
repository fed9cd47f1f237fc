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
        "failures": results.failures,
    }
    folder = Path(settings.results_dir)
    write_whole(folder / "bench.json", json.dumps(plain(content), ensure_ascii=False, allow_nan=False) + "\n")
    write_whole(folder / "bench.csv", to_frame(results.rows).to_csv(index=False, lineterminator="\n"))


def _add_memory(case: Case, measured: Measured) -> None:
    """Measure each contender's memory in its own process; not the compiled loop's, which includes torch's compiler."""
    for row in measured.rows:
        if row["measure"] == "forward_backward" and row["implementation"] != "compiled_loop":
            row["memory_mb"] = call_isolated(_memory, case, row["cell"], row["implementation"])


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


def _memory(case: Case, cell: str, implementation: str, send: Callable[[object], None]) -> float:  # noqa: ARG001
    from rnncompare.measurements.interleaved_timing import memory

    return memory(case, cell, implementation)


def _training_loop(case: Case, send: Callable[[object], None]) -> list[dict[str, Any]]:  # noqa: ARG001
    from rnncompare.measurements.overhead import measure

    return measure(case)
