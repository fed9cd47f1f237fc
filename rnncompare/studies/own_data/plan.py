"""The plan of a study of own data: fitted to a budget once, then kept, so that the same command goes on with it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.composition.compose import shortened
from rnncompare.records import run_id, write_whole
from rnncompare.studies.own_data.question import Question, with_size
from rnncompare.studies.own_data.tuning import RATES, propose
from rnncompare.studies.rates import with_rate
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

FEWEST_PAIRS = 6  # from which a difference in one direction can be told from chance
ENOUGH_PAIRS = 10  # before other questions get time
MOST_PAIRS = 30
FOR_TRAINING = 0.85  # of what is left of a budget; estimates err, and judging takes time
LEAST_SHARE = 0.1  # of the updates; with fewer, networks are hardly trained
LEAST_SAVED = 0.5  # of the time of a pair, by a cut to that share that is worth it
LEAST_LEFT = 0.25  # of a budget that a plan counts on: times are measured, and baselines fitted, only in the first call
FEWEST_TRIALS = 4  # of width and dropout that are worth to begin with
TRIAL_COST = 1.5  # of that of a run at the width asked for: trials go up to twice that width


@dataclass(frozen=True)
class Plan:
    """What is trained.

    Attributes:
        updates: share of the updates of each run.
        pairs: seeds, on each of which every model is trained at every rate.
        plain: seeds on which a plain RNN is trained, after the pairs.
        half: seeds on which the models are trained on half of the data, after that.
        trials: of rate, width and dropout, of each model on each seed of the pairs, after that.
        seconds: that a run of each model was measured to take, with all of its updates.
        fixed: seconds of them that do not depend on the updates: to start, to load the data, to score.
        rates: the learning rates at which each model is trained on each seed.
        budget: seconds that it was fitted to; None for no budget.
    """

    updates: float
    pairs: int
    plain: int
    half: int
    seconds: dict[str, float]
    fixed: dict[str, float]
    trials: int = 0
    rates: tuple[float, ...] = RATES
    budget: float | None = 0.0

    def pair_seconds(self, jobs: int) -> float:
        """The time of one pair, every model at every rate, with so many runs at a time."""
        fixed = sum(self.fixed.values())
        return max(1e-9, len(self.rates) * (fixed + self.updates * (sum(self.seconds.values()) - fixed)) / jobs)


def fit(
    question: Question, seconds: Mapping[str, float], fixed: Mapping[str, float], left: float | None, jobs: int
) -> Plan:
    """The plan that a budget carries.

    The pairs that were asked for come first. Below `FEWEST_PAIRS` runs are cut, down to `LEAST_SHARE` of their updates;
    beyond `ENOUGH_PAIRS` a plain RNN, half of the data and trials of width and dropout get time too, unless they are
    switched off.

    Args:
        question: what is asked.
        seconds: that one run of each model takes.
        fixed: seconds of them that do not depend on the updates.
        left: seconds of the budget; None where there is none.
        jobs: runs at a time.
    """
    fixed = {name: min(fixed[name], taken) for name, taken in seconds.items()}
    whole = Plan(1.0, question.pairs, 0, 0, dict(seconds), fixed, budget=question.budget)
    if left is None:
        return _everything(dataclasses.replace(whole, updates=question.updates), question)
    left = max(left, LEAST_LEFT * (question.budget or 0.0))
    carried = FOR_TRAINING * left / whole.pair_seconds(jobs)
    if carried < FEWEST_PAIRS:
        return dataclasses.replace(whole, updates=_share(whole, left, jobs), pairs=FEWEST_PAIRS)
    return _shared_out(whole, question, carried)


def _share(whole: Plan, left: float, jobs: int) -> float:
    """The share of the updates with which the fewest pairs fit.

    All of them where even the least share saves little: the same command then goes on with whole runs.
    """
    fixed = sum(whole.fixed.values())
    spent = FOR_TRAINING * left * jobs / (FEWEST_PAIRS * len(whole.rates)) - fixed
    share = math.floor(100 * spent / max(1e-9, sum(whole.seconds.values()) - fixed)) / 100
    if share >= LEAST_SHARE:
        return min(1.0, share)
    least = dataclasses.replace(whole, updates=LEAST_SHARE)
    return LEAST_SHARE if least.pair_seconds(jobs) <= (1 - LEAST_SAVED) * whole.pair_seconds(jobs) else 1.0


def _everything(plan: Plan, question: Question) -> Plan:
    """The plan with all that is asked, for as long as it takes."""
    pairs = question.pairs
    plain, half = pairs * (question.plain is not None), pairs * question.sizes
    return dataclasses.replace(plan, pairs=pairs, plain=plain, half=half, trials=question.trials_of_all)


def _shared_out(plan: Plan, question: Question, carried: float) -> Plan:
    """The plan with the time of so many pairs given to pairs first, and with what is left to other questions."""
    pairs = min(int(carried), ENOUGH_PAIRS)
    spare = carried - pairs
    plain = half = trials = 0
    if question.plain is not None and spare >= pairs / len(question.models):
        plain, spare = pairs, spare - pairs / len(question.models)
    if question.sizes and spare >= pairs:
        half, spare = pairs, spare - pairs
    trial = TRIAL_COST / len(plan.rates)  # of the time of a pair
    if spare >= min(FEWEST_TRIALS, question.trials_of_all) * trial * pairs:
        trials = min(question.trials_of_all, int(spare / (trial * pairs)))
        spare -= trials * trial * pairs
    pairs = min(MOST_PAIRS, pairs + int(spare / (1 + trials * trial)))
    return dataclasses.replace(plan, pairs=pairs, plain=plain, half=half, trials=trials)


def enlarged(plan: Plan, question: Question, left: float | None, jobs: int) -> Plan:
    """The plan that was kept, with what a larger budget adds; never with less.

    A larger budget also lifts a cut of the updates: what is trained then are other runs.
    """
    larger = plan.budget is not None and (question.budget is None or question.budget > plan.budget)
    if larger and plan.updates < 1:
        again = fit(question, plan.seconds, plan.fixed, left, jobs)
        if again.updates > plan.updates:
            return again
    if left is None:
        more = _everything(plan, question)
    else:
        more = _shared_out(plan, question, max(1.0, FOR_TRAINING * left / plan.pair_seconds(jobs)))
    parts = {part: max(getattr(plan, part), getattr(more, part)) for part in ("pairs", "plain", "half", "trials")}
    return dataclasses.replace(plan, budget=question.budget if larger else plan.budget, **parts)


def words(plan: Plan, question: Question) -> str:
    """What is trained."""
    names = " and ".join(question.models)
    runs = plan.pairs * len(plan.rates) * len(question.models)
    said = f"plan: {plan.pairs} pairs of {names} at {len(plan.rates)} learning rates, {runs} runs"
    if plan.plain:
        said += f"; then a plain RNN on {plan.plain} seeds"
    if plan.half:
        said += f"; then half of the data on {plan.half}"
    if plan.trials:
        said += f"; then {plan.trials} trials of rate, width and dropout for each model of each pair"
    return said


def shortfall(plan: Plan, question: Question, left: float, jobs: int, done: int) -> str:
    """What the budget does not carry, a line each, and which budget would do; empty where it carries the plan.

    Args:
        plan: that is followed.
        question: with a budget.
        left: seconds of the budget; not above 0 where it is spent.
        jobs: runs at a time.
        done: pairs that are recorded already.
    """
    fitting = done + max(0, int(FOR_TRAINING * left / plan.pair_seconds(jobs)))
    if plan.updates == 1 and fitting >= FEWEST_PAIRS:
        return ""
    whole = dataclasses.replace(plan, updates=1.0)
    needed = budget_for(whole, question, left, jobs, done if plan.updates == 1 else 0)
    said = f"\n  {FEWEST_PAIRS} pairs of whole runs would need budget={needed}"
    if plan.updates < 1:
        said += f"; runs are cut to {plan.updates:.0%} of their updates, or take a part of the data with data.size"
    if fitting >= FEWEST_PAIRS:
        return said
    if left <= 0:
        said += "\n  reading the data, baselines and timing took all of the budget; the same command goes on from here"
    else:
        so_many = f"about {fitting} pair{'s' * (fitting != 1)}" if fitting else "hardly a pair"
        said += f"\n  now {so_many} will be finished; the same command goes on with the others"
    return said


def budget_for(plan: Plan, question: Question, left: float, jobs: int, done: int) -> str:
    """The budget with which `FEWEST_PAIRS` of a plan are finished, given what of the present one is left for them.

    Args:
        plan: that is followed.
        question: with a budget.
        left: seconds of the budget.
        jobs: runs at a time.
        done: pairs that are recorded already.
    """
    missing = max(0, FEWEST_PAIRS - done)
    return duration((question.budget or 0.0) - left + missing * plan.pair_seconds(jobs) / FOR_TRAINING)


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
        "half": (with_size(models, max(1, train_examples // 2)), plan.half * question.sizes),
    }
    return {
        part: by_identity(
            with_rate(run, rate, seed) for seed in range(seeds) for rate in plan.rates for run in own.values()
        )
        for part, (own, seeds) in parts.items()
    }


def next_trials(plan: Plan, question: Question, tried: pd.DataFrame) -> dict[str, RunSettings]:
    """One trial of rate, width and dropout more, of every model on every seed of the pairs, by identity.

    Args:
        plan: that is followed.
        question: what is asked.
        tried: the runs so far, as `judging.scored` gives them.
    """
    models = {name: shortened(run, plan.updates) for name, run in question.models.items()}
    return by_identity(
        propose(dataclasses.replace(models[name], seed=seed), own)
        for (seed, name), own in tried.groupby(["seed", "model"])
    )


def by_identity(runs: Iterable[RunSettings]) -> dict[str, RunSettings]:
    """The runs by their identity, in order."""
    return {run_id(settings.config()): settings for settings in runs}


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
        if isinstance(content.get("trials"), list):  # of a plan kept by an earlier version
            content["rates"] = [trial["rate"] for trial in content.pop("trials")]
        found = Plan(**{**content, "rates": tuple(content["rates"])})
        if (
            set(found.seconds) == set(found.fixed) == set(question.models)
            and 0 < found.updates <= 1
            and found.pairs >= 1
        ):
            return found
    return None
