"""Studies of the earlier protocol: their records are read, their verdicts shown as they stood.

Then, models were tuned on seeds of their own and trained for a fixed number of updates, and tasks were averaged. That
judge is gone; what it said is in the study's table of verdicts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncompare.base.errors import DataError
from rnncompare.studies.files import Files, read_files
from rnncompare.studies.manifest import NAME, is_earlier

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = "verdicts.csv"
PROTOCOL = "earlier protocol: tuned apart from the seeds judged, trained for a fixed number of updates, tasks averaged"


@dataclass(frozen=True)
class EarlierStudy:
    """A published study of the earlier protocol.

    Attributes:
        command: that made it.
        settings: of the study.
        tasks: name, title, axis and values of each study task.
        claims: plain values of each claim, as it was written then.
        verdicts: a row for each comparison: ``claim``, ``measure``, ``first``, ``second``, ``verdict``, ``effect``,
            ``low``, ``high``, ``unit``, ``margin``, ``pairs``, ``p``, ``p_adjusted``, as they stood.
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
    import pandas as pd

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
