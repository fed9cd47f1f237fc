"""What all plots share: the series of a task with their looks, and the words on axes and under titles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rnncompare.report import style
from rnncompare.report.style import plain

if TYPE_CHECKING:
    import pandas as pd

FAINT: dict[str, Any] = {"linestyle": "", "markersize": 3.5, "alpha": 0.3}  # single runs beside their mean
LONGEST = 36  # characters of a line beside an axis


def series_of(runs: pd.DataFrame, drawn: pd.DataFrame, by: str) -> Iterator[tuple[str, dict[str, Any], pd.DataFrame]]:
    """The ``drawn`` runs of each series with its look: the model's, with other markers where it has several series.

    Looks depend on all ``runs`` of the task, so that they are the same in every panel.
    """
    firsts = runs.sort_values(["model.hidden_size", by]).drop_duplicates(by)
    ordered = sorted(zip(firsts["model.name"], firsts[by], strict=True), key=lambda pair: _order(pair[0]))
    seen: dict[str, int] = {}
    for model, name in ordered:
        nth = seen[model] = seen.get(model, -1) + 1
        look = style.line(model) | ({"marker": style.MARKERS[(nth - 1) % len(style.MARKERS)]} if nth else {})
        group = drawn[drawn[by] == name]
        if len(group):
            yield name, look, group


def _order(model: str) -> tuple[str, str]:
    """Hand-written and torch models of one name stand side by side."""
    return model.removeprefix("torch_"), model


def legend_name(name: str, runs: pd.DataFrame, by: str) -> str:
    """The name of a series with the number of its runs that came to nothing."""
    status = runs.loc[runs[by] == name, "status"]
    lost = [f"{(status == kind).sum()} {kind}" for kind in ("diverged", "failed") if (status == kind).any()]
    return plain(", ".join([name, *lost]))


def task_name(runs: pd.DataFrame) -> str:
    """The name of the task that all ``runs`` are of, with its settings that vary."""
    return str(runs["task"].iloc[0])


def metric_axis(split: str, runs: pd.DataFrame) -> str:
    """The label of an axis of quality: what, in what unit, and which way is good."""
    first = runs.iloc[0]
    words = plain(f"{split} {style.metric_label(first['quality.metric'])}")
    if len(words) > LONGEST:
        words = words.replace(" (", "\n(")
    return f"{words}\n{style.direction(first['quality.higher_is_better'])}"


def seeds_note(runs: pd.DataFrame, by: str, several: str, one: str) -> str:
    """A note on how many seeds stand behind each point."""
    counts = runs.groupby([by, "data.train_examples"])["seed"].nunique()
    if counts.max() == 1:
        return one
    return several.format(
        f"{counts.max()} seeds" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()} seeds"
    )
