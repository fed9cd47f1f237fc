"""The page of runs without a study: their summary, their figures, and the runs themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from rnncompare.base.wording import counted, direction, metric_label
from rnncompare.report import tables
from rnncompare.report.figures.canvas import slug
from rnncompare.report.figures.run_scores import quality_by_examples, quality_by_parameters
from rnncompare.report.figures.run_times import learning_curves, step_time, time_to_target
from rnncompare.report.pages.render import Drawn, Plotter, write_page
from rnncompare.report.pages.run_lists import RunGroup


def write_runs(
    frame: pd.DataFrame,
    curves: pd.DataFrame,
    summary: pd.DataFrame,
    notes: Sequence[str],
    skipped: Sequence[str],
    results: Path,
    output: Path,
) -> list[Path]:
    """Write the page of runs alone, with its figures as PNG and SVG.

    Args:
        frame: records as `rnncompare.load_records` returns them.
        curves: their learning curves.
        summary: as `tables.summarise` returns it.
        notes: what a reader must know of the runs, a line each.
        skipped: a line for each file that was not counted.
        results: the folder they were read from.
        output: an existing folder for the page.

    Returns:
        The files written, the page first; each PNG has an SVG beside it.
    """
    labelled, _ = tables.label(frame)
    groups: list[RunGroup] = []
    parts: list[dict[str, Any]] = []
    plotter = Plotter(output)
    for number, (task, rows) in enumerate(summary.groupby("task")):
        of_task = labelled[labelled["task"] == task]
        made = [
            plotter.draw(
                figure, f"{kind.replace('_', ' ')} of {task}", "the table above has the numbers", f"{kind}-{file}"
            )
            for kind, figure in _figures(of_task, curves)
            for file in [slug(str(task), number)]
        ]
        mine = [_group(row, of_task, len(groups) + place) for place, row in enumerate(rows.to_dict("records"))]
        groups += mine
        parts.append(_part(str(task), number, rows, made, [group.anchor for group in mine]))
    seeds = frame["seed"].nunique()
    page = write_page(
        "runs.html.j2",
        plotter,
        frame,
        groups,
        [curves],
        results,
        contents=[(part["anchor"], part["title"]) for part in parts],
        title="Runs compared",
        subtitle=f"{counted(len(frame), 'run')}, {seeds} {'seed: no intervals' if seeds == 1 else 'seeds'}",
        skipped=skipped,
        notes=notes,
        tasks=parts,
    )
    return [page, *plotter.written]


def _figures(runs: pd.DataFrame, curves: pd.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Every figure that the labelled runs of one task have numbers for, with the name of its kind."""
    made = {
        "quality_by_examples": quality_by_examples(runs),
        "learning_curves": learning_curves(runs, curves),
        "quality_by_parameters": quality_by_parameters(runs),
        "step_time": step_time(runs),
        "time_to_target": time_to_target(runs),
    }
    return ((kind, figure) for kind, figure in made.items() if figure is not None)


def _group(row: dict[Any, Any], runs: pd.DataFrame, number: int) -> RunGroup:
    """The runs behind a row of the summary, with the settings they share."""
    mine = runs[runs["run_id"].isin(row["run_ids"].split(" "))]
    size = "" if row["data.train_examples"] != row["data.train_examples"] else f", {row['data.train_examples']:,.0f}"
    title = f"{mine['variant'].iloc[0]}, {row['task']}{f'{size} examples' if size else ''}"
    settings = {name.removeprefix("config."): mine[name].iloc[0] for name in mine if name.startswith("config.")}
    left_out = ("seed", "results_dir", "force", "run_timeout", "checkpoint_seconds", "model.name", "data.name")
    known = {
        name: f"{value:g}" if isinstance(value, float) else value
        for name, value in settings.items()
        if name not in left_out and value is not None and value == value
    }
    words = " ".join(f"{name}={value}" for name, value in known.items())
    return RunGroup(f"runs-{number}", title, f"model={row['model.name']} data={row['data.name']} {words}", mine)


def _part(task: str, number: int, rows: pd.DataFrame, made: list[Drawn], anchors: list[str]) -> dict[str, Any]:
    """A task as the template shows it."""
    known = rows.bfill().iloc[0]
    shown = tables.shown(rows)
    metric, better = metric_label(known["quality.metric"]), direction(known["quality.higher_is_better"])
    return {
        "anchor": f"task-{slug(task, number)}",
        "title": task,
        "metric": f"{metric}, {better}",
        "columns": list(shown),
        "rows": shown.astype(object).where(shown.notna(), "–").values.tolist(),
        "anchors": anchors,
        "linked": list(shown).index("runs"),
        "figures": made,
    }
