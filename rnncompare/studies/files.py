"""What a study's runs left: their records, learning curves and probes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.measurements.store import read_probes
from rnncompare.records import load_curves, read_records, to_frame

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Files:
    """The tables of a study.

    Attributes:
        records: as `rnncompare.load_records` gives them; without ``path`` where they were published.
        curves: of the records, with ``run_id``.
        probes: as `rnncompare.measurements.store.load_probes` gives them.
        skipped: a line for each file that could not be read.
    """

    records: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    skipped: list[str]


def read_files(folder: Path, runs: bool = True) -> Files:
    """The tables of the files in ``folder``.

    Args:
        folder: of the study.
        runs: whether any are booked: claims that need no training leave none.

    Raises:
        DataError: there is no record where there should be.
    """
    records, skipped = read_records(folder) if runs else (to_frame([]), [])
    probes, unread = read_probes(folder)
    return Files(records, load_curves(records), probes, [*skipped, *unread])
