"""Which column of a user's table orders its rows, and its texts as times."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.loaders.columns import is_text, refuse
from rnncompare.tasks.loaders.tables import Table

if TYPE_CHECKING:
    import pandas as pd

TIMES = re.compile(r"(.*[_ ])?(time|date|datetime|time_?stamp|ts|ds|t|step|index|frame|order|position|hour|day)", re.I)
LOOKED_AT = 1000  # values from which times are told from other text


def find_time(table: Table, names: list[str], said: str | None) -> str | None:
    """The column that orders rows: as said, or the first of dates, or one of numbers that is called so and orders.

    What are times in words become times.

    Raises:
        DataError: the column that was said holds text that is no time.
    """
    frame = table.frame
    if said is not None:
        if is_text(frame[said]):
            parsed = _parse_times(frame[said])
            if parsed is None:
                refuse(table, said, _not_times(frame[said]), "no date or time")
            frame[said] = parsed
        return said
    for name in names:
        if frame[name].dtype.kind == "M":
            return name
    for name in names:
        if is_text(frame[name]) and (parsed := _parse_times(frame[name])) is not None:
            frame[name] = parsed
            return name
    for name in names:
        if TIMES.fullmatch(str(name)) and frame[name].dtype.kind in "iuf":
            gaps = np.diff(frame[name].to_numpy(np.float64))
            if (gaps > 0).all() or (((gaps >= 0).all() or (gaps > 0).mean() > 0.5) and not frame[name].is_unique):
                return name
    return None


def _parse_times(series: pd.Series) -> pd.Series | None:
    """The texts as times, if all of them are; of two readings of 1/2/2024 the one in which rows are in order."""
    few = series.dropna().head(LOOKED_AT)
    if few.empty or not few.astype(str).str.contains(r"\d.*\d", regex=True).all() or not _readings(few):
        return None
    found = _readings(series)
    return next((times for times in found if times.is_monotonic_increasing), found[0] if found else None)


def _readings(series: pd.Series) -> list[pd.Series]:
    return [times for day_first in (False, True) if (times := _as_times(series, day_first)) is not None]


def _as_times(series: pd.Series, day_first: bool) -> pd.Series | None:
    """The texts as times, if all of them are, in one format."""
    import warnings

    import pandas as pd

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            times = pd.to_datetime(series.astype(object), dayfirst=day_first)
        except (ValueError, TypeError):
            return None
    return None if any("infer format" in str(warning.message) for warning in said) else times


def _not_times(series: pd.Series) -> np.ndarray:
    import pandas as pd

    wrong = pd.to_datetime(series.astype(object), errors="coerce", format="mixed").isna() & series.notna()
    return wrong.to_numpy() if wrong.any() else np.ones(len(series), bool)
