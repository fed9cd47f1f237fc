"""What a claim is judged by: its runs, their curves, and measurements that are not runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """The evidence for one claim.

    Attributes:
        runs: evaluation runs as `rnncompare.load_records` gives them, with ``arm`` (the claim's name for the model),
            ``task`` (of the study), ``axis`` and ``value`` (of what is varied) and ``seed``.
        tuning: the trials, with the same columns and ``chosen``, whether their learning rate was.
        curves: learning curves of the evaluation runs, with ``run_id``.
        probes: measurements as `rnncompare.measurements.store.load_measurements` gives them.
    """

    runs: pd.DataFrame
    tuning: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
