"""``python -m tools.coverage_of_intervals``: how often intervals hold the truth: the tables of docs/statistics.md."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

import numpy as np

from rnncompare.statistics import bootstrap_interval, decide, decide_censored, mean_interval

DIFFERENCES: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "skewed (exponential, skewness 2)": lambda random, shape: random.exponential(size=shape) - 1,
    "heavy-tailed (Student's t, 3 degrees)": lambda random, shape: random.standard_t(3, size=shape) / math.sqrt(3),
}
"""Paired differences of mean 0 and standard deviation 1: ``(studies, pairs)``."""

EXTREME = {
    "extremely skewed (log-normal, skewness 6)": lambda random, shape: (
        (random.lognormal(size=shape) - math.exp(0.5)) / math.sqrt(math.e * (math.e - 1))
    )
}


def censored_pairs(
    random: np.random.Generator, pairs: int, speed_up: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Exponential times of A and B to a target, A ``speed_up`` times as fast; at time 1.5 runs end, reached or not."""
    a, b = random.exponential(size=(2, pairs)) / np.array([[speed_up], [1.0]])
    return np.minimum(a, 1.5), a < 1.5, np.minimum(b, 1.5), b < 1.5


def share(hits: list[bool]) -> str:
    return f"{100 * sum(hits) / len(hits):.1f}"


def coverage_rows(studies: int, resampled: int, random: np.random.Generator) -> list[str]:
    rows = []
    for name, draw in (DIFFERENCES | EXTREME).items():
        for n in (5, 10, 30):
            samples = draw(random, (studies, n))
            judged = [decide(sample, 0.0) for sample in samples]
            student = [mean_interval(sample) for sample in samples]
            bootstrap = [bootstrap_interval(sample) for sample in samples[:resampled]]
            effects = [decision.effect for decision in judged]
            shares = [share([i.low <= 0 <= i.high for i in kind]) for kind in (effects, student, bootstrap)]
            narrow = share([d.narrow.low <= 0 <= d.narrow.high for d in judged])
            found = [share([decide(shift + sample, 0.0).effect.low > 0 for sample in samples]) for shift in (1, 2)]
            rows.append(f"| {name} | {n} | " + " | ".join([shares[0], narrow, *shares[1:], *found]) + " |")
    return rows


def censored_rows(studies: int, random: np.random.Generator) -> list[str]:
    rows = []
    for n in (5, 6, 10, 30):
        shares = []
        for speed_up in (1.0, 2.0, 4.0):
            decisions = [decide_censored(*censored_pairs(random, n, speed_up), margin=0.0) for _ in range(studies)]
            shares.append(share([d.verdict in ("supported", "refuted") for d in decisions]))
        rows.append(f"| {n} | " + " | ".join(shares) + " |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=10_000, help="simulated studies a row")
    parser.add_argument("--resampled", type=int, default=1_000, help="of them, for scipy's slower bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    print("| differences | pairs | the judge's 95 % | the judge's 90 % | Student's t 95 % | bootstrap 95 % |", end="")
    print(" finds 1 sd | finds 2 sd |\n|---|---|---|---|---|---|---|---|")
    print("\n".join(coverage_rows(options.studies, min(options.resampled, options.studies), random)))
    print("\n| pairs | finds one in A/A | A twice as fast | A four times as fast |\n|---|---|---|---|")
    print("\n".join(censored_rows(options.studies, random)))


if __name__ == "__main__":
    main()
