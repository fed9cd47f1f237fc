"""Every run of a report by its id: a list that needs no script, and its settings, scores and curve for the page's own.

The page's script opens a run when its anchor, ``#run-ID``, is followed. What it shows lies in one block of JSON.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from rnncompare.base.wording import direction, metric_label, printable
from rnncompare.report.pages import phrases

if TYPE_CHECKING:
    import pandas as pd

POINTS = 10  # of a curve
RATE = "config.train.learning_rate"
FIELDS = {
    RATE: "learning rate",
    "quality.train": "on training data",
    "quality.validation": "on validation data",
    "quality.test": "on test data",
    "quality.baseline": "trivial baseline",
    "speed.updates": "updates",
    "speed.updates_to_target": "updates to the target",
    "speed.training_seconds": "seconds in training",
    "speed.step_ms_median": "ms an update",
    "memory.peak_mb": "peak memory (MB)",
}


@dataclass
class RunGroup:
    """Runs that differ in their seed, and in their learning rate, only.

    Attributes:
        anchor: of the group.
        title: model, task and condition.
        settings: of the runs, as they are given on a command line.
        runs: a row each, as `rnncompare.load_records` gives them.
    """

    anchor: str
    title: str
    settings: str
    runs: pd.DataFrame

    def listed(self) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Each learning rate with id, seed and, in short, the outcome of each of its runs, by seed."""
        columns = ["run_id", "seed", "status", "quality.test"]
        shown = self.runs.reindex(columns=[*columns, RATE]).sort_values("seed")
        for rate, runs in shown.groupby(RATE, dropna=False):
            yield (
                phrases.figure(float(str(rate))),
                [
                    (str(run), f"{seed}", phrases.figure(test) if status == "completed" else str(status))
                    for run, seed, status, test in runs[columns].itertuples(index=False)
                ],
            )


def run_data(groups: Iterable[RunGroup], curves: Sequence[pd.DataFrame], results: Path, output: Path) -> Markup:
    """The block of JSON that the page's script reads; it can stand in a script element.

    Args:
        groups: all runs of the page.
        curves: learning curves with ``run_id``.
        results: folder of the records; only files in it are linked.
        output: folder of the page.
    """
    points = {str(run): curve for part in curves if len(part) for run, curve in part.groupby("run_id")}
    content = {
        "fields": list(FIELDS.values()),
        "records": _address(results, output),
        "groups": [
            {
                "title": printable(group.title, 200),
                "settings": printable(group.settings, 600),
                **_common(group.runs),
                "runs": [_run(row, points.get(row["run_id"]), results) for row in group.runs.to_dict("records")],
            }
            for group in groups
        ],
    }
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def _common(runs: pd.DataFrame) -> dict[str, Any]:
    """What the runs of a group share."""
    known = runs.dropna(subset="quality.metric")
    better = f", {direction(known['quality.higher_is_better'].iloc[0])}" if len(known) else ""
    return {
        "metric": f"{metric_label(known['quality.metric'].iloc[0])}{better}" if len(known) else "quality",
        "size": f"hidden size {phrases.figure(runs['model.hidden_size'].median())}, "
        f"{phrases.figure(runs['model.parameters'].median())} parameters",
    }


def _run(row: dict[Any, Any], curve: pd.DataFrame | None, results: Path) -> list[Any]:
    """Id, seed, status, the address of its record in the folder of results, scores, curve, and error."""
    scores = [_short(row.get(name)) for name in FIELDS]
    error = printable(row["error"], 200) if isinstance(row.get("error"), str) else ""
    address = record_address(row.get("path"), results)
    if address == f"{row['run_id']}/record.json":
        address = "."  # the usual place, in fewer bytes
    told = [str(row["run_id"]), int(row["seed"]), str(row["status"]), address, scores, _points(curve)]
    return [*told, error] if error else told


def _short(value: Any) -> float | int | None:
    """A number to four digits; None where it is not one."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.4g}")
    return int(short) if short.is_integer() else short


def _points(curve: pd.DataFrame | None) -> list[Any]:
    """First and last update of a curve, and the validation metric at evenly spaced updates between them."""
    known = None if curve is None else curve.dropna(subset=["update", "validation_metric"])
    if known is None or len(known) < 2:
        return []
    updates = known["update"].to_numpy(float)
    at = np.linspace(updates[0], updates[-1], min(POINTS, len(known)))
    return [*map(_short, updates[[0, -1]]), *map(_short, np.interp(at, updates, known["validation_metric"]))]


def record_address(path: object, results: Path) -> str:
    """The address of a record as seen from the folder of results; empty for what is not a file in it."""
    if not isinstance(path, str) or not path:
        return ""
    try:
        file, folder = Path(path).resolve(), results.resolve()
        inside = file.is_file() and file.is_relative_to(folder)
    except (OSError, ValueError):  # a null byte
        return ""
    return quote(file.relative_to(folder).as_posix()) if inside else ""


def _address(results: Path, output: Path) -> str:
    """The folder of records as seen from the page; empty where there is no way, as to another drive."""
    try:
        relative = Path(os.path.relpath(results.resolve(), output.resolve())).as_posix()
    except ValueError:
        return ""
    return quote(relative if relative.startswith(".") else f"./{relative}") + "/"
