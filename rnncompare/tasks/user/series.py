"""Series: the rows of a table in time order, whole or by group, as a problem of forecasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.tasks.user.columns.features import as_numbers, refuse_missing
from rnncompare.tasks.user.columns.frequency import SEASONS, find_frequency, find_rhythm
from rnncompare.tasks.user.columns.order import refuse_same_times
from rnncompare.tasks.user.columns.roles import Roles
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.forecasting import ROLLING, Forecasting
from rnncompare.tasks.user.leaks import of_series
from rnncompare.tasks.user.problem import masked
from rnncompare.tasks.user.splits import Splitting, groups_of, shares, splitting

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_WINDOW = 24  # where there is no season
LONG_WINDOW = 200  # up to which two seasons are read, else one
MOST_HOLES = 0.2  # of the steps; with more uneven ones, rows come when they come


def from_series(table: Table, roles: Roles, reading: Reading, test: Table | None = None) -> Forecasting:
    """The series in a table: one, or one for each value of the column ``roles.group``.

    Raises:
        DataError: times are missing or repeated, the target is no number, or there are too few rows.
    """
    import pandas as pd

    tables = [table] if test is None else [table, test]
    parts = [in_order(part, roles) for part in tables]
    if test is not None:
        for part in tables:
            for name in roles.targets:
                as_numbers(part, name)
    lengths = np.concatenate([lengths for _, lengths in parts])
    given_test = len(parts[1][1]) if test is not None else 0
    frame = parts[0][0].frame if test is None else pd.concat([part.frame for part, _ in parts])
    rhythm, uneven, frequency = _pace(frame, roles, lengths)
    season = reading.season or SEASONS.get(rhythm)
    window = _window(reading, season, lengths, table.name)
    many = f"{len(lengths):,} groups of " if len(lengths) > 1 else ""
    count = len(roles.features)
    line = (
        f"forecasting, {rhythm}, {many}{count} series, target {roles.target}, from {window} steps the next "
        f"{reading.horizon}; errors in units of the target's variance in train"
    )
    by_group = _by_group(reading, roles, parts, given_test)
    notes = [*roles.notes, *(by_group.words() if by_group else []), *masked(frame, roles.features, roles.categorical)]
    notes += _notes(reading, roles, lengths, window, uneven, season) + _other_paces(frame, roles, lengths)
    known, ahead = reading.known or (), [ahead_of(name, reading.horizon) for name in reading.known or ()]
    read = (*roles.targets, *roles.categorical, *known)
    inputs = [name for name in roles.features if name not in read]
    notes += of_series(replace(table, frame=frame), inputs, roles.targets, lengths, window + reading.horizon)
    if known:
        require(
            window >= reading.horizon, "data.known", list(known), f"data.window from data.horizon={reading.horizon} on"
        )
        frame = with_known(frame, known, reading.horizon, lengths)
        notes.append(f"known {reading.horizon} steps ahead: {', '.join(known)}")
    named = [ahead_of(name, reading.horizon) for name in known if name in roles.categorical]
    return Forecasting(
        table.name,
        [line, *notes],
        replace(table, frame=frame),
        features=[*roles.features, *ahead],
        categorical=[*roles.categorical, *named],
        targets=roles.targets,
        lengths=lengths,
        window=window,
        horizon=reading.horizon,
        season=season,
        given_test=given_test,
        group=roles.group,
        time=roles.time,
        held=shares(reading, given_test),
        split=reading.split,
        by_group=by_group,
        known=known,
        frequency=frequency,
    )


def _pace(frame: pd.DataFrame, roles: Roles, lengths: np.ndarray) -> tuple[str, int, str | None]:
    """How often a row comes in the longest series, in words; how many steps of all are uneven; how pandas calls it."""
    if roles.time is None:
        return "in file order", 0, None
    series, longest = _apart(frame[roles.time], lengths), int(np.argmax(lengths))
    rhythms = [find_rhythm(times) for times in series]
    return rhythms[longest][0], sum(uneven for _, uneven in rhythms), find_frequency(series[longest])


def _apart(column: pd.Series, lengths: np.ndarray) -> list[pd.Series]:
    """The part of a column that belongs to each series."""
    return [column.iloc[end - length : end] for end, length in zip(np.cumsum(lengths), lengths, strict=True)]


def _other_paces(frame: pd.DataFrame, roles: Roles, lengths: np.ndarray) -> list[str]:
    """A warning where rows of some series come more than twice or less than half as often as those of the longest."""
    if roles.time is None or len(lengths) < 2:
        return []
    series = _apart(frame[roles.time], lengths)
    steps = np.array([np.median(np.diff(times).astype(float)) if len(times) > 1 else np.nan for times in series])
    shares = steps / steps[int(np.argmax(lengths))]
    other = int(((shares < 0.5) | (shares > 2)).sum())
    if not other:
        return []
    return [
        f"warning: rows of {other:,} of {len(lengths):,} series come at another frequency than those of the longest; "
        "each row counts as one step, so give series of one frequency to one model"
    ]


def _window(reading: Reading, season: int | None, lengths: np.ndarray, name: str) -> int:
    """The steps that are read before a forecast: what is asked for, or two seasons, one if that is more than
    `LONG_WINDOW`, if the series are long enough.

    Raises:
        DataError: no series has two rows.
        SettingError: none has more rows than the window asked for.
    """
    longest, typical = int(lengths.max()), int(np.median(lengths))
    if longest < 2:
        raise DataError(f"{name}: a series of {longest} row has nothing to forecast")
    if reading.window is not None and reading.window >= longest:
        raise SettingError("data.window", reading.window, f"fewer steps than the longest series has rows, {longest}")
    usual = 2 * season if season and 2 * season <= LONG_WINDOW else season or DEFAULT_WINDOW
    return reading.window or max(1, min(usual, typical // 4))


def _notes(
    reading: Reading, roles: Roles, lengths: np.ndarray, window: int, uneven: int, season: int | None
) -> list[str]:
    """What a user should know about how the series are cut into windows."""
    notes = [ROLLING] if reading.split == "rolling" else []
    short = int((lengths < window + reading.horizon).sum())
    if 0 < short < len(lengths):
        notes.append(f"{short:,} of {len(lengths):,} groups are too short for a window (data.window) and give none")
    steps = int((lengths - 1).sum())
    if season and 0 < uneven <= MOST_HOLES * steps:
        notes.append(
            f"warning: {uneven:,} of {steps:,} steps of {roles.time} are uneven, as where rows are missing; each row "
            "counts as one step, so seasons shift there: fill in the rows"
        )
    elif uneven:
        notes.append(f"steps of {roles.time} are uneven; each row counts as one step")
    return notes


def _by_group(
    reading: Reading, roles: Roles, parts: Sequence[tuple[Table, np.ndarray]], given_test: int
) -> Splitting | None:
    """How whole series are split; None where each is cut in its order.

    Raises:
        SettingError: series cannot be split as ``reading`` says.
    """
    rolled = reading.split == "rolling"
    require(not (rolled and given_test), "data.split", "rolling", "null: data.test_path is the test split")
    require(reading.split != "random", "data.split", "random", "ordered, rolling or group: windows overlap")
    if reading.split != "group":
        require(reading.folds is None, "data.folds", reading.folds, "null for forecasts, but for data.split=group")
        return None
    count = sum(len(lengths) for _, lengths in parts)
    groups = groups_of(parts, roles.split_by)
    return splitting(reading, parts[0][0].name, count, given_test, None, groups, roles.split_by)


def ahead_of(name: str, horizon: int) -> str:
    """What the values of a column so many steps ahead are called."""
    return f"{name} {horizon} steps ahead"


def with_known(frame: pd.DataFrame, known: Sequence[str], horizon: int, lengths: np.ndarray) -> pd.DataFrame:
    """The frame with a column for each that is ``known``: its value ``horizon`` steps ahead in the same series.

    So the last ``horizon`` rows of a window tell what is known of the rows to forecast. Beyond the end of a series,
    which no window reaches, its last value is repeated.
    """
    rows = np.arange(len(frame))
    there = np.minimum(rows + horizon, np.repeat(np.cumsum(lengths) - 1, lengths))
    return frame.assign(**{ahead_of(name, horizon): frame[name].to_numpy()[there] for name in known})


def in_order(table: Table, roles: Roles) -> tuple[Table, np.ndarray]:
    """The rows by series and time, and the lengths of the series."""
    import pandas as pd

    frame = table.frame
    if roles.group is None:
        codes = np.zeros(len(frame), np.int8)
    else:
        refuse_missing(table, roles.group, "data.group")
        codes = pd.factorize(frame[roles.group])[0]
    if roles.time is not None and roles.group is None and frame[roles.time].is_monotonic_increasing:
        order = np.arange(0)
    elif roles.time is None:
        order = np.argsort(codes, kind="stable")
    else:
        refuse_missing(table, roles.time, "data.time")
        order = np.lexsort((frame[roles.time].to_numpy(), codes))
    if (np.diff(order) != 1).any():
        frame, codes = frame.iloc[order], codes[order]
    ordered = replace(table, frame=frame)
    if roles.time is not None:
        refuse_same_times(ordered, roles.time, roles.group, roles.targets, codes)
    return ordered, np.bincount(codes)
