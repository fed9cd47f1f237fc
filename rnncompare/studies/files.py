"""What a study's runs left: their records, learning curves and measurements."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.measurements.store import STORE as MEASUREMENTS
from rnncompare.measurements.store import read_measurements
from rnncompare.records import read_curves, read_records, to_frame
from rnncompare.records.store import CURVES, read_frame
from rnncompare.records.store import NAME as RECORDS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Files:
    """The tables of a study, published or not.

    Attributes:
        records: as `rnncompare.load_records` gives them.
        curves: of the records, with ``run_id``.
        probes: as `rnncompare.measurements.store.load_measurements` gives them.
        skipped: a line for each file that could not be read.
    """

    records: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    skipped: list[str]


def read_files(folder: Path, runs: bool = True) -> Files:
    """The tables of the study in ``folder``.

    Args:
        folder: of the study.
        runs: whether the study has any: claims that need no training leave none.

    Raises:
        DataError: there is no record where there should be, or the study was published and one of its tables is absent
            or torn.
    """
    _require_whole(folder)
    records, skipped = read_records(folder) if runs else (to_frame([]), [])
    curves, without_curve = read_curves(records)
    probes, unread = read_measurements(folder)
    return Files(records, curves, probes, [*skipped, *without_curve, *unread])


def _require_whole(folder: Path) -> None:
    """Raise `DataError` if the study was published and lacks a table: findings must not rest on half of it."""
    if not (folder / CURVES).exists():
        return
    for name, key in ((RECORDS, "run_id"), (CURVES, "run_id"), (MEASUREMENTS, "probe_id")):
        frame = read_frame(folder / name, [key])
        if frame is None or key not in frame:
            raise DataError(f"{folder / name}: absent, torn or not published by rnncompare; publish the study again")
