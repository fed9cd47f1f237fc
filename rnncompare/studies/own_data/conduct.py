"""A study of own data from the question to the answer, within its budget."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.isolation import call_isolated
from rnncompare.records import MODEL, Record
from rnncompare.studies.budget import seconds_of
from rnncompare.studies.own_data import plan as plans
from rnncompare.studies.own_data.deadline import OutOfTimeError, Times, Training
from rnncompare.studies.own_data.facts import FEWEST_SPLITS, Facts, facts_of, keep_baselines, kept_baselines
from rnncompare.studies.own_data.judging import scored, whole_pairs
from rnncompare.studies.own_data.outcome import Outcome
from rnncompare.studies.own_data.plan import Plan
from rnncompare.studies.own_data.question import Question
from rnncompare.studies.own_data.situation import Situation, situation_of
from rnncompare.studies.own_data.update_times import alone
from rnncompare.studies.reporter import SILENT, Reporter, Stage
from rnncompare.sweep import Train, checked, find_missing, record_path, recorded, require_writable
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.tasks.user.user_data import Own
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

LEAST_FOR_TIMING = 4.0  # seconds left, for times of an update with the machine to itself
BASELINE_SECONDS = 60.0  # without a budget
TITLES = {"pairs": "pairs", "plain": "plain RNN", "half": "half of the data"}


def conduct(question: Question, train: Train, reporter: Reporter = SILENT) -> Outcome:
    """Answer a question, or go on with one that was asked before.

    Args:
        question: what is asked.
        train: trains runs and gives their records.
        reporter: hears how far it is.

    Raises:
        SettingError, DataError: the data cannot be read or the runs not made; nothing was trained.
        StorageError: a record could not be written; those before it are kept.
    """
    times = Times(time.monotonic(), math.inf if question.budget is None else question.budget)
    question, facts, understood = _read(question, reporter)
    jobs = jobs_at_a_time(question.models.values())
    plan, left = _planned(question, facts.train_examples, jobs, times.deadline, reporter)
    plans.keep(plan, question)
    if plan.updates < 1:
        understood += (f"the budget cuts runs to {plan.updates:.0%} of their updates; a larger one lifts the cut",)
    training = Training(train, reporter, times.deadline)
    parts, trials = _trained(question, plan, facts, training)
    frames = {part: _recorded(runs) for part, runs in parts.items()}
    done = _pairs_done(frames["pairs"], facts, question, plan)
    if len(frames["pairs"]):
        facts = facts.over(done)
    situation = situation_of(question, plan, facts, frames, trials)
    if times.end - time.monotonic() > LEAST_FOR_TIMING:
        worthwhile = min(2 * LEAST_FOR_TIMING, max(1.0, times.taken / 20))
        milliseconds = alone(question.models, min(times.end - time.monotonic() - 1, worthwhile))
        situation = dataclasses.replace(situation, milliseconds=milliseconds)
    if not situation.known and left is not None:
        situation = dataclasses.replace(situation, needed=plans.budget_for(plan, question, left, jobs, done))
    kept = _keep_best(situation, parts["pairs"] | parts["trials"], training.ended, train, times.end, plan)
    return Outcome(
        situation=situation,
        facts=facts,
        parts=frames,
        question=question,
        kept=kept,
        seconds=times.taken,
        understood=understood,
    )


def _read(question: Question, reporter: Reporter) -> tuple[Question, Facts, tuple[str, ...]]:
    """The question with its data pinned, what the data say before anything is trained, and how they were read."""
    understood: list[str] = []

    def hear(words: str) -> None:
        reporter.say(words)
        understood.extend(line.strip() for line in words.splitlines())

    pinned = checked([*question.models.values(), *([question.plain] if question.plain else [])], hear)
    models = dict(zip(question.models, pinned, strict=False))
    question = dataclasses.replace(question, models=models, plain=pinned[-1] if question.plain else None)
    require_writable(question.results_dir)
    facts = _facts_of(question, reporter)
    if facts.chosen_because:
        reporter.say(f"decided by {facts.metric}: {facts.chosen_because}; change with study.metric=")
    if facts.redrawn:
        reporter.say(
            f"the test split of all seeds would be small, so each gets its own (data.split=rolling, "
            f"{facts.test_examples:,} test examples); data.split=ordered keeps the last for all"
        )
        question = _redrawn(question)
    return question, facts, tuple(understood)


def _trained(
    question: Question, plan: Plan, facts: Facts, training: Training
) -> tuple[dict[str, dict[str, RunSettings]], int]:
    """Train what was planned until the time is over.

    Returns:
        The runs of each part, whether they were trained or not, and the trials of rate, width and dropout that every
        model has on every seed.
    """
    parts = plans.runs_of(plan, question, facts.train_examples)
    wanted = min(plan.trials, question.trials_of_all)
    trials: dict[str, RunSettings] = {}
    done = 0
    with contextlib.suppress(OutOfTimeError):
        for part, title in TITLES.items():
            training.of(title, parts[part], keep="best" if part == "pairs" else "none")
        while done < wanted:
            runs = plans.next_trials(plan, question, scored(_recorded(parts["pairs"] | trials), facts))
            training.of(f"trial {done + 1} of {wanted}", runs, keep="best")
            trials |= {name: run for name, run in runs.items() if name not in parts["pairs"]}
            done += 1
    return {**parts, "trials": trials}, done


def _pairs_done(pairs: pd.DataFrame, facts: Facts, question: Question, plan: Plan) -> int:
    """How many seeds every model was trained on at every learning rate."""
    if not len(pairs):
        return 0
    return int(whole_pairs(scored(pairs, facts), list(question.models), len(plan.rates))["seed"].nunique())


def _facts_of(question: Question, reporter: Reporter) -> Facts:
    """What `facts_of` says, in a process of its own, with a bar on the splits whose baselines are fitted."""
    budget = question.budget
    pairs, seconds = (question.pairs, BASELINE_SECONDS) if budget is None else (plans.MOST_PAIRS, 0.1 * budget)
    first = next(iter(question.models.values()))
    path = Path(question.results_dir) / f"own_data-{question.key()}.baselines.parquet"
    before = kept_baselines(path)
    with contextlib.ExitStack() as shown:
        bars: list[Stage] = []

        def hear(splits: int) -> None:
            if bars:
                bars[0].advance()
            elif splits:
                bars.append(shown.enter_context(reporter.stage("baselines", splits, "split")))

        wanted = max(pairs, FEWEST_SPLITS)
        facts = call_isolated(facts_of, first, question.metric, wanted, seconds, before, on_message=hear)
    if len(facts.tables) > len(before):
        keep_baselines(path, facts.tables)
    return facts


def _planned(
    question: Question, train_examples: int, jobs: int, deadline: float, reporter: Reporter
) -> tuple[Plan, float | None]:
    """The plan, of an earlier call where there was one, and the seconds until the deadline; None for no deadline."""
    before = plans.kept(question)
    taken = {} if before else _seconds_of(question, reporter)
    left = None if math.isinf(deadline) else deadline - time.monotonic()
    if before is None:
        fixed, seconds = ({name: taken[name, part] for name in question.models} for part in (0, 1))
        plan = plans.fit(question, seconds, fixed, left, jobs)
        said = plans.words(plan, question)
    else:
        plan = plans.enlarged(before, question, left, jobs)
        lifted = f", no longer {before.updates:.0%}" if plan.updates > before.updates else ""
        said = "going on with the plan of an earlier call: "
        said += f"{plan.pairs} pairs at {plan.updates:.0%} of the updates{lifted}"
    if left is not None:
        pairs = plans.runs_of(plan, question, train_examples)["pairs"]
        missing = {run.seed for run in find_missing(pairs).values()}
        said += plans.shortfall(plan, question, left, jobs, plan.pairs - len(missing))
    reporter.say(said)
    return plan, left


def _seconds_of(question: Question, reporter: Reporter) -> dict[tuple[str, int], float]:
    """What a run of each model takes: 0 of its updates (what is fixed), and 1, all of them."""
    return seconds_of(
        {(name, part): (run, part * run.train.max_updates) for name, run in question.models.items() for part in (0, 1)},
        reporter,
    )


def _redrawn(question: Question) -> Question:
    """The question with a test split of its own for each seed."""
    data = next(iter(question.models.values())).data
    assert isinstance(data, Own)
    if (drawn := data.redrawn()) is None:
        return question
    models = {name: dataclasses.replace(run, data=drawn) for name, run in question.models.items()}
    plain = None if question.plain is None else dataclasses.replace(question.plain, data=drawn)
    return dataclasses.replace(question, models=models, plain=plain)


def _recorded(runs: Mapping[str, RunSettings]) -> pd.DataFrame:
    import pandas as pd

    there = {name: run for name, run in runs.items() if record_path(name, run).exists()}
    return recorded(there) if there else pd.DataFrame()


def _keep_best(
    situation: Situation,
    runs: Mapping[str, RunSettings],
    trained: set[str],
    train: Train,
    end: float,
    plan: Plan,
) -> str | None:
    """Leave the model of the chosen network's best run, by validation, and remove the others that were trained here.

    Returns:
        The run whose model is there; None where there is none, or no time to train it again.
    """
    chosen = situation.chosen()
    best = next((score.best_run for score in situation.scores if score.model == chosen), "")
    results = Path(next(iter(runs.values())).results_dir)
    for name in trained - {best}:
        (results / name / MODEL).unlink(missing_ok=True)
    if not best:
        return None
    settings = runs[best]
    if record_path(best, settings).with_name(MODEL).exists():
        return best
    assert chosen is not None
    if time.monotonic() + plan.updates * plan.seconds[chosen] > end:
        return None
    again: list[Record] = list(
        train({best: dataclasses.replace(settings, keep="best")}, SILENT.stage("", 1, "").__enter__())
    )
    return best if again and again[0].status == "completed" else None
