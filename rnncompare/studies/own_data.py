"""A study of a user's own data: which of GRU, LSTM and plain RNN to take, how surely, and at what cost."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rnncompare.base.isolation import call_isolated
from rnncompare.base.metric_names import direction, metric_label
from rnncompare.base.sanitize import safe
from rnncompare.claims import Claim
from rnncompare.claims.finding import Finding
from rnncompare.claims.scale import UNITS, Scale
from rnncompare.composition.compose import compose
from rnncompare.statistics import mean_interval
from rnncompare.studies import budget, cost
from rnncompare.studies import run_study as studies
from rnncompare.studies.protocol import StudyTask
from rnncompare.studies.rates import rate_at
from rnncompare.studies.reporter import Reporter
from rnncompare.studies.settings import StudySettings
from rnncompare.studies.table import aligned, interval
from rnncompare.studies.verdicts import Study
from rnncompare.sweep import Train
from rnncompare.sweep.resources import jobs_at_a_time
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

TASK = "own_data"
FEWEST_EXAMPLES = 8  # of the smallest part that is trained on
SHARE = 0.02  # of the way from the trivial baseline to a perfect score: the difference that matters, unless it is told
RATES = tuple(rate_at(place) for place in (-6, -5, -4))
FEWEST_PAIRS, MOST_PAIRS = 3, 50
CLAIM = Claim(
    name="own_data",
    statement="On these data a GRU does better than an LSTM of the same width.",
    said_by=(),
    expected="",
    rule="beats",
    measures=("quality_at_largest",),
    arms={"gru": ("model=gru",), "lstm": ("model=lstm",), "rnn": ("model=rnn",)},
    compare=(("gru", "lstm"), ("gru", "rnn"), ("lstm", "rnn")),
    fairness="equal width",
    tasks=(TASK,),
    values="all",
)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a study must know of a user's data before it plans.

    Attributes:
        examples: for training.
        metric: name of the metric.
        higher_is_better: of the metric.
        baseline: the trivial predictor's.
    """

    examples: int
    metric: str
    higher_is_better: bool
    baseline: float

    @property
    def scale(self) -> Scale:
        """How the data are scored: a perfect score is the reference, since no other one is registered for them."""
        reference = 1.0 if self.higher_is_better else 0.0
        factor = UNITS.get(self.metric, ("", 1.0))[1]
        margin = SHARE * abs(reference - self.baseline) * factor
        return Scale(
            title="own data",
            kind="bounded" if self.higher_is_better else "loss",
            metric=self.metric,
            reference=reference,
            margin=margin or SHARE,
            real=True,
            fixed_test=False,
            higher_is_better=self.higher_is_better,
        )


def conduct(settings: StudySettings, words: Sequence[str], train: Train, command: str, reporter: Reporter) -> Study:
    """Compare the three on the data that ``words`` name, at a quarter, a half and all of them (or ``data.size``).

    Args:
        settings: how thoroughly, or within which budget.
        words: settings that all runs share, the data among them.
        train: trains runs and gives their records.
        command: that makes the study again.
        reporter: hears how far it is.

    Raises:
        SettingError, DataError: the data cannot be read or the runs not made; nothing was trained.
    """
    (request,) = compose([["model=gru", *words]])
    facts = call_isolated(_facts, request)
    most = facts.examples
    sizes = sorted({size for size in (most // 4, most // 2) if size >= FEWEST_EXAMPLES} | {most})
    task = StudyTask(
        name=TASK,
        scale=facts.scale,
        overrides=tuple(word for word in words if not word.startswith("data.size=")),
        axis="data.size",
        values=tuple(sizes),
        usual=most,
        rates=RATES,
        min_updates=min(5 * request.train.validate_every, request.train.max_updates),
        max_updates=request.train.max_updates,
        usual_updates=request.train.max_updates,
        validate_every=request.train.validate_every,
        target=request.train.target,
    )
    if (seconds := settings.seconds()) is not None:
        settings = _fitted(settings, seconds, task, reporter)
    return studies.conduct(settings, [CLAIM], {TASK: task}, [], train, command, reporter)


def _facts(request: RunSettings, send: Callable[[object], None]) -> Facts:  # noqa: ARG001
    task = request.data.pinned()
    data = task.load(request.seed)
    objective = data.objective
    return Facts(task.train_examples(), objective.metric, objective.higher_is_better, data.baseline)


def _fitted(settings: StudySettings, seconds: float, task: StudyTask, reporter: Reporter) -> StudySettings:
    """The pairs that a budget carries; fewer updates where it does not even carry the fewest pairs."""
    began = time.monotonic()
    shared = [*task.words, f"data.size={task.usual}"]
    arms = dict(zip(CLAIM.arms, compose([*shared, *own] for own in CLAIM.arms.values()), strict=True))
    taken = cost.seconds_of({arm: (run, task.usual_updates) for arm, run in arms.items()}, reporter)
    left = seconds - (time.monotonic() - began)
    a_pair = len(task.rates) * len(task.values) * sum(taken.values())
    carried = int(budget.FOR_TRAINING * left * jobs_at_a_time(arms.values()) / max(a_pair, 1e-9))
    pairs = min(MOST_PAIRS, max(FEWEST_PAIRS, carried))
    share = 1.0 if carried >= FEWEST_PAIRS else max(0.01, left * budget.FOR_TRAINING / max(a_pair * FEWEST_PAIRS, 1e-9))
    cut = "" if share == 1 else f", runs cut to {share:.0%} of their updates"
    reporter.say(f"within {settings.budget}: {pairs} pairs{cut}")
    return dataclasses.replace(settings, pairs=pairs, most_pairs=pairs, updates=min(1.0, share))


def answer(study: Study) -> str:
    """Which to take, in a paragraph; what each cost, in a table; and what more data would likely change."""
    findings = {(finding.first, finding.second): finding for finding in study.findings}
    runs = study.evidence[CLAIM.name].runs
    if not len(runs):
        return "No run was finished within the budget; give it more time."
    largest = runs[runs["value"] == runs["value"].max()]
    known = largest.bfill().iloc[0]
    metric = f"test {metric_label(known['quality.metric'])}, {direction(known['quality.higher_is_better'])}"
    baseline = f"trivial baseline {largest['quality.baseline'].mean():.4g}"
    lines = ["", _which(findings["gru", "lstm"]), _plain(findings)]
    lines += ["", f"{metric}; {baseline}", aligned(_costs(largest, study)), "", _more_data(runs)]
    lines += [f"note: {note}" for task in findings["gru", "lstm"].tasks for note in task.notes]
    lines += [f"not counted: {line}" for line in study.skipped]
    return safe("\n".join(lines))


def _which(finding: Finding) -> str:
    """Which of the two to take, and how surely."""
    task = finding.tasks[0]
    if task.effect is None:
        return f"These runs do not tell GRU and LSTM apart: {'; '.join(task.notes) or 'there are no pairs'}."
    level = f"{task.effect.n} pairs, p {'< 0.001' if task.p < 0.001 else f'= {task.p:.3f}'}"
    by = f"GRU less LSTM is {interval(task.effect)} {task.unit} (95 % interval, {level})"
    match task.verdict:
        case "no difference that matters":
            return f"Take the cheaper of GRU and LSTM: they do equally well within {task.margin:.3g} {task.unit}. {by}."
        case "better":
            return f"Take the GRU. {by}."
        case "worse":
            return f"Take the LSTM. {by}."
        case "uninformative":
            return (
                f"These runs do not tell GRU and LSTM apart: both miss the trivial baseline, or both are perfect. {by}."
            )
        case "unconverged":
            return (
                f"GRU and LSTM cannot be compared yet: {max(task.cut):.0%} of the runs of one still improved when they "
                f"were cut; give them more updates (train.max_updates) or more time (budget). {by}."
            )
    wanted = "" if task.wanted is None else f" About {task.wanted:,} pairs in all would settle it."
    return f"These runs cannot tell whether GRU or LSTM does better. {by}.{wanted} Until then, take the cheaper."


def _plain(findings: dict[tuple[str, str], Finding]) -> str:
    """Whether gates are needed at all."""
    against = [finding.tasks[0] for pair, finding in findings.items() if "rnn" in pair and finding.tasks[0].effect]
    if not against:
        return ""
    if all(task.direction > 0 for task in against):
        return "Both do better than a plain RNN."
    if any(task.direction < 0 for task in against):
        return "A plain RNN does better than one of them: look at it before you take either."
    return "A plain RNN is not clearly behind: gates may not be needed for these data."


def _costs(runs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What each model gives and takes at the learning rate that all of its seeds together choose."""
    import pandas as pd

    rows = []
    for arm, every in runs.groupby("arm", sort=False):
        rate = _chosen(study, str(arm))
        own = every[every["rate"] == rate] if rate is not None else every
        scored = own.loc[own["status"] == "completed", "quality.test"].dropna()
        test = mean_interval(scored)
        rows.append(
            {
                "model": arm,
                "width": f"{own['model.hidden_size'].iloc[0]:.0f}",
                "parameters": f"{own['model.parameters'].iloc[0]:,.0f}",
                "learning rate": "" if rate is None else f"{rate:.3g}",
                "test mean [95 %]": f"{test.mean:.4g}" + f" [{test.low:.4g}, {test.high:.4g}]" * (len(scored) > 1),
                "training s": f"{own['speed.training_seconds'].median():.1f}",
                "ms an update": f"{own['speed.step_ms_median'].median():.3g}",
                "runs": f"{len(own)}" + (f", {len(own) - len(scored)} lost" if len(scored) < len(own) else ""),
            }
        )
    return pd.DataFrame(rows)


def _chosen(study: Study, arm: str) -> float | None:
    """The rate that is chosen most often for an arm; None where there was too little to choose by."""
    tables = [task.rates for finding in study.findings for task in finding.tasks if task.rates is not None]
    own = [table[table["arm"] == arm] for table in tables]
    known = next((table for table in own if len(table)), None)
    return None if known is None else float(known.loc[known["chosen"].idxmax(), "rate"])


def _more_data(runs: pd.DataFrame) -> str:
    """What the last doubling of the data gave each model."""
    sizes = sorted(runs["value"].unique())
    if len(sizes) < 2:
        return "There are too few examples to see what more of them would change."
    less, most = sizes[-2:]
    sign = 1 if runs["quality.higher_is_better"].dropna().iloc[0] else -1
    gains = []
    rates = runs.groupby(["arm", "value", "rate"])["quality.validation"].mean()
    for arm, own in runs.groupby("arm", sort=False):
        best = {value: _best(rates[arm, value], sign) for value in own["value"].unique()}
        at_best = own[own["rate"] == own["value"].map(best)]
        table = at_best.pivot_table(index="seed", columns="value", values="quality.test")
        gain = (sign * (table[most] - table[less])).dropna() if {less, most} <= set(table) else []
        if len(gain) > 1:
            gains.append(f"{arm} {interval(mean_interval(gain))}")
    if not gains:
        return "There are too few runs to see what more data would change."
    return f"More data: from {less:,} to {most:,} examples the test metric improved by {', '.join(gains)}."


def _best(validation: pd.Series, sign: int) -> float:
    """The rate that validates best."""
    return float((sign * validation.fillna(-sign * float("inf"))).idxmax())
