"""What a claim is judged by: its runs, their curves, and measurements that are not runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnncompare.claims.scale import Scale

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """The evidence for one claim.

    Attributes:
        runs: as `rnncompare.load_records` gives them, with ``arm`` (the claim's name for the model), ``task`` (of the
            study), ``axis`` and ``value`` (of what is varied), ``rate`` (the learning rate), ``seed``, and ``added``:
            False for the rates that the study began with, True for those by which the range grew.
        curves: learning curves of these runs, with ``run_id``.
        probes: measurements as `rnncompare.measurements.store.load_measurements` gives them, with ``arm``.
        scales: how each task is scored, by its name.
        looks: after how many pairs the study was to be looked at.
    """

    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    scales: dict[str, Scale] = field(default_factory=dict)
    looks: tuple[int, ...] = (10,)
