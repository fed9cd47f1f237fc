"""``python tools/calibrate.py``: how often verdicts err, by simulation: the tables of docs/statistics.md."""

from __future__ import annotations

import argparse
import math
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import scipy
from scipy.special import ndtr
from statsmodels.stats.meta_analysis import combine_effects
from tqdm import tqdm

from rnncompare.statistics import (
    ArmGrid,
    Estimate,
    Looks,
    decide,
    decide_estimate,
    mean_interval,
    random_effects,
    tuned_difference,
    tuned_proportions,
)

DOCUMENT = Path(__file__).parent.parent / "docs" / "statistics.md"
BEGIN, END = "<!-- calibration: begin -->", "<!-- calibration: end -->"

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

SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "normal": lambda latent: latent,
    "skewed": lambda latent: 1 + np.log(np.maximum(ndtr(latent), 1e-300)),  # exponential, the tail among the bad runs
    "bimodal": lambda latent: (latent > 0) + 0.05 * latent,  # two clumps: half of the runs solve the task
    "tied": lambda latent: np.minimum(
        1.0, np.round(8 * (0.9 + 0.1 * latent)) / 8
    ),  # accuracies in eighths, most of them 1
}
"""What a run scores, from a latent standard normal quality that the learning rate shifts."""

FLAT = [0.0] * 5
RESPONSES = {
    "flat": (FLAT, FLAT),
    "gentle": ([-0.5, -0.1, 0.0, -0.1, -0.5],) * 2,
    "steep": ([-2.0, -0.5, 0.0, -0.5, -2.0],) * 2,
    "by luck": ([0.0, 0.0], [0.0, 1.0]),
}
"""How the rates shift the latent quality of validation and of test, in standard deviations of a run.

*By luck*: two rates validate alike and test one standard deviation apart, so the choice is luck.
"""

UNLIKE = {2: ([0.0, 0.3], [1.0, 0.0]), 5: ([0.5, 0.0, 0.0, 0.0, -1.5],) * 2}
"""Responses of an arm of another shape, by number of rates."""

ERRORS = {
    "7 tasks, 0.13 to 3.0": [3.04, 2.17, 1.93, 1.9, 0.523, 0.129, 0.837],
    "6 tasks, 0.16 to 1.7": [1.4, 1.71, 0.156, 1.33, 0.421, 0.181],
    "6 tasks, 0.04 to 3.2": [3.22, 1.66, 0.043, 1.05, 0.329, 0.128],
    "4 tasks, 0.05 to 5.2": [5.18, 0.902, 0.0543, 0.989],
    "6 tasks, all 0.5": [0.5] * 6,
}
"""Standard errors of tasks, in margins; the unequal ones are those of comparisons in the published study."""

Response = tuple[list[float], list[float]]


def arms(
    random: np.random.Generator, kind: str, responses: tuple[Response, Response], pairs: int, gain: float = 0.0
) -> tuple[ArmGrid, ArmGrid]:
    """Two arms on common seeds, the first better by ``gain``, in standard deviations of a run's latent quality.

    A quarter of a run's variance is of the seed, a quarter of arm and seed, half its own. Validation and test correlate
    at 0.9 apart from the shifts.
    """
    rates = len(responses[0][0])
    seed = random.normal(size=(1, 1, pairs))
    arm = random.normal(size=(2, 1, pairs))
    own, noise = random.normal(size=(2, 2, rates, pairs))
    run = 0.5 * seed + 0.5 * arm + math.sqrt(0.5) * own
    shifts = np.array(responses)[..., None]  # (arm, validation or test, rate, 1)
    gains = np.array([gain, 0.0])[:, None, None]
    validation = 0.9 * run + math.sqrt(1 - 0.9**2) * noise + shifts[:, 0] + gains
    test = run + shifts[:, 1] + gains
    score, steps = SCORES[kind], np.arange(1, rates + 1)
    first, second = (ArmGrid(steps, score(validation[a]), -validation[a], score(test[a])) for a in (0, 1))
    return first, second


def first_seeds(grid: ArmGrid, pairs: int) -> ArmGrid:
    """What there is of a grid at a look."""
    return ArmGrid(grid.rates, grid.validation[:, :pairs], grid.loss[:, :pairs], grid.test[:, :pairs])


def share(hits: list[bool]) -> str:
    """In per cent."""
    return f"{100 * sum(hits) / len(hits):.1f}"


def excludes(estimate: Estimate, value: float, alpha: float = 0.05) -> bool:
    """Whether the two-sided interval leaves the value out."""
    return min(estimate.p_above(value), estimate.p_below(value)) <= alpha / 2


def tuned_row(random: np.random.Generator, kind: str, response: str, pairs: int, studies: int) -> tuple[str, list[str]]:
    """False differences, coverage where arms differ, and power, with tuning inside; false ones with tuning left out."""
    shifts = RESPONSES[response]
    false, left_out = [], []
    for _ in range(studies):
        first, second = arms(random, kind, (shifts, shifts), pairs)
        false.append(excludes(tuned_difference([(first, second)]), 0.0))
        # the rate chosen on all seeds, which are then judged as if it had been given
        given = first.test[first.chosen] - second.test[second.chosen]
        interval = mean_interval(given)
        left_out.append(interval.low > 0 or interval.high < 0)
    some = max(2, studies // 5)
    other = UNLIKE[len(shifts[0])]
    unlike = [tuned_difference([arms(random, kind, (shifts, other), pairs)]) for _ in range(some)]
    truth = float(np.mean([estimate.mean for estimate in unlike]))  # the estimate has no bias
    held = [not excludes(estimate, truth) for estimate in unlike]
    found = []
    for gain in (1.0, 2.0):
        better = (tuned_difference([arms(random, kind, (shifts, shifts), pairs, gain)]) for _ in range(some))
        found.append(share([estimate.p_above(0.0) <= 0.025 for estimate in better]))
    return f"{kind}, {response}", [str(pairs), share(false), share(left_out), share(held), *found]


def solved_row(random: np.random.Generator, rate: float, pairs: int, studies: int) -> tuple[str, list[str]]:
    """The share that solves, tuned among five rates that solve alike."""

    def effects(first: float, second: float) -> list[Estimate]:
        return [
            tuned_proportions(solvers(random, first, pairs), solvers(random, second, pairs)) for _ in range(studies)
        ]

    false = [excludes(estimate, 0.0) for estimate in effects(rate, rate)]
    against_certain = effects(rate, 1.0)
    held = [not excludes(estimate, rate - 1) for estimate in against_certain]
    equivalent = [max(e.p_above(-0.02), e.p_below(0.02)) <= 0.05 for e in against_certain]
    found = [estimate.p_below(0.0) <= 0.025 for estimate in effects(rate - 0.5, rate)]
    return f"{rate:.0%}", [str(pairs), share(false), share(held), share(equivalent), share(found)]


def solvers(random: np.random.Generator, rate: float, pairs: int) -> ArmGrid:
    """An arm of which every rate solves the task on this share of the seeds; validation mostly agrees with test."""
    test, other = random.random((2, 5, pairs))
    validation = np.where(random.random((5, pairs)) < 0.8, test, other)
    return ArmGrid(np.arange(1, 6), (validation < rate).astype(float), other, (test < rate).astype(float))


def looks_row(random: np.random.Generator, kind: str, response: str, studies: int) -> tuple[str, list[str]]:
    """False differences over all looks, tuned, and when a difference of one and of two standard deviations is found."""
    looks, shifts, cells = Looks(), RESPONSES[response], []
    for gain, count in ((0.0, studies), (1.0, max(1, studies // 4)), (2.0, max(1, studies // 4))):
        stopped: list[int] = []
        for _ in range(count):
            first, second = arms(random, kind, (shifts, shifts), looks.pairs[-1], gain)
            for pairs in looks.pairs:
                estimate = tuned_difference([(first_seeds(first, pairs), first_seeds(second, pairs))])
                if excludes(estimate, 0.0, looks.alpha(pairs)):
                    stopped.append(pairs)
                    break
        cells.append(f"{100 * len(stopped) / count:.1f}")
        if gain:
            cells.append(f"{100 * stopped.count(looks.pairs[0]) / count:.1f}")
    return f"{kind}, {response}", cells


def coverage_row(random: np.random.Generator, name: str, pairs: int, studies: int) -> tuple[str, list[str]]:
    """Intervals of plain pairs, where nothing was tuned."""
    samples = (DIFFERENCES | EXTREME)[name](random, (studies, pairs))
    judged = [decide(sample, 0.0) for sample in samples]
    student = [mean_interval(sample) for sample in samples]
    effects = [decision.effect for decision in judged]
    shares = [share([i.low <= 0 <= i.high for i in kind]) for kind in (effects, student)]
    narrow = share([d.narrow.low <= 0 <= d.narrow.high for d in judged])
    found = [share([decide(shift + sample, 0.0).effect.low > 0 for sample in samples]) for shift in (1, 2)]
    return name, [str(pairs), shares[0], narrow, *shares[1:], *found]


def general_row(random: np.random.Generator, errors: str, tau: float, studies: int) -> tuple[str, list[str]]:
    """The mean over tasks whose true differences have mean 1, the margin, and standard deviation ``tau``."""
    own = np.array(ERRORS[errors])
    truth = 1 + tau * random.normal(size=(studies, len(own)))
    samples = [random_effects(seen, own) for seen in truth + own * random.normal(size=truth.shape)]
    missed = [not i.low <= 1 <= i.high for i in (sample.interval(0.95) for sample in samples)]
    equivalent = [decide_estimate(sample, 1.0, "equivalent").verdict == "equivalent" for sample in samples]
    new = 1 + tau * random.normal(size=studies)
    held = [i.low <= task <= i.high for i, task in zip((s.prediction(0.95) for s in samples), new, strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weighed = [
            combine_effects(sample.effects, own**2, method_re="iterated", use_t=True).conf_int()[3]
            for sample in samples[: max(1, studies // 4)]
        ]
    weighed_missed = [not low <= 1 <= high for low, high in weighed]
    return errors, [f"{tau:g}", share(missed), share(weighed_missed), share(equivalent), share(held)]


TUNED_HEAD = [
    "runs, rates",
    "pairs",
    "A/A, tuned",
    "A/A, tuning left out",
    "coverage, unlike arms",
    "finds 1 sd",
    "finds 2 sd",
]
SOLVED_HEAD = [
    "solves",
    "pairs",
    "A/A",
    "coverage against 100 %",
    "equivalent to 100 % within 2 points",
    "finds 50 points",
]
LOOKS_HEAD = ["runs, rates", "A/A", "finds 1 sd", "at 10 pairs", "finds 2 sd", "at 10 pairs"]
PAIRS_HEAD = [
    "differences",
    "pairs",
    "the judge's 95 %",
    "the judge's 90 %",
    "Student's t 95 %",
    "finds 1 sd",
    "finds 2 sd",
]

GENERAL_HEAD = [
    "errors, in margins",
    "tau",
    "the mean missed",
    "with weights by precision",
    "called equivalent at the margin",
    "a new task held",
]

Row = Callable[[np.random.Generator], tuple[str, list[str]]]


def tables(studies: int) -> Iterator[tuple[str, list[str], list[Row]]]:
    """Each table's title, head and rows yet to be computed; ``studies`` a row, fewer of the slow ones."""
    yield (
        "Tuned comparisons",
        TUNED_HEAD,
        [
            partial(tuned_row, kind=kind, response=response, pairs=pairs, studies=studies)
            for kind in SCORES
            for response in RESPONSES
            for pairs in (10, 30)
        ],
    )
    yield (
        "Solve-or-fail, tuned",
        SOLVED_HEAD,
        [
            partial(solved_row, rate=rate, pairs=pairs, studies=max(1, studies // (1 if pairs == 10 else 4)))
            for rate in (0.5, 0.9, 0.95)
            for pairs in (10, 30)
        ],
    )
    yield (
        "Looks at 10, 20, 30 and 50 pairs, tuned",
        LOOKS_HEAD,
        [partial(looks_row, kind=kind, response="steep", studies=max(1, studies // 2)) for kind in SCORES],
    )
    yield (
        "Pairs without tuning",
        PAIRS_HEAD,
        [
            partial(coverage_row, name=name, pairs=pairs, studies=studies)
            for name in DIFFERENCES | EXTREME
            for pairs in (5, 10, 30)
        ],
    )
    yield (
        "In general, over tasks",
        GENERAL_HEAD,
        [partial(general_row, errors=errors, tau=tau, studies=studies) for errors in ERRORS for tau in (0.0, 0.3, 1.0)],
    )


def main() -> None:
    """Compute the tables and write them into the document, or print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000, help="simulated studies a row")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--print", action="store_true", help="print the tables and leave docs/statistics.md as it is")
    options = parser.parse_args()
    if options.studies < 1:
        parser.error(f"--studies is {options.studies}: at least 1 is needed")
    begun, parts = time.process_time(), []
    planned = list(tables(options.studies))
    with tqdm(total=sum(len(rows) for _, _, rows in planned), unit="row") as bar:
        for title, head, rows in planned:
            bar.set_description(title)
            lines = [f"**{title}** (per cent)", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
            for index, row in enumerate(rows):
                name, cells = row(np.random.default_rng([options.seed, len(parts), index]))
                lines.append(f"| {' | '.join([name, *cells])} |")
                bar.update()
            parts.append("\n".join(lines))
    minutes = (time.process_time() - begun) / 60
    made = (
        f"Made by `python tools/calibrate.py --studies {options.studies} --seed {options.seed}` in {minutes:.0f} "
        f"minutes of one core of {platform.machine()} ({os.cpu_count()} cores), Python {platform.python_version()}, "
        f"numpy {np.__version__}, scipy {scipy.__version__}."
    )
    text = "\n\n".join([made, *parts])
    if options.print:
        print(text)
        return
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
