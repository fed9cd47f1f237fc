"""A study of a user's own data: which of GRU, LSTM and plain RNN to take, how surely, and at what cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rnncompare.base.isolation import call_isolated
from rnncompare.base.metric_names import direction, metric_label
from rnncompare.base.sanitize import safe
from rnncompare.claims import Claim
from rnncompare.claims.judge import Finding
from rnncompare.composition.compose import compose
from rnncompare.statistics import mean_interval
from rnncompare.studies import run_study as studies
from rnncompare.studies.protocol import StudyTask
from rnncompare.studies.settings import StudySettings
from rnncompare.studies.table import aligned, interval
from rnncompare.studies.verdicts import Study
from rnncompare.sweep import Train
from rnncompare.training.settings import RunSettings

if TYPE_CHECKING:
    import pandas as pd

TASK = "own_data"
FEWEST_EXAMPLES = 8  # of the smallest part that is trained on
CLAIM = Claim(
    name="own_data",
    statement="On these data a GRU does better than an LSTM of the same width.",
    said_by=(),
    expected="",
    rule="beats",
    measures=("quality_at_largest",),
    margins={"quality_at_largest": 0.02},
    arms={"gru": ("model=gru",), "lstm": ("model=lstm",), "rnn": ("model=rnn",)},
    compare=(("gru", "lstm"), ("gru", "rnn"), ("lstm", "rnn")),
    fairness="equal width",
    tasks=(TASK,),
    values="all",
)


def conduct(settings: StudySettings, words: Sequence[str], train: Train, command: str) -> Study:
    """Compare the three on the data that ``words`` name, at a quarter, a half and all of them (or ``data.size``).

    Args:
        settings: how thoroughly, or within which budget.
        words: settings that all runs share, the data among them.
        train: trains runs and gives their records.
        command: that makes the study again.

    Raises:
        SettingError, DataError: the data cannot be read or the runs not made; nothing was trained.
    """
    (request,) = compose([["model=gru", *words]])
    most = call_isolated(_train_examples, request)
    sizes = sorted({size for size in (most // 4, most // 2) if size >= FEWEST_EXAMPLES} | {most})
    task = StudyTask(
        name=TASK,
        title="own data",
        overrides=tuple(word for word in words if not word.startswith("data.size=")),
        axis="data.size",
        values=tuple(sizes),
        usual=most,
        learning_rate=(0.0005, 0.02),
    )
    return studies.conduct(settings, [CLAIM], {TASK: task}, [], train, command)


def _train_examples(request: RunSettings, send: Callable[[object], None]) -> int:  # noqa: ARG001
    return request.data.pinned().train_examples()


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
    lines += [f"note: {note}" for note in findings["gru", "lstm"].notes]
    lines += [f"not counted: {line}" for line in study.skipped]
    return safe("\n".join(lines))


def _which(finding: Finding) -> str:
    """Which of the two to take, and how surely."""
    decision = finding.decision
    if decision is None:
        why = "; ".join(finding.notes[-1:]) or "there are no pairs"
        return f"These runs do not tell GRU and LSTM apart: {why}."
    effect = decision.effect
    scale = "of the way from the trivial baseline to the best"
    by = (
        f"GRU less LSTM is {interval(effect)} {scale} (95 % interval, {decision.pairs} pairs, "
        f"p {'< 0.001' if decision.p < 0.001 else f'= {decision.p:.3f}'})"
    )
    if decision.verdict == "equivalent":
        return f"Take the cheaper of GRU and LSTM: they do equally well within {finding.margin:.0%}. {by}."
    if effect.low > 0:
        return f"Take the GRU. {by}."
    if effect.high < 0:
        return f"Take the LSTM. {by}."
    settle = f" {finding.settle[0].upper()}{finding.settle[1:]} would settle it." if finding.settle else ""
    return f"These runs cannot tell whether GRU or LSTM does better. {by}.{settle} Until then, take the cheaper."


def _plain(findings: dict[tuple[str, str], Finding]) -> str:
    """Whether gates are needed at all."""
    effects = [finding.decision.effect for pair, finding in findings.items() if "rnn" in pair and finding.decision]
    if not effects:
        return ""
    if all(effect.low > 0 for effect in effects):
        return "Both do better than a plain RNN."
    if any(effect.high < 0 for effect in effects):
        return "A plain RNN does better than one of them: look at it before you take either."
    return "A plain RNN is not clearly behind: gates may not be needed for these data."


def _costs(runs: pd.DataFrame, study: Study) -> pd.DataFrame:
    import pandas as pd

    rates = {
        arm: study.book.entries[positions[-1]].learning_rate for arm, positions in study.book.arms[CLAIM.name].items()
    }
    rows = []
    for arm, own in runs.groupby("arm", sort=False):
        scored = own.loc[own["status"] == "completed", "quality.test"].dropna()
        test = mean_interval(scored)
        rows.append(
            {
                "model": arm,
                "width": f"{own['model.hidden_size'].iloc[0]:.0f}",
                "parameters": f"{own['model.parameters'].iloc[0]:,.0f}",
                "learning rate": f"{rates[str(arm)]:.3g}",
                "test mean [95 %]": f"{test.mean:.4g}" + f" [{test.low:.4g}, {test.high:.4g}]" * (len(scored) > 1),
                "training s": f"{own['speed.training_seconds'].median():.1f}",
                "ms an update": f"{own['speed.step_ms_median'].median():.3g}",
                "runs": f"{len(own)}" + (f", {len(own) - len(scored)} lost" if len(scored) < len(own) else ""),
            }
        )
    return pd.DataFrame(rows)


def _more_data(runs: pd.DataFrame) -> str:
    """What the last doubling of the data gave each model."""
    sizes = sorted(runs["value"].unique())
    if len(sizes) < 2:
        return "There are too few examples to see what more of them would change."
    less, most = sizes[-2:]
    sign = 1 if runs["quality.higher_is_better"].dropna().iloc[0] else -1
    gains = []
    for arm, own in runs.groupby("arm", sort=False):
        table = own.pivot_table(index="seed", columns="value", values="quality.test")
        gain = (sign * (table[most] - table[less])).dropna() if {less, most} <= set(table) else []
        if len(gain) > 1:
            gains.append(f"{arm} {interval(mean_interval(gain))}")
    if not gains:
        return "There are too few runs to see what more data would change."
    return f"More data: from {less:,} to {most:,} examples the test metric improved by {', '.join(gains)}."
