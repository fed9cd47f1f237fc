"""What figures of runs share: the series of a task with their looks, and the words on axes and under titles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rnncompare.base.wording import direction, metric_label
from rnncompare.report.figures.canvas import plain
from rnncompare.report.figures.palette import model_looks

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 36  # characters of a line beside an axis


def series_of(runs: pd.DataFrame, drawn: pd.DataFrame, by: str) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """The ``drawn`` runs of each series with its label and its look.

    Looks depend on all ``runs`` of the task, so that they are the same in every panel. The label has the number of
    runs that came to nothing.
    """
    firsts = runs.sort_values(["model.hidden_size", by]).drop_duplicates(by)
    beside = {name: (model.removeprefix("torch_"), model) for model, name in firsts[["model.name", by]].to_numpy()}
    for name, look in model_looks(sorted(beside, key=lambda name: beside[name])).items():
        group = drawn[drawn[by] == name]
        if len(group):
            status = runs.loc[runs[by] == name, "status"]
            lost = [f"{(status == kind).sum()} {kind}" for kind in ("diverged", "failed") if (status == kind).any()]
            yield plain(", ".join([name, *lost])), look, group


def task_name(runs: pd.DataFrame) -> str:
    """The name of the task that all ``runs`` are of, with its settings that vary."""
    return str(runs["task"].iloc[0])


def metric_axis(split: str, runs: pd.DataFrame) -> str:
    """The label of an axis of quality: what, in what unit, and which way is good."""
    known = runs.dropna(subset="quality.metric")
    if not len(known):
        return f"{split} quality"
    first = known.iloc[0]
    words = plain(f"{split} {metric_label(first['quality.metric'])}")
    if len(words) > LONGEST:
        words = words.replace(" (", "\n(")
    return f"{words}\n{direction(first['quality.higher_is_better'])}"


def seeds_note(runs: pd.DataFrame, by: str, several: str, one: str) -> str:
    """A note on how many seeds stand behind each point."""
    counts = runs.groupby([by, "data.train_examples"])["seed"].nunique()
    if counts.max() == 1:
        return one
    return several.format(
        f"{counts.max()} seeds" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} seeds"
    )
