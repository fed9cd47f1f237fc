"""The measurements of a study that are not runs: time and memory of a step, gradient flow."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

from rnncompare.claims import Claim
from rnncompare.errors import SettingError
from rnncompare.measure.isolation import call_isolated
from rnncompare.probes.gradient_flow import GradientFlow
from rnncompare.probes.memory import Memory
from rnncompare.probes.step_time import StepTime
from rnncompare.probes.store import Request, measure_missing, missing, probe_id
from rnncompare.studies import progress
from rnncompare.studies.compose import compose, shortened
from rnncompare.studies.settings import StudySettings
from rnncompare.sweep import checked
from rnncompare.terminal import safe

Wanted = dict[str, dict[str, list[Request]]]  # by claim and arm
CELLS = ("lstm", "gru")


def wanted(claims: Sequence[Claim], settings: StudySettings, overrides: Sequence[str]) -> Wanted:
    """What is to be measured for each claim, arm by arm ("" where one measurement serves all).

    Raises:
        SettingError: a run to be measured cannot be made.
    """
    return {claim.name: dict(_arms(claim, settings, overrides)) for claim in claims if "probe" in claim.options}


def _arms(claim: Claim, settings: StudySettings, overrides: Sequence[str]) -> Iterator[tuple[str, list[Request]]]:
    replicates = range(settings.more_pairs if claim.more_pairs else settings.pairs)
    probe = claim.options["probe"]
    if probe == "gradient_flow":
        composed = compose([*claim.options["run"], *arm, *overrides] for arm in claim.arms.values())
        runs = [shortened(run, settings.updates) for run in checked(composed)]
        for arm, run in zip(claim.arms, runs, strict=True):
            yield arm, [Request(GradientFlow(run), replicate) for replicate in replicates]
    else:
        shapes, device = claim.options["shapes"][: settings.shapes], claim.options["device"]
        at = [(*shape, threads, device) for shape in shapes for threads in claim.options["threads"]]
        if probe == "step_time":
            timed = [StepTime(*where, cells=CELLS) for where in at]
            yield "", [Request(one, replicate) for one in timed for replicate in replicates]
        else:
            weighed = [
                Memory(*where, cell=cell, implementation=path)
                for where in at
                for cell in CELLS
                for path in ("torch", "auto")
            ]
            yield "", [Request(one, replicate) for one in weighed for replicate in replicates]


def servable(requests: Wanted) -> tuple[Wanted, dict[str, str]]:
    """The requests less those of claims whose device is not here, and why for each of these claims."""
    kept: Wanted = {}
    unserved: dict[str, str] = {}
    for claim, arms in requests.items():
        try:
            for device in {request.probe.device_name() for asked in arms.values() for request in asked}:
                call_isolated(_require_device, device)
            kept[claim] = arms
        except SettingError as error:
            unserved[claim] = str(error)
    return kept, unserved


def _require_device(name: str, send: Callable[[object], None]) -> None:  # noqa: ARG001
    from rnncompare.measure.machine import find_device

    find_device(name)


def measure(requests: Wanted, results_dir: str) -> None:
    """Measure what is missing, one after the other, with the machine to itself.

    Raises:
        StorageError: a file could not be written.
    """
    every = [request for arms in requests.values() for asked in arms.values() for request in asked]
    todo = missing(every, results_dir)
    with progress.bar("measuring", len(todo), "probe") as bar:
        for measured in measure_missing(todo, results_dir):
            bar.update()
            if measured.error:
                bar.write(safe(f"{measured.request.probe.name}: {measured.error}"), file=sys.stderr)


def identities(requests: Wanted) -> dict[str, dict[str, list[str]]]:
    """The ids of the requests, by claim and arm."""
    return {
        claim: {arm: [probe_id(request) for request in asked] for arm, asked in arms.items()}
        for claim, arms in requests.items()
    }
