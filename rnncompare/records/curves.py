"""The learning curves of runs, read from their folders or from a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.base.files import open_regular
from rnncompare.records.parquet_store import CURVES, read_frame
from rnncompare.records.run_folder import CURVE_COLUMNS
from rnncompare.records.table import warn_of

if TYPE_CHECKING:
    import pandas as pd


def load_curves(frame: pd.DataFrame) -> pd.DataFrame:
    """The learning curves of `read_curves`; one `RecordWarning` names runs without a curve."""
    curves, skipped = read_curves(frame)
    warn_of(skipped)
    return curves


def read_curves(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """The learning curves of the runs in ``frame``.

    Args:
        frame: with ``run_id`` and ``path``, as `read_records` returns them.

    Returns:
        `CURVE_COLUMNS` and ``run_id``, one row per validation; and a line for each file of curves that is absent or
        torn, whose runs have no rows, or that lacks the curves of completed runs.

    Raises:
        DataError: ``frame`` is no such table.
    """
    import pandas as pd

    if not isinstance(frame, pd.DataFrame) or not {"run_id", "path"} <= set(frame.columns):
        raise DataError("a table with run_id and path is needed, as rnncompare.load_records gives it")
    curves, skipped = [], []
    for path, group in frame.groupby("path", sort=False):
        runs = group["run_id"]
        try:
            if Path(path).suffix == ".parquet":
                file = Path(path).with_name(CURVES)
                stored = _stored_curves(file)
                curves.append(stored[stored["run_id"].isin(set(runs))])
                lacking = runs[~runs.isin(set(stored["run_id"])) & (group.get("status") == "completed")]
                if len(lacking):
                    skipped.append(f"{file}: no curve of {', '.join(lacking)}")
            else:
                curves.append(_read_curve(path).assign(run_id=runs.iloc[0]))
        except DataError as error:
            count = f", with the curves of {len(runs)} runs" if len(runs) > 1 else ""
            skipped.append(f"{error}{count}")
    whole = [curve for curve in curves if len(curve)]
    empty = pd.DataFrame(columns=[*CURVE_COLUMNS, "run_id"])
    return pd.concat(whole, ignore_index=True) if whole else empty, skipped


def load_curve(path: str | Path) -> pd.DataFrame:
    """The learning curve beside the record at ``path``: `CURVE_COLUMNS`; no rows if it is absent or torn."""
    import pandas as pd

    try:
        return _read_curve(path)
    except DataError:
        return pd.DataFrame(columns=CURVE_COLUMNS)


def _read_curve(record: str | Path) -> pd.DataFrame:
    """The learning curve beside a record; `DataError` if it is absent or torn."""
    import pandas as pd

    path = Path(record).with_name("curve.csv")
    try:
        with open_regular(path) as file:
            curve = pd.read_csv(file, dtype="float64")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise DataError(f"{path}: not a learning curve") from error
    if not set(CURVE_COLUMNS) <= set(curve):
        raise DataError(f"{path}: not a learning curve")
    return curve[list(CURVE_COLUMNS)]


def _stored_curves(path: Path) -> pd.DataFrame:
    curves = read_frame(path)
    if curves is None or not {*CURVE_COLUMNS, "run_id"} <= set(curves):
        raise DataError(f"{path}: absent, torn, damaged or not a table of learning curves")
    return curves
