"""Times whose parts stand in several columns: years, months, weeks and days, and dates with times of day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncompare.tasks.user.columns.features import is_text, is_whole, refuse
from rnncompare.tasks.user.columns.times import TIMES
from rnncompare.tasks.user.files.stamps import FIRST_YEAR, LAST_YEAR, LOOKED_AT
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

DATE_PARTS = ("year", "month", "week", "day", "hour", "minute", "second")  # columns that together are a time
NAMES = {  # of them in other languages
    **dict.fromkeys(("jahr", "année", "annee", "año", "ano", "anno", "jaar"), "year"),
    **dict.fromkeys(("monat", "mois", "mes", "mese", "maand"), "month"),
    **dict.fromkeys(("tag", "jour", "día", "dia", "giorno", "dag"), "day"),
    "woche": "week",
}
JOINED = "date of year, month, day"
CLOCK = r"\s*([01]?\d|2[0-3])[:.][0-5]\d([:.][0-5]\d(\.\d+)?)?(\s?[AaPp][Mm])?\s*"
HOURS = re.compile(r"(.*[_ ])?(hour|hr|stunde|heure|hora)", re.I)
CLOCK_NAMES = re.compile(r"(.*[_ ])?(clock|uhrzeit|zeit|heure|hora|von|from)", re.I)
FIRST_OF_CENTURY = 69  # years of two digits from here on are of the twentieth century, as in POSIX, if there are both


def parts_of_dates(frame: pd.DataFrame) -> dict[str, str]:
    """The columns of whole numbers, texts of them included, that together are dates, by what they hold; or none."""
    called = {NAMES.get(str(name).lower(), str(name).lower()): name for name in frame}
    parts = {part: called[part] for part in DATE_PARTS if part in called}
    if "year" not in parts or not {"month", "week"} & set(parts):
        return {}
    return parts if all(_are_whole(frame[name]) for name in parts.values()) else {}


def _are_whole(series: pd.Series) -> bool:
    known = series.dropna()
    numbers = _numbers(known)
    return bool(len(known) and numbers.notna().all() and is_whole(numbers))


def _numbers(series: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_numeric(series.astype(object), errors="coerce")


def join_date(table: Table, groups: Sequence[str | None], ignore: Sequence[str] = ()) -> bool:
    """Add a column `JOINED` where columns of whole numbers called year, month and day (hour, ...) are the time.

    Year and month alone, or year and ISO week, are it where none comes twice, or none twice within one of ``groups``.

    Raises:
        DataError: some rows are no dates, where most are.

    Returns:
        Whether there are such columns, and they are dates.
    """
    import pandas as pd

    frame = table.frame
    parts = parts_of_dates(frame.drop(columns=list(ignore), errors="ignore"))
    if not parts:
        return False
    joined = pd.DataFrame({part: _numbers(frame[name]) for part, name in parts.items()}).dropna().astype("int64")
    joined["year"] = _whole_years(joined["year"])
    joined = joined[joined["year"].between(FIRST_YEAR, LAST_YEAR)]
    if "month" not in parts:
        weeks = joined["year"].astype(str) + joined["week"].astype(str).str.zfill(2) + "1"
        stamps = pd.to_datetime(weeks, format="%G%V%u", errors="coerce")
    else:
        days = (
            joined.drop(columns="week", errors="ignore") if "day" in parts else joined[["year", "month"]].assign(day=1)
        )
        stamps = pd.to_datetime(days, errors="coerce")
    if 2 * stamps.notna().sum() <= len(frame):
        return False
    stamps = stamps.reindex(frame.index)
    found = frame.assign(**{JOINED: stamps})
    dated = found[stamps.notna()]
    repeats = [dated.duplicated([JOINED, *([group] if group in frame else [])]).any() for group in groups]
    if not {"month", "day"} <= set(parts) and all(repeats):
        return False
    if stamps.isna().any() and any(TIMES.fullmatch(str(name)) for name in frame if name not in parts.values()):
        return False
    why = f"no date together with {', '.join(map(str, parts.values()))} of its row, as most are; mend it, or leave the"
    refuse(table, list(parts.values())[-1], stamps.isna().to_numpy(), f"{why} column out with data.ignore")
    table.frame = found
    return True


def _whole_years(years: pd.Series) -> pd.Series:
    """Years with their century, where all have two digits: of two centuries if both 99 and 0 are among them."""
    if not years.between(0, 99).all():
        return years
    if {0, 99} <= set(years):
        return years + 1900 + 100 * (years < FIRST_OF_CENTURY)
    return years + (1900 if years.max() >= FIRST_OF_CENTURY else 2000)


def find_clock(table: Table, names: Sequence[str], time: str, groups: Sequence[str]) -> str | None:
    """The column of times of day that goes with dates, if there is one: dates alone come twice, and with it none does.

    Args:
        table: with dates in the column ``time``.
        names: of columns without another role.
        time: the column of dates.
        groups: what may tell sequences apart.
    """
    dates = table.frame[time]
    if dates.dtype.kind != "M" or (dates.dt.normalize() != dates).any():
        return None
    if not table.frame.duplicated([*groups, time]).any():
        return None
    for name in names:
        texts = table.frame[name]
        called = CLOCK_NAMES.fullmatch(str(name)) or TIMES.fullmatch(str(name))
        clock = called and is_text(texts) and texts.head(LOOKED_AT).astype(str).str.fullmatch(CLOCK).mean() > 0.5
        if clock or (HOURS.fullmatch(str(name)) and texts.dtype.kind in "iu" and texts.between(0, 23).all()):
            joined = table.frame[groups].assign(date=dates, clock=texts)
            return None if joined.duplicated().any() else name
    return None


def add_clock(table: Table, time: str) -> None:
    """Add to dates the times of day in the table's column of them.

    Raises:
        DataError: a cell is no time of day.
    """
    import pandas as pd

    assert table.clock is not None
    day = pd.Timestamp("2000-01-01")
    written = table.frame[table.clock]
    clock = written.astype(str) + ":00" if written.dtype.kind in "iu" else written.astype(str).str.strip()
    texts = f"{day:%Y-%m-%d} " + clock.where(clock.str.contains(":"), clock.str.replace(".", ":"))
    times = pd.to_datetime(texts, format="mixed", errors="coerce")
    refuse(table, table.clock, times.isna().to_numpy(), "no time of day such as 14:30")
    table.frame = table.frame.assign(**{time: table.frame[time] + (times - day)})
