"""Stamps: texts and whole numbers read as times, whatever form they are written in."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 1000  # values from which times are told from other text
HALF_OF_DAY = re.compile(r"(\s?)(am|pm)$", re.I)
SHORT_YEAR = re.compile(r"^(\d{1,2}([./-])(?:\d{1,2}|[a-z]{3})\2)(?=\d\d\b)", re.I)
SHORT_YEAR_FIRST = re.compile(r"\d\d([./-])\d{1,2}\1\d{1,2}\b")
SECONDS_FROM, SECONDS_TO = 631_152_000, 4_102_444_800  # 1990 to 2100
ISO8601 = "ISO8601"
ZONE = re.compile(r"(?<=\d)(?:Z|[+-]\d\d:?\d\d)$")
ISO = re.compile(r"%Y-%m-%d([T ]%H[^Z]*)?")
MONTHS = ("%b %Y", "%B %Y", "%b-%Y", "%b-%y")
QUARTER, QUARTERS = re.compile(r"(\d{4})[- ]?Q([1-4])"), "quarters"
WEEK, WEEKS = re.compile(r"(\d{4})-?W(\d\d)"), "ISO weeks"
DOTS = re.compile(r"(?<=[ T]\d\d)\.(\d\d)(?:\.(\d\d))?$")  # of hours, minutes and seconds
FIRST_YEAR, LAST_YEAR = 1800, 2200
YEAR_LAST, YEAR_WEEK = ("%d%m%Y", "%m%d%Y"), "%G%V"  # the former of 7 digits where a zero that leads is not written
DIGITS = {  # of times as whole numbers
    "%Y%m": 6,
    YEAR_WEEK: 6,
    "%Y%m%d": 8,
    **dict.fromkeys(YEAR_LAST, 8),
    "%Y%m%d%H": 10,
    "%Y%m%d%H%M": 12,
    "%Y%m%d%H%M%S": 14,
}
MOST_DIGITS = 10**14  # as numbers
NEARLY_ALL = 0.95  # so that others are a slip, where numbers are not surely times
UNIX_UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass
class Stamps:
    """Texts as times.

    Attributes:
        times: without a zone; NaT for what is missing and for what is wrong.
        wrong: boolean, ``(R,)``: texts that are no time of this form.
        form: that most of them have, in the letters of ``strftime``.
        ambiguous: whether another form would read them as other times.
    """

    times: pd.Series
    wrong: np.ndarray
    form: str
    ambiguous: bool = False


def read_stamps(series: pd.Series, form: str | None = None) -> Stamps | None:
    """The texts as times, if most of them are.

    Of two readings of 1/2/2024 the one whose steps change direction least often, and then are the most even.

    Args:
        series: of texts.
        form: to prefer, if all texts have it.
    """
    if form is not None and not (read := _read(series, form)).wrong.any():
        return read
    few = series.iloc[:: 1 + len(series) // LOOKED_AT].dropna().astype(str)
    if few.empty or few.str.contains(r"\d.*\d", regex=True).mean() <= 0.5:
        return None
    guesses = [forms for text in few if (forms := _forms_of(text))]
    if 2 * len(guesses) <= len(few):
        return None
    counts = Counter(form for forms in guesses for form in forms)
    best = [form for form in counts if counts[form] == max(counts.values())]
    found = [_read(series, form) for form in best]
    chosen = min(found, key=lambda stamps: (stamps.wrong.sum(), *_disorder(stamps.times)))
    others = [one for one in found if not one.times.equals(chosen.times)]
    chosen.ambiguous = any(one.wrong.sum() == chosen.wrong.sum() for one in others)
    return chosen


def _disorder(times: pd.Series) -> tuple[int, float]:
    """How often the steps from row to row change direction, and the share of them that are not near the usual one.

    Months and years are as long as each other within a tenth.
    """
    steps = np.diff(times.dropna().to_numpy()).astype("m8[s]").astype(np.float64)
    steps = steps[steps != 0]
    if not len(steps):
        return 0, 0.0
    usual = float(np.median(np.abs(steps)))
    turns = int((np.diff(np.sign(steps)) != 0).sum())
    return turns, float((np.abs(np.abs(steps) - usual) > usual / 10).mean())


def _forms_of(text: str) -> dict[str, None]:
    """The forms that a text can have as a time, month first before day first; none where it is none."""
    from pandas.tseries.api import guess_datetime_format

    for pattern, name in ((QUARTER, QUARTERS), (WEEK, WEEKS)):
        if pattern.fullmatch(text):
            return {name: None}
    for form in MONTHS:
        with contextlib.suppress(ValueError):
            datetime.strptime(text, form)
            return {form: None}
    half = HALF_OF_DAY.search(text)
    plain, dots = DOTS.subn(lambda found: found[0].replace(".", ":"), HALF_OF_DAY.sub("", text))
    forms: dict[str, None] = {}
    for spelled, day_first in _readings(plain):  # pandas guesses neither short years nor halves of days
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of days that can only be read the other way
            form = guess_datetime_format(spelled, dayfirst=day_first)
        if form is None or (half and "%H" not in form):
            continue
        if spelled != plain:
            form = form.replace("%Y", "%y")
        if half:
            form = form.replace("%H", "%I") + half[1] + "%p"
        if dots:
            forms[form.replace(":", ".")] = None
        else:
            forms[ISO8601 if ISO.fullmatch(form) else form] = None
    return forms


def _readings(text: str) -> list[tuple[str, bool]]:
    """The text with a year of four digits in each way in which it may have one, and whether its day comes first.

    Of ways that are as likely the first is taken.
    """
    if re.match(r"\d{4}", text):
        return [(text, False)]
    whole = SHORT_YEAR.sub(r"\g<1>20", text)
    year_first = [(f"20{text}", False)] if SHORT_YEAR_FIRST.match(text) else []
    dotted = re.match(r"\d{1,2}\.\d", text) is not None  # day first, where both do as well
    return [(whole, dotted), (whole, not dotted), *year_first]


def _read(series: pd.Series, form: str) -> Stamps:
    import pandas as pd

    texts = series.astype(object)
    if form == QUARTERS:
        parts = series.astype(str).str.extract(f"^{QUARTER.pattern}$")
        texts = parts[0] + "-" + (3 * parts[1].astype(float) - 2).map("{:.0f}".format)
    elif form == WEEKS:
        parts = series.astype(str).str.extract(f"^{WEEK.pattern}$")
        texts = parts[0] + parts[1] + "1"
    if form == ISO8601 and (wall := _on_the_wall(texts)) is not None:
        return Stamps(wall, (wall.isna() & series.notna()).to_numpy(), form)
    letters = {QUARTERS: "%Y-%m", WEEKS: "%G%V%u"}.get(form, form)
    times = pd.to_datetime(texts, format=letters, errors="coerce", utc=True).dt.tz_localize(None)
    return Stamps(times, (times.isna() & series.notna()).to_numpy(), form)


def _on_the_wall(texts: pd.Series) -> pd.Series | None:
    """Texts of times with a zone as those of the clock on the wall, if all are at one hour, as days are; else None."""
    import pandas as pd

    known = texts.dropna().astype(str)
    if known.empty or not known.str.contains(ZONE).all():
        return None
    wall = pd.to_datetime(known.str.replace(ZONE, "", regex=True), format=ISO8601, errors="coerce")
    return wall.reindex(texts.index) if at_one_hour(wall) else None


def without_zone(times: pd.Series) -> pd.Series:
    """Times that have a zone without it: those of the clock on the wall if all are at one hour, such as days; else UTC.

    Days stay days so, and hours do not come twice when clocks change.
    """
    wall = times.dt.tz_localize(None)
    return wall if at_one_hour(wall) else times.dt.tz_convert(None)


def at_one_hour(times: pd.Series) -> bool:
    """Whether all times are at the same hour of their days, to the fraction of a second."""
    known = times.dropna()
    return (known - known.dt.normalize()).nunique() <= 1


def from_numbers(series: pd.Series, form: str | None = None) -> Stamps | None:
    """Numbers as times, if most are written as in `DIGITS` or nearly all are so many seconds since 1970, thousandths of
    one, ..., that they lie in our age.

    Of two readings of 1022024 the one whose steps are in better order, as of texts.

    Args:
        series: of numbers.
        form: to prefer where there are two.
    """
    if len(series) > LOOKED_AT and from_numbers(series.iloc[:: 1 + len(series) // LOOKED_AT]) is None:
        return None
    known = series.dropna()
    read = [one for one in (*_from_digits(known), _from_unix(known)) if one is not None]
    spread = [(times.reindex(series.index), name) for times, name in read]
    found = [
        Stamps(times, (times.isna() & series.notna()).to_numpy(), name, ambiguous=name in YEAR_LAST)  # day and month
        for times, name in spread
    ]
    return min(found, key=lambda one: (one.form != form, one.wrong.sum(), *_disorder(one.times)), default=None)


def _from_digits(known: pd.Series) -> Iterator[tuple[pd.Series, str]]:
    import pandas as pd

    numbers = known.to_numpy(np.float64)
    if not len(known) or (numbers != np.floor(numbers)).any() or np.abs(numbers).max() >= MOST_DIGITS:
        return
    texts = known.astype("int64").astype(str)
    for form, digits in DIGITS.items():
        full = texts.str.zfill(digits) if form in YEAR_LAST else texts
        year = full.str[-4:] if form in YEAR_LAST else full.str[:4]
        fits = (full.str.len() == digits) & pd.to_numeric(year, errors="coerce").between(FIRST_YEAR, LAST_YEAR)
        if 2 * fits.sum() <= len(known):
            continue
        weeks = form == YEAR_WEEK
        spelled = (full + "1" if weeks else full).where(fits)
        times = pd.to_datetime(spelled, format=form + "%u" * weeks, errors="coerce")
        if times.notna().mean() > (NEARLY_ALL if digits == 6 else 0.5):  # by chance half of six digits are
            yield times, form


def _from_unix(known: pd.Series) -> tuple[pd.Series, str] | None:
    import pandas as pd

    for unit, each in UNIX_UNITS.items():
        within = known.between(SECONDS_FROM * each, SECONDS_TO * each)
        if len(known) and within.mean() >= NEARLY_ALL:
            return pd.to_datetime(known.where(within), unit=unit), f"Unix time in {unit}"
    return None
