"""Records as a sweep would leave them, with plausible numbers, for the tests of all that reads records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncompare.records import (
    DataFields,
    MemoryFields,
    ModelFields,
    ProvenanceFields,
    QualityFields,
    Record,
    SpeedFields,
    run_id,
    write_record,
)

GATES = {"lstm": 4, "gru": 3, "rnn": 1}


@dataclass
class SyntheticTask:
    """How quality falls with data: ``floor + scale * examples ** -rate``, from a trivial ``baseline``."""

    name: str
    metric: str
    baseline: float
    floor: float
    scale: float
    rate: float
    target: float
    optimum: float | None = None
    higher_is_better: bool = False


ADDING = SyntheticTask("adding", "mean_squared_error", 1 / 6, 1e-4, 40.0, 1.1, 0.01, optimum=0.0)
JSB = SyntheticTask("jsb_chorales", "nll_per_frame", 12.0, 8.3, 12.0, 0.5, 8.9)
PARITY = SyntheticTask("parity", "accuracy", 0.5, 0.98, -3.0, 0.5, 0.9, optimum=1.0, higher_is_better=True)


def record(
    task: SyntheticTask = ADDING,
    model: str = "gru",
    examples: int = 1000,
    seed: int = 0,
    status: str = "completed",
    hidden_size: int = 64,
    **data_settings: object,
) -> tuple[Record, list[dict[str, float]]]:
    """One run and its learning curve."""
    random = np.random.default_rng([seed, examples, *model.encode()])
    family = next((name for name in GATES if name in model), "gru")
    config = {
        "model": {"name": model, "hidden_size": hidden_size},
        "data": {"name": task.name, "size": examples, **data_settings},
        "train": {"learning_rate": 1e-3, "batch_size": 32, "max_updates": 2000},
        "seed": seed,
        "device": "cpu",
        "threads": 1,
        "results_dir": "results/runs",
    }
    handicap = {"lstm": 1.15, "gru": 1.0, "rnn": 2.5}[family] * math.exp(random.normal(0, 0.15))
    final = task.floor + task.scale * handicap * examples**-task.rate
    final = max(final, 0.45) if task.higher_is_better else min(final, task.baseline * 1.02)
    step = {"lstm": 4.0, "gru": 3.1, "rnn": 1.3}[family] * (0.7 if "torch" in model else 1) * (hidden_size / 64) ** 1.5
    updates = int(1000 + 100 * random.integers(0, 10)) if status == "completed" else 300
    curve = []
    for update in range(100, updates + 1, 100):
        progress = math.exp(-update / (300 * handicap))
        value = final + (task.baseline - final) * progress * math.exp(random.normal(0, 0.05))
        loss = abs(value)
        curve.append(
            {
                "update": update,
                "seconds": update * step / 1000,
                "examples": 32 * update,
                "train_loss": 0.9 * loss,
                "validation_loss": loss if status == "completed" or update < updates else math.nan,
                "validation_metric": value if status == "completed" or update < updates else math.nan,
            }
        )
    reached = [row for row in curve if (row["validation_metric"] <= task.target) != task.higher_is_better]
    parameters = GATES[family] * hidden_size * (hidden_size + 4) + hidden_size + 1
    done = status == "completed"
    run = Record(
        run_id=run_id(config),
        status=status,  # type: ignore[arg-type]
        error={"completed": None, "diverged": "the training loss is not finite", "failed": "out of memory"}[status],
        diverged_at=updates if status == "diverged" else None,
        seed=seed,
        device="cpu",
        threads=1,
        config=config,
        model=ModelFields(
            name=model,
            implementation="torch" if "torch" in model else "loop",
            hidden_size=hidden_size,
            parameters=parameters,
            recurrent_parameters=parameters - hidden_size - 1,
            state_size=hidden_size * (2 if family == "lstm" else 1),
            flops_per_update=6.0 * 50 * 32 * parameters,
        ),
        data=DataFields(
            name=task.name,
            train_examples=examples,
            validation_examples=1000,
            test_examples=1000,
            sequence_length=50,
            sha256="0" * 64,
        ),
        quality=QualityFields(
            metric=task.metric,
            higher_is_better=task.higher_is_better,
            train=final * 0.95 if done else None,
            validation=final if done else None,
            test=final * math.exp(random.normal(0, 0.02)) if done else math.nan,
            baseline=task.baseline * math.exp(random.normal(0, 0.003)),
            optimum=task.optimum,
        ),
        speed=SpeedFields(
            updates=updates,
            training_seconds=updates * step / 1000,
            step_ms_median=step * math.exp(random.normal(0, 0.03)),
            step_ms_p10=step * 0.93,
            step_ms_p90=step * 1.2,
            examples_per_second=32 / step * 1000,
            updates_to_target=int(reached[0]["update"]) if reached and done else None,
            seconds_to_target=reached[0]["seconds"] if reached and done else None,
            exclusive=True,
            other_load=0.02,
        ),
        memory=MemoryFields(peak_mb=310.0 + parameters / 2000, before_mb=290.0),
        provenance=ProvenanceFields(version="0.1.0", python="3.11.9", torch="2.13.0", hardware="a CPU", cores=2),
    )
    return run, curve


def sweep(
    results_dir: Path,
    task: SyntheticTask = ADDING,
    models: Sequence[str] = ("lstm", "gru"),
    examples: Sequence[int] = (100, 1000),
    seeds: int = 3,
    **settings: object,
) -> None:
    """Write the records of a sweep over models, training-set sizes and seeds."""
    for model in models:
        for size in examples:
            for seed in range(seeds):
                run, curve = record(task, model, size, seed, **settings)  # type: ignore[arg-type]
                write_record(results_dir, run, curve, "seed: 0\n")
