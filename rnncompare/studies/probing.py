"""The measurements of a study that are not runs: time and memory of a step, gradient flow."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

from rnncompare.base.errors import SettingError
from rnncompare.base.isolation import call_isolated
from rnncompare.claims import Claim
from rnncompare.composition.compose import compose, shortened
from rnncompare.measurements.measurement import GradientFlow, Measurement, Memory, StepTime
from rnncompare.measurements.store import Request, measure_missing, measurement_id, missing
from rnncompare.studies.reporter import Reporter
from rnncompare.studies.study_settings import StudySettings
from rnncompare.sweep import checked

Wanted = dict[str, dict[str, list[Request]]]  # by claim and arm
CELLS = ("lstm", "gru")


def wanted(claims: Sequence[Claim], settings: StudySettings, overrides: Sequence[str]) -> Wanted:
    """What to measure for each claim, by arm ("" if one measurement covers all).

    Raises:
        SettingError: a run that should be measured cannot be made.
    """
    return {claim.name: _arms(claim, settings, overrides) for claim in claims if "probe" in claim.options}


def _arms(claim: Claim, settings: StudySettings, overrides: Sequence[str]) -> dict[str, list[Request]]:
    probes: dict[str, list[Measurement]]
    if claim.options["probe"] == "gradient_flow":
        composed = compose([*claim.options["run"], *claim.size, *arm, *overrides] for arm in claim.arms.values())
        runs = [shortened(run, settings.updates) for run in checked(composed)]
        probes = {arm: [GradientFlow(run)] for arm, run in zip(claim.arms, runs, strict=True)}
    else:
        probes = {"": list(_step_probes(claim, settings.shapes, overrides))}
    keep = "stale=keep" in overrides
    return {
        arm: [Request(probe, number, keep) for probe in own for number in range(settings.pairs)]
        for arm, own in probes.items()
    }


def _step_probes(claim: Claim, shapes: int, overrides: Sequence[str]) -> Iterator[Measurement]:
    """The measurements of a training step at the first shapes of a claim, with each of its numbers of threads.

    A claim about time names its device; memory is measured on the one that ``device=`` asks for, if it does.
    """
    device = claim.options["device"]
    if claim.options["probe"] == "memory":
        named = [word.partition("=")[2] for word in overrides if word.startswith("device=")]
        device = next((name for name in named if name != "auto"), device)
    for shape, threads in itertools.product(claim.options["shapes"][:shapes], claim.options["threads"]):
        at = (*shape, threads, device)
        if claim.options["probe"] == "step_time":
            yield StepTime(*at, cells=CELLS)
        else:
            for cell, path in itertools.product(CELLS, ("torch", "auto")):
                yield Memory(*at, cell=cell, implementation=path)


def servable(requests: Wanted) -> tuple[Wanted, dict[str, str]]:
    """The requests without those of claims whose device is not here, and the reason for each of these claims."""
    kept: Wanted = {}
    unserved: dict[str, str] = {}
    for claim, arms in requests.items():
        try:
            for device in {request.measurement.device_name() for asked in arms.values() for request in asked}:
                call_isolated(_require_device, device)
            kept[claim] = arms
        except SettingError as error:
            unserved[claim] = str(error)
    return kept, unserved


def _require_device(name: str, send: Callable[[object], None]) -> None:  # noqa: ARG001
    from rnncompare.base.machine import find_device

    find_device(name)


def measure(requests: Wanted, results_dir: str, reporter: Reporter, deadline: float | None = None) -> None:
    """Measure what is missing, one at a time with the machine to itself, claim by claim.

    Args:
        requests: what is wanted.
        results_dir: of the study.
        reporter: is told the progress.
        deadline: time by `time.monotonic` after which none is started; None for no deadline.

    Raises:
        StorageError: a file could not be written.
    """
    every = [request for arms in requests.values() for asked in arms.values() for request in asked]
    todo = missing(every, results_dir)
    with reporter.stage("measuring", len(todo), "probe") as bar:
        for measured in measure_missing(todo, results_dir):
            bar.advance()
            if measured.error:
                bar.note(f"{measured.request.measurement.name}: {measured.error}")
            if deadline is not None and time.monotonic() > deadline:
                bar.note("the share of the budget for measuring is spent: training goes on")
                break


def identities(requests: Wanted) -> dict[str, dict[str, list[str]]]:
    """The ids of the requests, by claim and arm."""
    return {
        claim: {arm: [measurement_id(request) for request in asked] for arm, asked in arms.items()}
        for claim, arms in requests.items()
    }
