"""A published study of the earlier protocol: read, and shown with its verdicts as they stood and every run behind them.

Under that protocol models were tuned on seeds of their own and trained for a fixed number of updates, and tasks were
averaged. Its judge is gone; what it said is in the study's table of verdicts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted
from rnncompare.report.figures.canvas import slug
from rnncompare.report.pages import overview, phrases
from rnncompare.report.pages.phrases import TaskName, model_name, task_names
from rnncompare.report.pages.render import Plotter, write_page
from rnncompare.report.pages.run_lists import RunGroup
from rnncompare.statistics import Interval, mean_interval
from rnncompare.studies.manifest import NAME, is_earlier
from rnncompare.studies.verdicts import Files, read_files

VERDICTS = "verdicts.csv"
PROTOCOL = "earlier protocol: tuned apart from the seeds judged, trained for a fixed number of updates, tasks averaged"


@dataclass(frozen=True)
class EarlierStudy:
    """A published study of the earlier protocol.

    Attributes:
        command: with which it was made.
        settings: of the study.
        tasks: name, title, axis and values of each study task.
        claims: the values of each claim as written at the time.
        verdicts: a row for each comparison: ``claim``, ``measure``, ``first``, ``second``, ``verdict``, ``effect``,
            ``low``, ``high``, ``unit``, ``margin``, ``pairs``, ``p``, ``p_adjusted``, as published.
        files: its runs, curves and measurements.
        runs: a row for each run of a claim: ``claim``, ``arm``, ``task``, ``value``, ``stage`` (tuning or evaluation),
            ``run_id``.
    """

    command: str
    settings: dict[str, Any]
    tasks: dict[str, dict[str, Any]]
    claims: list[dict[str, Any]]
    verdicts: pd.DataFrame
    files: Files
    runs: pd.DataFrame


def read_earlier_study(folder: Path) -> EarlierStudy:
    """The published study of the earlier protocol in ``folder``.

    Raises:
        DataError: there is none, or a file of it is absent or torn.
    """
    if not is_earlier(folder):
        raise DataError(f"{folder / NAME}: not of a study of the earlier protocol")
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        verdicts = pd.read_csv(folder / VERDICTS)
        rows = [
            (claim, arm, entry["task"], entry["value"], stage, run)
            for claim, arms in content["arms"].items()
            for arm, positions in arms.items()
            for entry in (content["entries"][position] for position in positions)
            for stage, runs in (("tuning", entry["tuning"]), ("evaluation", entry["evaluation"].values()))
            for run in runs
        ]
        runs = pd.DataFrame(rows, columns=["claim", "arm", "task", "value", "stage", "run_id"])
        plain = {name: content[name] for name in ("command", "settings", "tasks", "claims")}
        return EarlierStudy(**plain, verdicts=verdicts, files=read_files(folder), runs=runs)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError(f"{folder}: not a published study: {' '.join(str(error).split())}") from error


KEY = ["claim", "arm", "task", "value", "stage"]


@dataclass(frozen=True)
class Verdict:
    """A row of the verdict table as published."""

    verdict: str
    measure: str
    compared: str
    effect: Interval | None
    unit: str
    margin: float
    pairs: int
    p: float
    p_adjusted: float
    settle: str
    notes: str


@dataclass
class EarlierClaim:
    """A claim as written at the time, its verdicts, and the runs of each model in each condition."""

    claim: dict[str, Any]
    anchor: str
    verdicts: list[Verdict]
    trained: list[dict[str, str]]


def earlier_runs(study: EarlierStudy) -> pd.DataFrame:
    """Each run of the study once, with ``stage``, ``task``, ``value`` and ``variant``, the name of its model."""
    settings = {(claim["name"], arm): words for claim in study.claims for arm, words in claim["arms"].items()}
    named = study.runs.drop_duplicates("run_id")
    named = named.assign(
        variant=[model_name(settings.get(key, (key[1],))) for key in zip(named["claim"], named["arm"], strict=True)]
    )
    return named.merge(study.files.records, on="run_id", how="inner")


def write_earlier_study(study: EarlierStudy, runs: pd.DataFrame, results: Path, output: Path) -> list[Path]:
    """Write the page of a study of the earlier protocol, with its figures as PNG and SVG.

    Args:
        study: as published.
        runs: as `earlier_runs` returns them.
        results: its folder.
        output: an existing folder for the files.

    Returns:
        The files written, the page first; each PNG has an SVG beside it.
    """
    plotter = Plotter(output)
    names = task_names(study.tasks)
    groups = list(_groups(study, runs, names))
    claims = _claims(study, groups, names)
    glimpses = [
        overview.Glimpse(
            f"{view.claim['name']} ({seen.measure}): {seen.compared}", seen.verdict, seen.effect, seen.margin
        )
        for view in claims
        for seen in view.verdicts
    ]
    forest = overview.glance(glimpses, plotter)
    judged = runs[runs["stage"] == "evaluation"]
    tasks = list(overview.by_task(names, judged, [study.files.curves], plotter))
    contents = [("verdicts", "Verdicts"), ("glance", "At a glance"), ("claims", "Claim by claim")]
    contents += [("tasks", "Task by task")] if tasks else []
    page = write_page(
        "earlier.html.j2",
        plotter,
        runs,
        groups,
        [study.files.curves],
        results,
        contents=contents,
        settings=study.settings,
        title="GRU or LSTM? A study of the earlier protocol",
        subtitle=f"{counted(len(study.claims), 'claim')}, {len(study.verdicts)} comparisons, "
        f"{len(runs):,} runs. "
        f"Verdicts as they stood: {phrases.tally(study.verdicts['verdict'])}.",
        protocol=PROTOCOL,
        skipped=study.files.skipped,
        claims=claims,
        forest=forest,
        tasks=tasks,
        gradients=[],
        command=study.command,
    )
    return [page, *plotter.written]


def _groups(study: EarlierStudy, runs: pd.DataFrame, names: dict[str, TaskName]) -> Iterator[RunGroup]:
    """The runs of each model in each condition, with trials in groups of their own."""
    settings = {(claim["name"], arm): " ".join(words) for claim in study.claims for arm, words in claim["arms"].items()}
    for number, (key, mine) in enumerate(runs.groupby(KEY, sort=False)):
        claim, arm, task, value, stage = map(str, key)
        trials = ": trials" if stage == "tuning" else ""
        title = f"{mine['variant'].iloc[0]}, {names[task].title} {value}{trials}"
        yield RunGroup(f"runs-{number}", title, settings.get((claim, arm), ""), mine)


def _claims(study: EarlierStudy, groups: list[RunGroup], names: dict[str, TaskName]) -> list[EarlierClaim]:
    anchors = {run: group.anchor for group in groups for run in group.runs["run_id"]}
    records = study.files.records.set_index("run_id")
    return [
        EarlierClaim(
            claim=claim,
            anchor=f"claim-{slug(claim['name'])}",
            verdicts=[
                _verdict({str(name): value for name, value in row.items()})
                for row in study.verdicts[study.verdicts["claim"] == claim["name"]].to_dict("records")
            ],
            trained=list(_trained(study.runs[study.runs["claim"] == claim["name"]], records, anchors, names)),
        )
        for claim in study.claims
    ]


def _verdict(row: dict[str, Any]) -> Verdict:
    known = row["effect"] == row["effect"]
    texts = {name: str(row[name]) if isinstance(row.get(name), str) else "" for name in ("settle", "notes", "unit")}
    return Verdict(
        verdict=str(row["verdict"]),
        measure=str(row["measure"]).replace("_", " "),
        compared=f"{row['first']} against {row['second']}" if isinstance(row["first"], str) else "decided by code",
        effect=Interval(row["effect"], row["low"], row["high"], int(row["pairs"])) if known else None,
        margin=row["margin"],
        pairs=int(row["pairs"]),
        p=row["p"],
        p_adjusted=row["p_adjusted"],
        **texts,
    )


def _trained(
    named: pd.DataFrame, records: pd.DataFrame, anchors: dict[str, str], names: dict[str, TaskName]
) -> Iterator[dict[str, str]]:
    """Each model in each condition: the learning rate chosen by tuning, its runs, and their mean score."""
    evaluated = named[named["stage"] == "evaluation"]
    trials = named[named["stage"] == "tuning"].groupby(KEY[1:4], sort=False)["run_id"].first().to_dict()
    for key, mine in evaluated.groupby(KEY[1:4], sort=False):
        arm, task, value = map(str, key)
        runs = records.loc[records.index.intersection(mine["run_id"])]
        rates = runs["config.train.learning_rate"].dropna().unique()
        yield {
            "arm": arm,
            "task": names[task].title,
            "condition": names[task].condition(value),
            "rate": phrases.figure(rates[0]) if len(rates) == 1 else "drawn for each run" if len(rates) else "–",
            "runs": str(len(runs)),
            "anchor": anchors.get(mine["run_id"].iloc[0], ""),
            "trials": anchors.get(trials.get(key, ""), ""),
            "score": phrases.interval(
                mean_interval(runs.loc[runs["status"] == "completed", "quality.test"]), sign=False
            ),
            "metric": str(next(iter(runs["quality.metric"].dropna()), "")).replace("_", " "),
            "lost": str(int((runs["status"] != "completed").sum())),
        }
