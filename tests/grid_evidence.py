"""Evidence made by hand: runs of every learning rate on every seed, whose scores a test knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.scale import Scale

RATES = (0.001, 0.00316, 0.01)
NOTHING = pd.DataFrame()


def scale(kind: str = "loss", **changes: object) -> Scale:
    """A task whose metric, a squared error, is 1 for the trivial predictor."""
    values = {
        "title": "Task",
        "kind": kind,
        "metric": "mean_squared_error",
        "reference": 0.0,
        "margin": 0.02,
        "real": False,
        "fixed_test": False,
        "solved": 0.1 if kind == "solve" else None,
    }
    return Scale(**(values | changes))  # type: ignore[arg-type]


def runs(
    arms: dict[str, Callable[[float, int], float]],
    seeds: int = 10,
    rates: Sequence[float] = RATES,
    task: str = "t",
    value: object = 10,
    **columns: object,
) -> pd.DataFrame:
    """Runs of the arms: each gives the test metric of a rate and a seed; validation is the same."""
    rows = [
        (arm, rate, seed, float(metric(rate, seed)))
        for arm, metric in arms.items()
        for rate in rates
        for seed in range(seeds)
    ]
    frame = pd.DataFrame(rows, columns=["arm", "rate", "seed", "quality.test"])
    defaults = {
        "task": task,
        "axis": "data.size",
        "value": value,
        "added": False,
        "status": "completed",
        "run_id": [f"{task} {value} {arm} {rate} {seed}" for arm, rate, seed, _ in rows],
        "quality.metric": "mean_squared_error",
        "quality.higher_is_better": False,
        "quality.baseline": 1.0,
        "quality.validation": frame["quality.test"],
        "quality.validation_loss": frame["quality.test"],
        "quality.converged": True,
        "data.train_examples": float(value) if isinstance(value, int) else math.nan,
        "data.test_examples": 1000.0,
        "config.data.sequence_length": 10,
        "config.train.target": 0.5,
        "config.train.max_updates": 1000,
        "speed.updates_to_target": 100.0,
    }
    return frame.assign(**(defaults | columns))


def evidence(
    *frames: pd.DataFrame,
    scales: dict[str, Scale] | None = None,
    curves: pd.DataFrame = NOTHING,
    probes: pd.DataFrame = NOTHING,
    looks: tuple[int, ...] = (10,),
) -> Evidence:
    """Evidence of these runs."""
    joined = pd.concat(frames, ignore_index=True) if frames else NOTHING
    tasks = joined["task"].unique() if len(joined) else []
    return Evidence(joined, curves, probes, scales or {task: scale() for task in tasks}, looks)


def noisy(
    level: float, spread: float, key: int, best: float = RATES[1], cost: float = 0.1
) -> Callable[[float, int], float]:
    """Scores around a level at the best rate, worse by a cost at others, with a spread over rates and seeds."""

    def metric(rate: float, seed: int) -> float:
        noise = np.random.default_rng([key, seed, round(1e6 * rate)]).normal(0, spread)
        return level + cost * (rate != best) + noise

    return metric
