"""The runs of a study as its page needs them: in groups with anchors, and each once with the name of its model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.report.pages.drawing import model_name, task_names
from rnncompare.report.pages.run_details import RunGroup
from rnncompare.studies.verdicts import Study

if TYPE_CHECKING:
    import pandas as pd

    from rnncompare.claims.scale import Scale

CONDITION = ["variant", "task", "value"]


def group_anchor(position: int) -> str:
    """The anchor of the runs of an entry of the manifest."""
    return f"runs-{position}"


def all_runs(study: Study) -> pd.DataFrame:
    """Each run of the study once, with ``variant``, the name of its model."""
    import pandas as pd

    parts = []
    for claim in study.manifest.claims:
        runs = study.evidence[claim.name].runs
        names = {arm: model_name((*settings, *claim.size)) for arm, settings in claim.all_arms.items()}
        if len(runs):
            parts.append(runs.assign(variant=runs["arm"].map(names)))
    return pd.concat(parts, ignore_index=True).drop_duplicates("run_id") if parts else pd.DataFrame()


def at_best_rate(runs: pd.DataFrame, scales: dict[str, Scale]) -> pd.DataFrame:
    """The runs at the learning rate whose mean validation score is the best, of each model in each condition.

    Args:
        runs: as `all_runs` gives them.
        scales: how each task is scored.
    """
    import pandas as pd

    if not len(runs):
        return runs
    scored = pd.concat(
        mine.assign(score=scales[str(task)].scores(mine["quality.validation"], mine["quality.baseline"]))
        for task, mine in runs.groupby("task", sort=False)
    )
    keys = [scored[name].map(str) for name in CONDITION]
    mean = scored.groupby([*keys, "rate"])["score"].transform("mean")
    best = mean.groupby(keys).transform("max")
    chosen = scored[mean == best]
    lowest = chosen.groupby([chosen[name].map(str) for name in CONDITION])["rate"].transform("min")
    return chosen[chosen["rate"] == lowest]


def run_groups(study: Study, runs: pd.DataFrame) -> list[RunGroup]:
    """The runs of each entry of the manifest, each run in one group only."""
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
