"""Figures: each is a matplotlib Figure made by one function from a table, saved as PNG and SVG by `svg`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rnncompare.report.figures.learning import learning_curve, learning_curves
from rnncompare.report.figures.times import step_time, time_to_target

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["learning_curve", "learning_curves", "of_task", "step_time", "time_to_target"]


def of_task(runs: pd.DataFrame, curves: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Every figure that the runs of one task have numbers for, with the name of its kind.

    Args:
        runs: labelled by `rnncompare.report.tables.label`.
        curves: their learning curves, as `rnncompare.records.load_curves` gives them.
    """
    from rnncompare.report.figures.scores import quality_by_examples, quality_by_parameters

    made = {
        "quality_by_examples": quality_by_examples(runs),
        "learning_curves": learning_curves(runs, curves),
        "quality_by_parameters": quality_by_parameters(runs),
        "step_time": step_time(runs),
        "time_to_target": time_to_target(runs),
    }
    return ((kind, figure) for kind, figure in made.items() if figure is not None)
