"""The runs of a page: in groups, each run by its id, with its settings, scores and curve for the page's script.

The list needs no script. The script opens a run when its anchor, ``#run-ID``, is followed, and shows what is in one
block of JSON.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from rnncompare.base.wording import direction, metric_label, printable
from rnncompare.claims.scale import Scale
from rnncompare.report.pages import phrases
from rnncompare.report.pages.phrases import model_name, task_names
from rnncompare.studies.verdicts import Study

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
    """Runs that differ only in their seed and learning rate.

    Attributes:
        anchor: of the group.
        title: model, task and condition.
        settings: of the runs, as on a command line.
        runs: a row each, as `rnncompare.load_records` returns them.
    """

    anchor: str
    title: str
    settings: str
    runs: pd.DataFrame

    def listed(self) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
        """Each learning rate with the id, seed and short outcome of its runs, by seed."""
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


def run_data(groups: Iterable[RunGroup], curves: Sequence[pd.DataFrame], results: Path, output: Path) -> dict[str, Any]:
    """What the page's script shows of each run.

    Args:
        groups: all runs of the page.
        curves: learning curves with ``run_id``.
        results: folder of the records; only files in it are linked.
        output: folder of the page.
    """
    points = {str(run): curve for part in curves if len(part) for run, curve in part.groupby("run_id")}
    return {
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
        address = "."  # short for the usual place
    told = [str(row["run_id"]), int(row["seed"]), str(row["status"]), address, scores, _points(curve)]
    return [*told, error] if error else told


def _short(value: Any) -> float | int | None:
    """A number to four digits; None if it is not finite."""
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
    """The address of a record relative to the folder of results; empty if it is not a file in that folder."""
    if not isinstance(path, str) or not path:
        return ""
    try:
        file, folder = Path(path).resolve(), results.resolve()
        inside = file.is_file() and file.is_relative_to(folder)
    except (OSError, ValueError):  # a null byte
        return ""
    return quote(file.relative_to(folder).as_posix()) if inside else ""


def _address(results: Path, output: Path) -> str:
    """The folder of records relative to the page; empty if there is no relative path, as to another drive."""
    try:
        relative = Path(os.path.relpath(results.resolve(), output.resolve())).as_posix()
    except ValueError:
        return ""
    return quote(relative if relative.startswith(".") else f"./{relative}") + "/"


CONDITION = ["variant", "task", "value"]


def group_anchor(position: int) -> str:
    """The anchor of the runs of an entry of the manifest."""
    return f"runs-{position}"


def all_runs(study: Study) -> pd.DataFrame:
    """Each run of the study once, with ``variant``, the name of its model."""
    parts = []
    for claim in study.manifest.claims:
        runs = study.evidence[claim.name].runs
        names = {arm: model_name((*settings, *claim.size)) for arm, settings in claim.all_arms.items()}
        if len(runs):
            parts.append(runs.assign(variant=runs["arm"].map(names)))
    return pd.concat(parts, ignore_index=True).drop_duplicates("run_id") if parts else pd.DataFrame()


def at_best_rate(runs: pd.DataFrame, scales: dict[str, Scale]) -> pd.DataFrame:
    """The runs of each model in each condition at the learning rate with the best mean validation score.

    Args:
        runs: as `all_runs` returns them.
        scales: how each task is scored.
    """
    if not len(runs):
        return runs
    parts = [
        scales[str(task)].scores(mine["quality.validation"], mine["quality.baseline"])
        for task, mine in runs.groupby("task", sort=False)
    ]
    ordered = pd.concat(mine for _, mine in runs.groupby("task", sort=False))
    return _at_best(ordered, pd.Series(np.concatenate(parts), ordered.index))


def at_soonest_rate(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs of each model in each condition at the learning rate that reaches the task's target soonest.

    That is the one of the fewest updates in the geometric mean; a run that never got there counts with its cap.

    Args:
        runs: as `all_runs` returns them.
    """
    if not len(runs):
        return runs
    updates = runs["speed.updates_to_target"].fillna(runs["config.train.max_updates"]).astype(float)
    return _at_best(runs, -np.log(updates))


def _at_best(runs: pd.DataFrame, scores: pd.Series) -> pd.DataFrame:
    """The runs of each model in each condition at the rate of the highest mean score; of equal ones the lowest.

    A rate that lacks some of the seeds, as one whose runs were stopped, is not chosen.
    """
    sizes = runs.groupby([*(runs[name].map(str) for name in CONDITION), "rate"])["rate"].transform("size")
    whole = sizes == sizes.groupby([runs[name].map(str) for name in CONDITION]).transform("max")
    runs, scores = runs[whole], scores[whole]
    keys = [runs[name].map(str) for name in CONDITION]
    mean = scores.groupby([*keys, runs["rate"]]).transform("mean")
    chosen = runs[mean == mean.groupby(keys).transform("max")]
    lowest = chosen.groupby([chosen[name].map(str) for name in CONDITION])["rate"].transform("min")
    return chosen[chosen["rate"] == lowest]


def run_groups(study: Study, runs: pd.DataFrame) -> list[RunGroup]:
    """The runs of each entry of the manifest, each run in only one group."""
    names = task_names(study.manifest.tasks)
    seen: set[str] = set()
    groups = []
    for position, entry in enumerate(study.manifest.entries):
        mine = runs[runs["run_id"].isin(set(entry.run_ids))] if len(runs) else runs
        if len(mine):
            title = f"{mine['variant'].iloc[0]}, {names[entry.task].title} {entry.value}".strip()
            fresh = mine[~mine["run_id"].isin(seen)]
            groups.append(RunGroup(group_anchor(position), title, " ".join(entry.overrides), fresh))
        seen |= set(entry.run_ids)
    return groups
