"""The runs behind a claim: what was trained and chosen, what was lost, and where the records are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rnncompare.claims.claim import Claim
from rnncompare.report.pages import phrases as words
from rnncompare.report.pages.conditions import rows, title_of
from rnncompare.report.pages.links import Links, RunLink
from rnncompare.report.style import printable
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd


def trained(study: Study, claim: Claim) -> Iterator[dict[str, Any]]:
    """What was trained for each arm in each condition, and what tuning tried and chose."""
    evidence = study.evidence[claim.name]
    by_condition = _grouped(evidence.runs)
    tried = _grouped(evidence.tuning)
    for arm, positions in study.book.arms.get(claim.name, {}).items():
        for entry in (study.book.entries[position] for position in positions):
            key = (arm, entry.task, str(entry.value))
            runs = by_condition.get(key)
            counts = {} if runs is None else runs["status"].value_counts().to_dict()
            yield {
                "arm": arm,
                "task": title_of(study, entry.task),
                "value": str(entry.value),
                "planned": len(entry.evaluation),
                "recorded": 0 if runs is None else len(runs),
                "diverged": counts.get("diverged", 0),
                "failed": counts.get("failed", 0),
                "width": _median(runs, "model.hidden_size"),
                "parameters": _median(runs, "model.parameters"),
                "rate": _rate(entry.learning_rate, claim),
                "tried": _tried(tried.get(key)),
            }


def _grouped(runs: pd.DataFrame) -> dict[tuple[str, str, str], pd.DataFrame]:
    if not len(runs):
        return {}
    keys = [runs["arm"], runs["task"], runs["value"].map(str)]
    return {(str(a), str(t), str(v)): group for (a, t, v), group in runs.groupby(keys, sort=False)}


def _median(runs: pd.DataFrame | None, column: str) -> str:
    return "–" if runs is None else words.figure(runs[column].median())


def _rate(rate: float | None, claim: Claim) -> str:
    if rate is not None:
        return words.figure(rate)
    if claim.random_learning_rate:
        return "drawn, {} to {}".format(*map(words.figure, claim.random_learning_rate))
    return "–"


def _tried(trials: pd.DataFrame | None) -> str:
    if trials is None:
        return "–"
    found = zip(trials["config.train.learning_rate"], trials["quality.validation"], trials["status"], strict=True)
    return ", ".join(
        f"{words.figure(rate)}: {words.figure(score)}{'' if status == 'completed' else f' ({status})'}"
        for rate, score, status in found
    )


def lost(runs: pd.DataFrame, links: Links) -> Iterator[dict[str, Any]]:
    """Runs that diverged or failed, with what they said."""
    if not len(runs):
        return
    for row in rows(runs[runs["status"] != "completed"]):
        yield {
            "link": links.run(row),
            "arm": row["arm"],
            "task": row["task"],
            "value": row["value"],
            "status": row["status"],
            "error": printable(row["error"] or "", 200),
        }


def run_lists(study: Study, runs: pd.DataFrame, links: Links) -> Iterator[tuple[str, list[RunLink]]]:
    """The runs of each arm in each condition, by seed."""
    for (arm, task, value), group in _grouped(runs).items():
        ordered = group.sort_values("seed")
        yield f"{arm}, {title_of(study, task)} {value}".strip(), [links.run(row) for row in rows(ordered)]
