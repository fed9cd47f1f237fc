"""How often there is a step: in words, with the season that goes with it, and whether steps are even."""

from __future__ import annotations

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
}
UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}
MOST = 0.75  # of the steps of a fixed rate are near their median: clocks jitter, and records have holes


def find_rhythm(times: pd.Series) -> tuple[str, bool]:
    """How often there is a step, in words, and whether all are so far apart; ``times`` are in order."""
    stamps = times.to_numpy()
    gaps = np.diff(stamps)
    if not len(gaps) or stamps.dtype.kind != "M":
        return "in order of " + str(times.name), True
    days = gaps / np.timedelta64(1, "D")
    for name, low, high in (("monthly", 28, 31), ("quarterly", 90, 92), ("yearly", 365, 366)):
        if low <= np.median(days) <= high and not (gaps == gaps[0]).all():
            return name, bool(((days >= low) & (days <= high)).all())
    seconds = float(np.median(gaps / np.timedelta64(1, "s")))
    named = next((name for name, length in SECONDS.items() if length == seconds), None)
    dates = stamps.astype("M8[D]")
    if named == "daily" and days.sum() >= 7 and np.is_busday(dates).all():
        return "business daily", bool((np.busday_count(dates[:-1], dates[1:]) == 1).all())
    unit, length = next((unit, length) for unit, length in UNITS.items() if length <= max(seconds, 1))
    return named or f"every {seconds / length:g} {unit}", bool((gaps == gaps[0]).all())


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
