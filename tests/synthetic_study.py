"""A study's folder as `rnncompare.study` leaves it, with claims whose verdicts are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from synthetic_records import SyntheticTask, record

from rnncompare.claims import Claim
from rnncompare.claims.scale import Scale
from rnncompare.measurements.measurement import Measurement, Values
from rnncompare.measurements.store import Request, measurement_id, write_measurement
from rnncompare.records import ProvenanceFields, run_id, write_record
from rnncompare.studies.manifest import Manifest, ManifestEntry

STRINGS = SyntheticTask("parity", "accuracy", 0.5, 0.9, -3.0, 0.5, 0.9, optimum=1.0, higher_is_better=True)
RATES = (0.001, 0.00316, 0.01)
BEST = 1  # of the rates, for every arm
MARGIN = 2.0  # points of accuracy


@dataclass(frozen=True)
class Planned:
    """A claim of the study.

    Attributes:
        name: of the claim.
        effects: how many points of accuracy its first arm is better by than its second: one a task.
        noise: standard deviation of a score over seeds, in points.
        level: accuracy of the second arm at its best rate, from 0 to 1.
        seeds: pairs.
        rule: of the claim.
        sizes: training-set sizes of each task.
        statement: of the claim.
        arms: the first of them is said to be better.
        status: of the last seed's second run at the best rate.
        cut: share of the first arm's runs that the budget cut.
        kind: of its tasks: ``bounded`` or ``solve``; with the latter, scores are shares of seeds that solve them.
        real: how many of its tasks are of real data.
    """

    name: str
    effects: tuple[float, ...] = (10.0,)
    noise: float = 0.5
    level: float = 0.75
    seeds: int = 10
    rule: str = "beats"
    sizes: tuple[int, ...] = (1000,)
    statement: str = "A GRU does better than an LSTM of the same width."
    arms: tuple[str, str] = ("gru", "lstm")
    status: str = "completed"
    cut: float = 0.0
    kind: str = "bounded"
    real: int = 0

    @property
    def general(self) -> bool:
        """Whether it speaks of tasks in general."""
        return len(self.effects) > 2

    @property
    def tasks(self) -> list[str]:
        """Names of its tasks."""
        return [f"task_{self.name}_{number}" for number in range(len(self.effects))]


EVERY_VERDICT = (
    Planned("is_supported", (10.0,), sizes=(100, 400, 1600)),
    Planned("is_refuted", (-10.0,)),
    Planned("is_equivalent", (0.0,), rule="equivalent", sizes=(100, 1600)),
    Planned("is_inconclusive", (2.5,), noise=4.0),
    Planned("is_uninformative", (0.0,), level=0.5, noise=0.0),
    Planned("is_unconverged", (10.0,), cut=0.5),
    Planned("is_not_measured", seeds=0),
    Planned("has_one_seed", seeds=1),
    Planned("lost_a_run", (10.0,), status="diverged"),
    Planned("is_general", (6.0, 8.0, 7.0, 9.0, 6.5, 8.5), real=3),
    Planned("depends", (8.0, -8.0, 9.0, -9.0, 0.0), rule="equivalent", real=2),
)


def write_study(folder: Path, planned: Sequence[Planned] = EVERY_VERDICT, probes: bool = True) -> Manifest:
    """Write records, probes and the manifest; what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(
        command="python -m rnncompare.study claim=all preset=standard",
        settings={"claim": "all", "pairs": 10, "most_pairs": 50, "results_dir": str(folder)},
        looks=(10, 20, 30, 50),
        tasks={},
        claims=[],
        arms={},
        entries=[],
        left_out={"mnist_pixels": "MNIST is not here"},
        not_attempted=[{"claim": "is_not_measured", "start": "", "task": "task_is_not_measured_0", "seconds": 600.0}],
        git_commit="c" * 40,
    )
    for number, plan in enumerate(planned):
        _write_claim(folder, manifest, plan, number)
    if probes and manifest.claims:
        _write_probes(folder, manifest)
    manifest.write(folder)
    return manifest


def scale_of(plan: Planned, number: int) -> Scale:
    """How a task of a planned claim is scored."""
    return Scale(
        title=f"{plan.name.replace('_', ' ').capitalize()} {number + 1}",
        kind=plan.kind,  # type: ignore[arg-type]
        metric="accuracy",
        reference=1.0,
        margin=MARGIN,
        real=number < plan.real,
        fixed_test=False,
        solved=0.95 if plan.kind == "solve" else None,
        higher_is_better=True,
    )


def _write_claim(folder: Path, manifest: Manifest, plan: Planned, number: int) -> None:
    for place, task in enumerate(plan.tasks):
        scale = dataclasses.asdict(scale_of(plan, place))
        manifest.tasks[task] = {"name": task, "axis": "data.size", "values": list(plan.sizes), "scale": scale}
    manifest.claims.append(
        Claim(
            name=plan.name,
            statement=plan.statement,
            said_by=("textbook", "chung_2014"),
            expected="mixed",
            rule=plan.rule,  # type: ignore[arg-type]
            measures=("quality",),
            arms={arm: (f"model={arm}",) for arm in plan.arms},
            compare=(plan.arms,),
            size=("model.hidden_size=64",),
            fairness="equal width",
            tasks=tuple(plan.tasks),
            values="all",
            general=plan.general,
        )
    )
    manifest.arms[plan.name] = {}
    for arm in plan.arms:
        manifest.arms[plan.name][arm] = []
        for place, (task, effect) in enumerate(zip(plan.tasks, plan.effects, strict=True)):
            for size in plan.sizes:
                random = np.random.default_rng([number, place, size, *arm.encode()])
                entry = ManifestEntry(
                    task=task,
                    value=size,
                    size=["model.hidden_size=64"],
                    overrides=[f"model={arm}", f"data.size={size}"],
                    rates=list(RATES),
                    began=len(RATES),
                    seeds=plan.seeds,
                    runs={rate: {} for rate in RATES},
                )
                level = plan.level + effect / 100 * (arm == plan.arms[0])
                for seed in range(plan.seeds):
                    for rate in RATES:
                        best = rate == RATES[BEST]
                        score = level - 0.05 * (not best) + random.normal(0, plan.noise / 100)
                        if plan.kind == "solve":
                            score = 1.0 if random.random() < level else 0.6
                        last = (arm, seed) == (plan.arms[1], plan.seeds - 1) and best
                        cut = arm == plan.arms[0] and seed < plan.cut * plan.seeds
                        status = plan.status if last else "completed"
                        key = (number, place, arm, size, seed, rate)
                        entry.runs[rate][seed] = _write_run(folder, key, min(score, 1.0), status, cut)
                manifest.arms[plan.name][arm].append(len(manifest.entries))
                manifest.entries.append(entry)


def _write_run(folder: Path, key: tuple[int, int, str, int, int, float], score: float, status: str, cut: bool) -> str:
    number, place, arm, size, seed, rate = key
    run, curve = record(STRINGS, arm, size, seed, status, study=number, place=place)
    quality = run.quality
    quality.baseline, quality.converged = 0.5, not cut
    quality.test = quality.validation = score if status == "completed" else None
    quality.validation_loss = 1 - score
    run.config["train"]["learning_rate"] = rate
    run.config["results_dir"] = str(folder)
    run = dataclasses.replace(run, run_id=run_id(run.config))
    run.provenance.git_commit, run.provenance.time = "c" * 40, "2026-01-01T00:00:00+00:00"
    write_record(folder, run, curve, "seed: 0\n")
    return run.run_id


@dataclass(frozen=True)
class Flow(Measurement):
    """Stands in for gradient flow: its file is what counts here."""

    name = "gradient_flow"
    arm: str

    def config(self) -> dict[str, Any]:
        return {"run": {"data": {"name": "adding"}, "model": {"name": self.arm}}}


def _write_probes(folder: Path, manifest: Manifest) -> None:
    claim = manifest.claims[0]
    manifest.probes[claim.name] = {}
    for arm, fall in zip(claim.arms, (0.01, 0.05), strict=True):
        requests = [Request(Flow(arm), replicate) for replicate in range(3)]
        for request in requests:
            values: Values = {
                f"{stage}.log_norm.{lag}": -fall * lag * speed - 0.05 * request.replicate
                for stage, speed in (("untrained", 3.0), ("trained", 1.0))
                for lag in (1, 2, 4, 8, 16, 32)
            }
            write_measurement(folder, request, values, ProvenanceFields(version="0.1.0", hardware="a CPU"))
        manifest.probes[claim.name][arm] = [measurement_id(request) for request in requests]
