"""Plots of runs: quality against data and against parameters, learning curves, step times, times to target."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.report import style
from rnncompare.report.figures.curves import learning_curve, learning_curves
from rnncompare.report.figures.quality import quality_by_examples, quality_by_parameters
from rnncompare.report.figures.times import step_time, time_to_target
from rnncompare.report.tables import label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = [
    "draw_all",
    "learning_curve",
    "learning_curves",
    "quality_by_examples",
    "quality_by_parameters",
    "step_time",
    "time_to_target",
]


def draw_all(frame: pd.DataFrame, curves: pd.DataFrame, folder: Path) -> dict[str, list[Path]]:
    """Draw every plot that the runs have numbers for, one of each kind a task, as PNG and SVG.

    Args:
        frame: records as `rnncompare.load_records` gives them.
        curves: their learning curves, as `rnncompare.records.load_curves` gives them.
        folder: where the files go; it exists.

    Returns:
        The PNG files written, by task; each has an SVG beside it.
    """
    frame, _ = label(frame)
    kinds: dict[str, Callable[[pd.DataFrame], Figure | None]] = {
        "quality_by_examples": quality_by_examples,
        "learning_curves": lambda runs: learning_curves(runs, curves),
        "quality_by_parameters": quality_by_parameters,
        "step_time": step_time,
        "time_to_target": time_to_target,
    }
    written: dict[str, list[Path]] = {}
    for number, (task, runs) in enumerate(frame.groupby("task")):
        for kind, draw in kinds.items():
            figure = draw(runs)
            if figure is not None:
                path = folder / f"{kind}-{style.slug(task, number)}.png"
                style.save(figure, path, path.with_suffix(".svg"))
                written.setdefault(str(task), []).append(path)
    return written
