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
from rnncompare.measurements.measurement import Measurement, Values
from rnncompare.measurements.store import Request, measurement_id, write_measurement
from rnncompare.records import ProvenanceFields, run_id, write_record
from rnncompare.studies.manifest import Book, BookedEntry

STRINGS = SyntheticTask("parity", "accuracy", 0.5, 0.9, -3.0, 0.5, 0.9, optimum=1.0, higher_is_better=True)


@dataclass(frozen=True)
class Planned:
    """A claim of the study: how much better its first arm scores than its second, and how surely."""

    name: str
    effect: float = 0.1
    noise: float = 0.01
    level: float = 0.5
    seeds: int = 8
    rule: str = "beats"
    sizes: tuple[int, ...] = (1000,)
    statement: str = "A GRU does better than an LSTM of the same width."
    arms: tuple[str, str] = ("gru", "lstm")
    status: str = "completed"  # of the last seed's second run


EVERY_VERDICT = (
    Planned("is_supported", effect=0.15, sizes=(100, 400, 1600)),
    Planned("is_refuted", effect=-0.15),
    Planned("is_equivalent", effect=0.0, noise=0.002, rule="equivalent", sizes=(100, 1600)),
    Planned("is_inconclusive", effect=0.02, noise=0.1, seeds=4),
    Planned("is_uninformative", level=-0.2),
    Planned("is_not_measured", seeds=0),
    Planned("has_one_seed", seeds=1),
    Planned("lost_a_run", effect=0.15, status="diverged"),
)


def write_study(folder: Path, planned: Sequence[Planned] = EVERY_VERDICT, probes: bool = True) -> Book:
    """Write records, probes and the book; what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    book = Book(
        command="python -m rnncompare.study claim=all preset=quick",
        settings={"claim": "all", "pairs": 8, "results_dir": str(folder)},
        tasks={},
        claims=[],
        arms={},
        entries=[],
        left_out={"mnist_pixels": "MNIST is not here"},
    )
    for number, plan in enumerate(planned):
        _write_claim(folder, book, plan, number)
    if probes and book.claims:
        _write_probes(folder, book)
    book.write(folder)
    return book


def _write_claim(folder: Path, book: Book, plan: Planned, number: int) -> None:
    task = f"task_{plan.name}"
    book.tasks[task] = {"title": f"Parity for {plan.name.replace('_', ' ')}", "axis": "data.size"}
    first, second = plan.arms
    book.claims.append(
        Claim(
            name=plan.name,
            statement=plan.statement,
            said_by=("S1", "Chung et al. 2014"),
            expected="mixed",
            rule=plan.rule,  # type: ignore[arg-type]
            measures=("quality",),
            margins={"quality": 0.05},
            arms={arm: (f"model={arm}", "model.hidden_size=64") for arm in plan.arms},
            compare=((first, second),),
            fairness="equal width",
            tasks=(task,),
            values="all",
        )
    )
    book.arms[plan.name] = {}
    random = np.random.default_rng(number)
    for arm in plan.arms:
        book.arms[plan.name][arm] = []
        for size in plan.sizes:
            entry = BookedEntry(task, size, [f"model={arm}", f"data.size={size}"], learning_rate=0.003)
            for rate in (0.001, 0.003):
                entry.tuning[_write_run(folder, plan, number, arm, size, 1_000_000, 0.8, rate)] = rate
            for seed in range(plan.seeds):
                score = plan.level + plan.effect * (arm == first) + random.normal(0, plan.noise)
                status = plan.status if (arm, seed) == (second, plan.seeds - 1) else "completed"
                entry.evaluation[seed] = _write_run(folder, plan, number, arm, size, seed, score, 0.003, status)
            book.arms[plan.name][arm].append(len(book.entries))
            book.entries.append(entry)


def _write_run(
    folder: Path,
    plan: Planned,
    number: int,
    arm: str,
    size: int,
    seed: int,
    score: float,
    rate: float,
    status: str = "completed",
) -> str:
    run, curve = record(STRINGS, arm, size, seed, status, study=number)
    quality = run.quality
    quality.baseline, quality.test = 0.5, 0.5 + 0.5 * score if status == "completed" else None
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


def _write_probes(folder: Path, book: Book) -> None:
    claim = book.claims[0]
    book.probes[claim.name] = {}
    for arm, fall in zip(claim.arms, (0.01, 0.05), strict=True):
        requests = [Request(Flow(arm), replicate) for replicate in range(3)]
        for request in requests:
            values: Values = {
                f"{stage}.log_norm.{lag}": -fall * lag * speed - 0.05 * request.replicate
                for stage, speed in (("untrained", 3.0), ("trained", 1.0))
                for lag in (1, 2, 4, 8, 16, 32)
            }
            write_measurement(folder, request, values, ProvenanceFields(version="0.1.0", hardware="a CPU"))
        book.probes[claim.name][arm] = [measurement_id(request) for request in requests]
