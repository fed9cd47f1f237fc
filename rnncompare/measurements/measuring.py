"""Measure what is missing, one replicate after the other, each in a fresh process: timing wants a machine to itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnncompare.base.errors import StorageError
from rnncompare.base.isolation import IsolatedError, call_isolated
from rnncompare.measurements.files import Request, is_measured, probe_id, probe_path, write_probe
from rnncompare.measurements.measurement import Values
from rnncompare.records import set_aside
from rnncompare.records.provenance import provenance


@dataclass(frozen=True)
class Measured:
    """How one request went: the file that it left, or why there is none."""

    request: Request
    path: Path | None
    error: str | None = None


def missing(requests: Sequence[Request], results_dir: str | Path) -> list[Request]:
    """The requests, each once, whose values are not in the results folder yet."""
    return [
        request
        for request in {probe_id(request): request for request in requests}.values()
        if not is_measured(results_dir, request)
    ]


def measure_missing(
    requests: Sequence[Request],
    results_dir: str | Path,
    progress: Callable[[Request, int, int], None] = lambda request, done, wanted: None,
) -> Iterator[Measured]:
    """Measure what is `missing`, and give each request's outcome once its file is written.

    A request that fails leaves no file, is said to have failed, and does not keep the others from being measured. A
    file in a replicate's place that is none is renamed, not lost.

    Args:
        requests: in the order in which they are wanted.
        results_dir: the folder of all runs; the files go to `FOLDER` in it.
        progress: called before each measurement with the request, how many were made and how many are to be made.

    Raises:
        SettingError, DataError: a request cannot be met at all.
        StorageError: a file could not be written.
    """
    wanted = missing(requests, results_dir)
    for done, request in enumerate(wanted):
        progress(request, done, len(wanted))
        try:
            values, hardware = call_isolated(_measure, request)
        except IsolatedError as error:
            yield Measured(request, None, str(error))
            continue
        place = probe_path(results_dir, request)
        try:
            if place.exists():
                set_aside(place)
            path = write_probe(results_dir, request, values, provenance(hardware))
        except OSError as error:
            raise StorageError(f"{place}: {error.strerror}") from error
        yield Measured(request, path)


def _measure(request: Request, send: Callable[[object], None]) -> tuple[Values, str]:  # noqa: ARG001
    from rnncompare.base.machine import find_device, hardware_name

    device = find_device(request.probe.device_name())
    return request.probe.measure(request.replicate), hardware_name(device)
