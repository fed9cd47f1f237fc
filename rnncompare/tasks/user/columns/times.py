"""The time column: which one orders the rows, and whether they are steps at a fixed rate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns.features import as_numbers, is_text, mixed, refuse
from rnncompare.tasks.user.files.stamps import (
    DIGITS,
    FIRST_YEAR,
    ISO8601,
    LAST_YEAR,
    Stamps,
    from_numbers,
    read_stamps,
)
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

MOST = 0.75  # of the steps of a fixed rate are near their median: clocks jitter, and records have holes
STAMPS = r"time|date|datetime|time_?stamp|ts|ds|dt|datum|unix_?time|epoch"
CAMEL = r".*[a-z0-9](Date|Time|DateTime|Timestamp|Day)"  # as TradeDate
TIMES = re.compile(rf"(?i:(.*[_ ])?({STAMPS}|t|step|index|frame|order|position|hour|day))|{CAMEL}")
UNIX = re.compile(
    rf"(?i:(.*[_ ])?({STAMPS}|day|period|(year)?[_ ]?(month|week)|yyyymm(dd)?)([_ ]?(s|ms|us|ns))?)|{CAMEL}"
)
DATES, LEAST_DATE = re.compile(rf"(?i:(.*[_ ])?(date|day|datum))|{CAMEL}"), 10_000  # as 10124 for 01.01.24
YEAR = re.compile(r"(.*[_ ])?(year|yr)", re.I)
LETTERED = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)? ?[A-Z]{2,5}"  # 2024-12-31 10:00 CET
NO_TIME = "no date or time written as {}, as most are; mend it, or leave the column out with data.ignore"
READ_AS = "column {} is read as {}; write dates as 2024-12-31 if that is wrong"
YEARS, COUNTS = "%Y", "numbers"  # forms of times, beside those of `stamps`: of a column of years, of one that counts


def at_fixed_rate(times: pd.Series, groups: pd.Series) -> bool:
    """Whether the rows of each group are steps of a clock or a counter, rather than events that come when they come.

    They are where three quarters of the steps are between half and one and a half of their group's median step.
    """
    import pandas as pd

    known = (times.notna() & groups.notna()).to_numpy()
    codes = pd.factorize(groups[known])[0]
    stamps = times[known].to_numpy()
    seconds = (
        stamps.astype("M8[ns]").astype(np.float64) / 1e9 if stamps.dtype.kind == "M" else stamps.astype(np.float64)
    )
    order = np.lexsort((seconds, codes))
    within = np.diff(codes[order]) == 0
    steps = pd.Series(np.diff(seconds[order])[within])
    usual = steps.groupby(codes[order][1:][within]).transform("median")
    return bool(len(steps) and (usual > 0).all() and ((steps - usual).abs() <= usual / 2).mean() >= MOST)


def find_time(table: Table, names: list[str], said: str | None, groups: Sequence[str] = ()) -> str | None:
    """The column that orders rows: as said, or the best of dates, or one of numbers that is called so and orders.

    The table then has the form of its times. A table that has it from the start, as new data of a model and a test
    file have that of training, is read in the same way.

    Raises:
        DataError: a cell is no time where most of its column, or the column that was said, are; or times are not
            what they were in training.
    """
    name = said
    if said is None:
        name = _find_times(table, names, groups)
    else:
        _read_times(table, said)
    if name is not None and table.time_form is None:
        table.time_form = ISO8601 if table.frame[name].dtype.kind == "M" else COUNTS
        if _may_be_dates(table.frame[name]):
            table.notes.append(
                f"warning: rows are in order of the numbers of {name}; write dates as 2024-12-31 if they are dates"
            )
    return name


def find_steps(table: Table, names: list[str], group: str) -> str | None:
    """The column called a step or a time whose whole numbers come once in each sequence, in whatever order rows are."""
    frame = table.frame
    for name in names:
        if not TIMES.fullmatch(str(name)) or frame[name].dtype.kind not in "iu":
            continue
        if frame[group].nunique() < len(frame) and not frame.duplicated([group, name]).any():
            table.time_form = table.time_form or COUNTS
            return name
    return None


def _read_times(table: Table, name: str) -> None:
    """Turn the column that was said to be the time into times, unless it has them already or its numbers count."""
    kind, form = table.frame[name].dtype.kind, table.time_form
    if is_text(table.frame[name]) and form == COUNTS:
        table.frame[name] = as_numbers(table, name)
    elif is_text(table.frame[name]) and not _became_times(table, name):
        if mixed(table, name):
            as_numbers(table, name)
        refuse(table, name, table.frame[name].notna().to_numpy(), "no date or time")
    elif kind == "M" and form == COUNTS:
        raise DataError(f"{table.place(name)} has dates, but had numbers in training")
    elif kind in "iuf" and form != COUNTS and not _numbers_became_times(table, name, True) and form is not None:
        raise DataError(f"{table.place(name)} has numbers that are no times, but had times in training ({form})")


def _best_dates(table: Table, names: list[str], groups: Sequence[str]) -> str | None:
    """The column of dates that orders rows best: complete, moving within ``groups``, and never twice the same.

    Raises:
        DataError: a cell of it is no time.
    """
    frame = table.frame
    texts = [name for name in names if is_text(frame[name])]
    found = {name: read_stamps(frame[name], table.time_form) for name in texts}
    read = {name: stamps for name, stamps in found.items() if stamps is not None and not mixed(table, name)}
    dates = {name: frame[name] for name in names if frame[name].dtype.kind == "M"}
    dates |= {name: stamps.times for name, stamps in read.items()}

    def faults(name: str) -> tuple[bool, bool, bool, int]:
        series = dates[name]
        still = any(series.groupby(frame[group]).nunique().max() <= 1 for group in groups)
        twice = frame[groups].assign(time=series).duplicated().any()
        return bool(frame[name].isna().any()), still, bool(twice), names.index(name)

    if not dates:
        for name in (name for name, stamps in found.items() if stamps is None):
            _refuse_lettered(table, name)
        return None
    best = min(dates, key=faults) if len(dates) > 1 else next(iter(dates))
    if best != min(dates, key=names.index):
        others = ", ".join(name for name in dates if name != best)
        table.notes.append(f"rows are ordered by {best}; {others} could be meant too: data.time")
    if best in read:
        _become_times(table, best, read[best])
    return best


def _find_times(table: Table, names: list[str], groups: Sequence[str]) -> str | None:
    """The column that orders rows, of those with these ``names``."""
    frame = table.frame
    if (dated := _best_dates(table, names, groups)) is not None:
        return dated
    for name in names:
        newest_first = UNIX.fullmatch(str(name)) and frame[name].dtype.kind in "iuf" and not _rises(table, name)
        if newest_first and _numbers_became_times(table, name):
            return name
    for name in names:
        orders = TIMES.fullmatch(str(name)) or YEAR.fullmatch(str(name))
        numbers = frame[name].dtype.kind in "iuf" and (orders or UNIX.fullmatch(str(name)))
        if (
            numbers
            and (_rises(table, name) or _rises(table, name, -1))
            and (_numbers_became_times(table, name) or orders)
        ):
            return name
    texts = [name for name in names if UNIX.fullmatch(str(name)) and is_text(frame[name]) and not mixed(table, name)]
    unread = [*texts, *(name for name in names if _may_be_dates(frame[name]))]
    table.notes += [f"column {name} is not read as a time; write dates as 2024-12-31 if it is one" for name in unread]
    for name in names:
        found = from_numbers(frame[name]) if frame[name].dtype.kind in "iu" else None
        if found is not None and not found.wrong.any() and (found.form in DIGITS or frame[name].is_unique):
            table.notes.append(f"column {name} may hold times ({found.form}); data.time={name} orders rows by it")
    return None


def _may_be_dates(series: pd.Series) -> bool:
    """Whether a column called a date or a day has whole numbers with as many digits as dates have."""
    return bool(DATES.fullmatch(str(series.name)) and series.dtype.kind in "iu" and series.min() >= LEAST_DATE)


def _became_times(table: Table, name: str) -> bool:
    """Turn a column of text into times, if most of it are.

    Raises:
        DataError: most are times and some are not; the message names the first row.
    """
    stamps = read_stamps(table.frame[name], table.time_form)
    if stamps is None:
        _refuse_lettered(table, name)
    if stamps is None or mixed(table, name):
        return False
    _become_times(table, name, stamps)
    return True


def _refuse_lettered(table: Table, name: str) -> None:
    """Raise `DataError` where most of a column of text are times with the letters of a zone."""
    lettered = table.frame[name].astype(str).str.fullmatch(LETTERED).to_numpy(bool)
    why = "a time whose zone has letters, which several zones may share; write its offset, such as +01:00"
    refuse(table, name, lettered & (lettered.mean() > 0.5), f"{why}, or leave it out with data.ignore")


def _become_times(table: Table, name: str, stamps: Stamps) -> None:
    """Let a column be the times that it was read as; raises `DataError` where some of it are none."""
    refuse(table, name, stamps.wrong, NO_TIME.format(stamps.form))
    table.frame[name], table.time_form = stamps.times, stamps.form
    if stamps.ambiguous:
        table.notes.append(READ_AS.format(name, stamps.form))


def _rises(table: Table, name: str, sign: int = 1) -> bool:
    """Whether the numbers of a column rise from row to row, or do so within the sequences that it may order.

    Args:
        table: that has it.
        name: of the column.
        sign: -1 for whether they fall, as where rows are newest first.
    """
    gaps = sign * np.diff(table.frame[name].to_numpy(np.float64))
    rises = (gaps >= 0).all() or (gaps > 0).mean() > 0.5
    return bool((gaps > 0).all() or (rises and not table.frame[name].is_unique))


def _numbers_became_times(table: Table, name: str, said: bool = False) -> bool:
    """Turn a column of numbers into times, if they are such, and it is called a time or ``said`` to be one."""
    import pandas as pd

    series = table.frame[name]
    if YEAR.fullmatch(str(name)) and series.dtype.kind in "iu" and series.between(FIRST_YEAR, LAST_YEAR).all():
        table.frame[name], table.time_form = pd.to_datetime(series.astype(str), format=YEARS), YEARS
        return True
    if not (said or UNIX.fullmatch(str(name))) or series.dtype.kind not in "iuf":
        return False
    if (read := from_numbers(series, table.time_form)) is None:
        return False
    _become_times(table, name, read)
    return True
