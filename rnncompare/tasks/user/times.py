"""Which column of a user's table orders its rows; what are times in words or in seconds since 1970 become times."""

from __future__ import annotations

import re

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns import as_numbers, is_text, mixed, refuse
from rnncompare.tasks.user.datetimes import from_unix, read_stamps
from rnncompare.tasks.user.tables import Table

STAMPS = r"time|date|datetime|time_?stamp|ts|ds|unix_?time|epoch"
TIMES = re.compile(rf"(.*[_ ])?({STAMPS}|t|step|index|frame|order|position|hour|day)", re.I)
UNIX = re.compile(rf"(.*[_ ])?({STAMPS})([_ ]?(s|ms|us|ns))?", re.I)


def find_time(table: Table, names: list[str], said: str | None) -> str | None:
    """The column that orders rows: as said, or the first of dates, or one of numbers that is called so and orders.

    Raises:
        DataError: a cell is no time where most of its column, or the column that was said, are.
    """
    frame = table.frame
    if said is not None:
        if is_text(frame[said]) and not _became_times(table, said):
            if mixed(table, said):
                as_numbers(table, said)
            refuse(table, said, frame[said].notna().to_numpy(), "no date or time")
        _from_unix(table, said)
        return said
    for name in names:
        if frame[name].dtype.kind == "M" or (is_text(frame[name]) and _became_times(table, name)):
            return name
    for name in names:
        if TIMES.fullmatch(str(name)) and frame[name].dtype.kind in "iuf" and _orders(table, name):
            _from_unix(table, name)
            return name
    return None


def _became_times(table: Table, name: str) -> bool:
    """Turn a column of text into times, if most of it are.

    Raises:
        DataError: most are times and some are not; the message names the first row.
    """
    stamps = read_stamps(table.frame[name])
    if stamps is None or mixed(table, name):
        return False
    why = f"no date or time written as {stamps.form}, as most are; mend it, or leave the column out with data.ignore"
    refuse(table, name, stamps.wrong, why)
    table.frame[name] = stamps.times
    return True


def _orders(table: Table, name: str) -> bool:
    """Whether the numbers of a column rise from row to row, or do so within the sequences that it may order."""
    gaps = np.diff(table.frame[name].to_numpy(np.float64))
    rises = (gaps >= 0).all() or (gaps > 0).mean() > 0.5
    return bool((gaps > 0).all() or (rises and not table.frame[name].is_unique))


def _from_unix(table: Table, name: str) -> None:
    series = table.frame[name]
    if UNIX.fullmatch(str(name)) and series.dtype.kind in "iuf" and (times := from_unix(series)) is not None:
        table.frame[name] = times


def refuse_same_times(table: Table, time: str, group: str | None, codes: np.ndarray) -> None:
    """Raise `DataError` where two rows of one sequence, next to each other in order, have the same time."""
    times = table.frame[time].to_numpy()
    same = (times[1:] == times[:-1]) & (codes[1:] == codes[:-1])
    if same.any():
        first = int(np.argmax(same))
        rows = table.frame.index[first : first + 2].tolist()
        remedy = "say with data.group which sequence a row belongs to; a date and an hour apart go into one column"
        if group is not None:
            remedy = f"name in data.group one column that tells sequences apart: {group} joined with another, say"
        raise DataError(
            f"{table.place(time, rows[1])}: the time {table.frame[time].iloc[first]} stands in row {rows[0]} too; "
            f"leave one out, or {remedy}"
        )
