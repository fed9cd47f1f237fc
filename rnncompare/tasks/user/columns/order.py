"""What is said of rows that no column puts into one order, and of times that come twice."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns.date_parts import CLOCK, JOINED, parts_of_dates
from rnncompare.tasks.user.columns.features import is_text
from rnncompare.tasks.user.columns.likely import count_rows, telling_apart
from rnncompare.tasks.user.files.stamps import LOOKED_AT
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

PARTS = re.compile(
    r"year|yr|quarter|month|mo|week|day|dy|doy|hour|hr|minute|second|jahr|monat|tag|stunde|quartal|woche|année|mois|jour|año|mes",
    re.I,
)
MONTHS = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?|q[1-4]"
LONGEST_DATE = 40  # characters
MOST_DATED = 0.75  # of texts have a year or a digit, so that they may be times
SET_BACK = (1, 2)  # hours that come twice in autumn


def find_counter(frame: pd.DataFrame, group: str | None = None) -> str | None:
    """The first column that counts rows, or those of each sequence: whole numbers, each once, without a hole."""
    for name in frame:
        series = frame[name]
        if name == group or series.dtype.kind not in "iu":
            continue
        if count_rows(series.groupby(_sequences(frame, group))):
            return str(name)
    return None


def about_counter(frame: pd.DataFrame, time: str, group: str | None) -> list[str]:
    """A warning where a column counts rows in another order than that of ``time``, be it upwards or downwards."""
    counter = find_counter(frame.drop(columns=time), group)
    if counter is None:
        return []
    ordered = frame.sort_values([*([group] if group is not None else []), time], kind="stable")
    steps = ordered[counter].groupby(_sequences(ordered, group)).diff().dropna()
    if (steps > 0).all() or (steps < 0).all():
        return []
    return [f"warning: rows are in order of {time}, and {counter} counts them in another: data.time={counter} for that"]


def _sequences(frame: pd.DataFrame, group: str | None) -> np.ndarray:
    return np.zeros(len(frame)) if group is None else frame[group].to_numpy()


def _is_part_of_date(series: pd.Series) -> bool:
    """Whether a column may be a part of dates: called so, or of times of day, names of months or quarters."""
    if PARTS.fullmatch(str(series.name)):
        return True
    few = series.dropna().head(LOOKED_AT).astype(str).str.strip()
    return is_text(series) and few.str.fullmatch(f"{CLOCK}|{MONTHS}", case=False).mean() > 0.5


def are_dated(series: pd.Series) -> bool:
    """Whether short texts have a year each."""
    few = series.dropna().head(LOOKED_AT).astype(str)
    return bool(
        (few.str.contains(r"\b(?:19|20)\d\d\b", regex=True) & (few.str.len() <= LONGEST_DATE)).mean() > MOST_DATED
    )


def about_order(frame: pd.DataFrame, taken: Sequence[str], group: str | None, forecast: bool) -> list[str]:
    """Warnings where no column orders rows and some may be meant to: parts of dates, or texts that are distinct.

    Args:
        frame: the columns.
        taken: the targets, and the columns that are left out.
        group: that tells sequences apart.
        forecast: whether rows are forecast.
    """
    called = [str(name) for name in frame if PARTS.fullmatch(str(name)) and name not in taken]
    parts = list(parts_of_dates(frame).values())
    if len(parts) > 1:
        rows = frame.assign(**{JOINED: frame.groupby(parts, sort=False).ngroup()})
        if rows.duplicated([JOINED, *([group] if group else [])]).any():
            apart = telling_apart(rows, [JOINED, *taken, *parts], group)
            remedy = f"; with data.group={apart} they come once, and order rows" if apart else ""
            return [f"warning: rows are in file order, for {', '.join(parts)} come more than once{remedy}"]
    if len(called) > 1:
        return [
            f"warning: rows are in file order, which has to be that of time; {', '.join(called)} are not read as "
            "times: call them year, month, day and write numbers, or put them into one column, as 2024-12-31"
        ]
    texts = [name for name in taken if is_text(frame[name]) and 2 * frame[name].nunique() > len(frame)]
    unread = [name for name in texts if frame[name].astype(str).str.contains(r"\d").mean() > MOST_DATED]
    if forecast and unread:
        return [
            f"warning: rows are in file order, which has to be that of time; {', '.join(unread)} is not read as a "
            "time: write 2024-12-31 if it is one"
        ]
    return []


def refuse_same_times(table: Table, time: str, group: str | None, targets: Sequence[str], codes: np.ndarray) -> None:
    """Raise `DataError` where two rows of one sequence, next to each other in order, have the same time."""
    times = table.frame[time].to_numpy()
    same = (times[1:] == times[:-1]) & (codes[1:] == codes[:-1])
    if same.any():
        first = int(np.argmax(same))
        rows = table.frame.index[first : first + 2].tolist()
        remedy = "say with data.group which sequence a row belongs to; a date and an hour apart go into one column"
        dates = [str(name) for name in table.frame if name != time and _is_part_of_date(table.frame[name])]
        if (apart := telling_apart(table.frame, [time, *targets, *dates], group)) is not None:
            remedy = f"say data.group={apart}, within which no time comes twice"
        elif dates:
            remedy = f"put {time} and {', '.join(dates)} into one column, as 2024-12-31 14:30"
            whole = table.frame.assign(**{JOINED: table.frame.groupby([time, *dates], sort=False).ngroup()})
            if whole.duplicated([JOINED, *([group] if group else [])]).any():
                remedy += f"; say data.group={telling_apart(whole, [JOINED, time, *targets, *dates], group)} for it"
        elif group is not None:
            remedy = f"leave {time} out with data.ignore, so that rows are in file order"
        if (counter := find_counter(table.frame.drop(columns=targets, errors="ignore"), group)) is not None:
            remedy = f"order rows by {counter}, which counts them: data.time={counter}; or {remedy}"
        if times.dtype.kind == "M" and (table.frame[time].iloc[1:][same].dt.hour.isin(SET_BACK)).all():
            remedy = f"give times in UTC if clocks were set back then, or {remedy}"
        raise DataError(
            f"{table.place(time, rows[1])}: the time {table.frame[time].iloc[first]} stands in row {rows[0]} too; "
            f"leave one out, or {remedy}"
        )
