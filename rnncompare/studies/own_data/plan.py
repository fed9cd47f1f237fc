"""The plan of a study of own data: fitted to a budget once, then kept, so that the same command goes on with it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from rnncompare.composition.compose import shortened
from rnncompare.records import run_id, write_whole
from rnncompare.studies.grids import rate_at, with_rate
from rnncompare.studies.own_data.question import Question, with_size
from rnncompare.training.settings import RunSettings

RATES = tuple(rate_at(place) for place in (-6, -5, -4))
FEWEST_PAIRS = 6  # from which a difference in one direction can be told from chance
ENOUGH_PAIRS = 10  # before other questions get time
MOST_PAIRS = 30
FOR_TRAINING = 0.85  # of what is left of a budget; estimates err, and judging takes time
LEAST_SHARE = 0.1  # of the updates; with fewer, networks are hardly trained


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        updates: share of the updates of each run.
        pairs: seeds, on each of which every model is trained at every rate.
        plain: seeds on which a plain RNN is trained, after the pairs.
        half: seeds on which the models are trained on half of the data, after that.
        seconds: that a run of each model was measured to take, with all of its updates.
        fixed: seconds of them that do not depend on the updates: to start, to load the data, to score.
        rates: learning rates.
    """

    updates: float
    pairs: int
    plain: int
    half: int
    seconds: dict[str, float]
    fixed: dict[str, float]
    rates: tuple[float, ...] = RATES

    def pair_seconds(self, jobs: int) -> float:
        """The time of one pair, every rate of every model, with so many runs at a time."""
        fixed = sum(self.fixed.values())
        return max(1e-9, len(self.rates) * (fixed + self.updates * (sum(self.seconds.values()) - fixed)) / jobs)


def fit(
    question: Question, seconds: Mapping[str, float], fixed: Mapping[str, float], left: float | None, jobs: int
) -> Plan:
    """The plan that a budget carries.

    The pairs that were asked for come first. Below `FEWEST_PAIRS` runs are cut, down to `LEAST_SHARE` of their updates;
    beyond `ENOUGH_PAIRS` a plain RNN and half of the data get time too, unless they are switched off.

    Args:
        question: what is asked.
        seconds: that one run of each model takes.
        fixed: seconds of them that do not depend on the updates.
        left: seconds of the budget; None where there is none.
        jobs: runs at a time.
    """
    fixed = {name: min(fixed[name], taken) for name, taken in seconds.items()}
    whole = Plan(1.0, question.pairs, 0, 0, dict(seconds), fixed)
    if left is None:
        whole = dataclasses.replace(whole, updates=question.updates)
        return dataclasses.replace(
            whole, plain=question.pairs * (question.plain is not None), half=question.pairs * question.sizes
        )
    carried = FOR_TRAINING * left / whole.pair_seconds(jobs)
    if carried < FEWEST_PAIRS:
        spent = FOR_TRAINING * left * jobs / (FEWEST_PAIRS * len(whole.rates)) - sum(fixed.values())
        share = spent / max(1e-9, sum(seconds.values()) - sum(fixed.values()))
        share = min(1.0, max(LEAST_SHARE, math.floor(100 * share) / 100))
        return dataclasses.replace(whole, updates=share, pairs=FEWEST_PAIRS)
    pairs = min(int(carried), ENOUGH_PAIRS)
    spare = carried - pairs
    plain = half = 0
    if question.plain is not None and spare >= pairs / len(question.models):
        plain, spare = pairs, spare - pairs / len(question.models)
    if question.sizes and spare >= pairs:
        half, spare = pairs, spare - pairs
    return dataclasses.replace(whole, pairs=min(MOST_PAIRS, pairs + int(spare)), plain=plain, half=half)


def enlarged(plan: Plan, question: Question, left: float | None, jobs: int) -> Plan:
    """The plan that was kept, with the pairs that a larger budget adds; never with fewer."""
    if left is None:
        return dataclasses.replace(plan, pairs=max(plan.pairs, question.pairs))
    carried = min(MOST_PAIRS, int(FOR_TRAINING * left / plan.pair_seconds(jobs)))
    return dataclasses.replace(plan, pairs=max(plan.pairs, carried))


def words(plan: Plan, question: Question, left: float, jobs: int) -> str:
    """What the budget carries, and where that is little, which budget would do."""
    names = " and ".join(question.models)
    runs = plan.pairs * len(plan.rates) * len(question.models)
    said = f"plan: {plan.pairs} pairs of {names} at {len(plan.rates)} learning rates, {runs} runs"
    if plan.plain:
        said += f"; then a plain RNN on {plan.plain} seeds"
    if plan.half:
        said += f"; then half of the data on {plan.half}"
    if plan.updates < 1:
        whole = dataclasses.replace(plan, updates=1.0)
        needed = FEWEST_PAIRS * whole.pair_seconds(jobs) / FOR_TRAINING * question_share(question, left)
        said += (
            f"\n  whole runs would need budget={duration(needed)} for {FEWEST_PAIRS} pairs; "
            f"runs are cut to {plan.updates:.0%} of their updates, or take a part of the data with data.size"
        )
        fitting = FOR_TRAINING * left / plan.pair_seconds(jobs)
        if fitting < FEWEST_PAIRS:
            said += f"\n  even so about {int(fitting)} pairs will be finished; the same command goes on with the others"
    return said


def question_share(question: Question, left: float) -> float:
    """By how much a budget is larger than what is left of it for training."""
    return (question.budget or left) / max(left, 1e-9)


def duration(seconds: float) -> str:
    """A time as the setting ``budget`` takes it, rounded up."""
    return f"{math.ceil(seconds)}s" if seconds < 120 else f"{math.ceil(seconds / 60)}min"


def runs_of(plan: Plan, question: Question, train_examples: int) -> dict[str, dict[str, RunSettings]]:
    """The runs of each part of a plan, ``pairs``, ``plain`` and ``half``, by identity, in the order of training.

    Models take turns at one rate and seed, so that an end by the clock leaves them tuned alike.
    """
    models = {name: shortened(run, plan.updates) for name, run in question.models.items()}
    plain = {} if question.plain is None else {question.plain.model.name: shortened(question.plain, plan.updates)}
    parts = {
        "pairs": (models, plan.pairs),
        "plain": (plain, plan.plain),
        "half": (with_size(models, max(1, train_examples // 2)), plan.half),
    }
    return {
        part: {
            run_id(settings.config()): settings
            for seed in range(seeds)
            for rate in plan.rates
            for run in own.values()
            for settings in [with_rate(run, rate, seed)]
        }
        for part, (own, seeds) in parts.items()
    }


def _path(question: Question) -> Path:
    return Path(question.results_dir) / f"own_data-{question.key()}.json"


def keep(plan: Plan, question: Question) -> None:
    """Write the plan where `kept` finds it, whole or not at all."""
    write_whole(_path(question), json.dumps({"command": question.command, **asdict(plan)}, indent=2) + "\n")


def kept(question: Question) -> Plan | None:
    """The plan of an earlier call with the same question; None where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        content = json.loads(_path(question).read_text(encoding="utf-8"))
        content.pop("command")
        found = Plan(**{**content, "rates": tuple(content["rates"])})
        if (
            set(found.seconds) == set(found.fixed) == set(question.models)
            and 0 < found.updates <= 1
            and found.pairs >= 1
        ):
            return found
    return None
