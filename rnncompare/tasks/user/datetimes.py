"""Texts, and numbers of seconds since 1970, as times without a zone: those with one are in UTC."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.columns import some_of

if TYPE_CHECKING:
    import pandas as pd

LOOKED_AT = 1000  # values from which times are told from other text
HALF_OF_DAY = re.compile(r"(\s?)(am|pm)$", re.I)
SHORT_YEAR = re.compile(r"^(\d{1,2}([./-])(?:\d{1,2}|[a-z]{3})\2)(?=\d\d\b)", re.I)
SECONDS_FROM, SECONDS_TO = 631_152_000, 4_102_444_800  # 1990 to 2100
ISO = re.compile(r"%Y-%m-%d([T ]%H[^Z]*)?")
UNITS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@dataclass
class Stamps:
    """Texts as times.

    Attributes:
        times: without a zone; NaT for what is missing and for what is wrong.
        wrong: boolean, ``(R,)``: texts that are no time of this form.
        form: that most of them have, in the letters of ``strftime``.
    """

    times: pd.Series
    wrong: np.ndarray
    form: str


def read_stamps(series: pd.Series) -> Stamps | None:
    """The texts as times, if most of them are; of two readings of 1/2/2024 the one in which rows are in order."""
    few = some_of(series, LOOKED_AT).dropna().astype(str)
    if few.empty or few.str.contains(r"\d.*\d", regex=True).mean() <= 0.5:
        return None
    guesses = [forms for text in few if (forms := _forms_of(text))]
    if 2 * len(guesses) <= len(few):
        return None
    counts = Counter(form for forms in guesses for form in forms)
    best = [form for form in counts if counts[form] == max(counts.values())]
    found = [_read(series, form) for form in best]
    return min(found, key=lambda stamps: (stamps.wrong.sum(), not stamps.times.is_monotonic_increasing))


def _forms_of(text: str) -> dict[str, None]:
    """The forms that a text can have as a time, month first before day first; none where it is none."""
    from pandas.tseries.api import guess_datetime_format

    whole, short_years = SHORT_YEAR.subn(r"\g<1>20", text)  # pandas guesses neither short years nor halves of days
    half = HALF_OF_DAY.search(whole)
    whole = HALF_OF_DAY.sub("", whole)
    forms: dict[str, None] = {}
    for day_first in (False,) if re.match(r"\d{4}", whole) else (False, True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of days that can only be read the other way
            form = guess_datetime_format(whole, dayfirst=day_first)
        if form is None or (half and "%H" not in form):
            continue
        if short_years:
            form = form.replace("%Y", "%y")
        if half:
            form = form.replace("%H", "%I") + half[1] + "%p"
        forms["ISO8601" if ISO.fullmatch(form) else form] = None
    return forms


def _read(series: pd.Series, form: str) -> Stamps:
    import pandas as pd

    texts = series.astype(object)
    times = pd.to_datetime(texts, format=form, errors="coerce", utc=True).dt.tz_localize(None)
    return Stamps(times, (times.isna() & series.notna()).to_numpy(), form)


def from_unix(series: pd.Series) -> pd.Series | None:
    """Numbers as times, if all are so many seconds since 1970, or thousandths of one, ..., that they lie in our age."""
    import pandas as pd

    low, high = float(series.min()), float(series.max())
    for unit, each in UNITS.items():
        if SECONDS_FROM * each <= low and high <= SECONDS_TO * each:
            return pd.to_datetime(series, unit=unit)
    return None
