"""Frequency: how often a series has a row, and when the rows that follow its last one come."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

SECONDS = {"secondly": 1, "minutely": 60, "hourly": 3600, "daily": 86_400, "weekly": 604_800}
SEASONS = {
    "secondly": 60,
    "minutely": 60,
    "hourly": 24,
    "daily": 7,
    "business daily": 5,
    "weekly": 52,
    "monthly": 12,
    "quarterly": 4,
    **{f"every {step} minutes": 24 * 60 // step for step in (5, 6, 10, 12, 15, 20, 30)},
    **{f"every {step} hours": 24 // step for step in (2, 3)},
}
UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
ROWS = 10  # among which pandas looks for a frequency, so that a hole elsewhere does not hide it


def find_rhythm(times: pd.Series) -> tuple[str, int]:
    """How often there is a step, in words, and how many are longer or shorter; ``times`` are in order."""
    stamps = times.to_numpy()
    gaps = np.diff(stamps)
    if not len(gaps) or stamps.dtype.kind != "M":
        return "in order of " + str(times.name), 0
    days = gaps / np.timedelta64(1, "D")
    for name, low, high in (("monthly", 28, 31), ("quarterly", 90, 92), ("yearly", 365, 366)):
        if low <= np.median(days) <= high and not (gaps == gaps[0]).all():
            return name, int(((days < low) | (days > high)).sum())
    seconds = float(np.median(gaps / np.timedelta64(1, "s")))
    named = next((name for name, length in SECONDS.items() if length == seconds), None)
    dates = stamps.astype("M8[D]")
    if named == "daily" and days.sum() >= 7 and np.is_busday(dates).all():
        return "business daily", int((np.busday_count(dates[:-1], dates[1:]) != 1).sum())
    unit, length = next((unit, length) for unit, length in UNITS.items() if length <= max(seconds, 1))
    return named or f"every {seconds / length:g} {unit}", int((gaps != np.median(gaps)).sum())


def find_frequency(times: pd.Series) -> str | None:
    """How often there is a row, as the name that pandas has for it, or a rhythm of `MONTHS`.

    Most stretches of `ROWS` rows decide, so that holes and holidays do not.

    Args:
        times: of one series, in order.

    Returns:
        None where they are no dates, or there is but one.
    """
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    if times.dtype.kind != "M" or len(times) < 2:
        return None
    stretches = [times.iloc[start : start + ROWS] for start in range(0, max(len(times) - ROWS, 0) + 1, ROWS)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it gives is to be an offset in a later pandas
        offsets = [pd.infer_freq(part) if len(part) > 2 else None for part in stretches]
    named = Counter(getattr(offset, "freqstr", offset) for offset in offsets)
    (found, count), *_ = named.most_common(1)
    if found is not None and 2 * count > len(stretches):
        return found
    rhythm, _ = find_rhythm(times)
    if rhythm == "business daily":
        return "B"
    usual = pd.Timedelta(int(np.median(np.diff(times.to_numpy("M8[ns]")).astype(np.int64))), "ns")
    return rhythm if rhythm in MONTHS else to_offset(usual).freqstr


def times_after(last: pd.Timestamp, frequency: str, count: int) -> list[pd.Timestamp]:
    """The times of the ``count`` rows that follow the ``last``, at a frequency of `find_frequency`."""
    import pandas as pd
    from pandas.tseries.frequencies import to_offset

    if frequency in MONTHS:
        return [last + pd.DateOffset(months=MONTHS[frequency] * step) for step in range(1, count + 1)]
    offset = to_offset(frequency)
    return [last + step * offset for step in range(1, count + 1)]


def usual_step(last: pd.Timestamp, frequency: str) -> float:
    """Seconds between rows at a frequency of `find_frequency`, on average over those that follow the ``last``."""
    return (times_after(last, frequency, ROWS)[-1] - last).total_seconds() / ROWS
