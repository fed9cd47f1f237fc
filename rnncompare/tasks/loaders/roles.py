"""What the columns of a user's table are for, and so which kind of problem it is: found where it is not said.

Every guess is one that `Roles.notes` or the problem's own words say aloud, and that a setting overrules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.errors import SettingError, require
from rnncompare.tasks.loaders.columns import as_numbers, is_classes, is_text, mixed, refuse
from rnncompare.tasks.loaders.reading import Reading
from rnncompare.tasks.loaders.tables import Table

if TYPE_CHECKING:
    import pandas as pd

TARGETS = re.compile(r"target|labels?|class|y|outcome", re.I)
TIMES = re.compile(r"(.*[_ ])?(time|date|datetime|time_?stamp|ts|ds|t|step|index|frame|order|position|hour|day)", re.I)
GROUPS = re.compile(
    r"(.*[_ ])?(id|group|series|sequence|seq|case|session|subject|user|customer|patient|unit|trace|episode|trial|sample"
    r"|device|store|item|symbol|ticker|machine|engine|utterance)([_ ]?(id|no|nr|number|name|key))?|.*[a-z]Id",
    re.I,
)
INDEX = re.compile(r"unnamed\d+|Unnamed: \d+")
HASHED = 1 << 16  # values that are hashed together
LOOKED_AT = 1000  # values from which text is told from names


@dataclass
class Roles:
    """What each column is for.

    Attributes:
        kind: of problem, one of `reading.KINDS`.
        target: the column to predict.
        group: the column that tells sequences apart, or None for one table in time order.
        time: the column that orders rows, or None for their order in the file.
        text: the column of texts to classify, if there is one.
        features: columns that are read at every step.
        categorical: those of them that are embedded.
        varies: whether the target differs within a sequence.
        notes: what else is to be said aloud.
    """

    kind: str
    target: str
    group: str | None = None
    time: str | None = None
    text: str | None = None
    features: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    varies: bool = False
    notes: list[str] = field(default_factory=list)


def find_roles(table: Table, reading: Reading) -> Roles:
    """The roles of the columns of ``table``, as far as ``reading`` leaves them open; a time in words becomes a time.

    Raises:
        SettingError: a column does not exist, or has to be named.
        DataError: a column cannot have the role that it was given.
    """
    frame = table.frame
    _require_columns(frame, reading)
    _require_scalars(table)
    left = [name for name in frame.columns if name not in reading.ignore]
    target = reading.target or _find_target(frame, left)
    left.remove(target)
    group = reading.group
    if group is not None:
        left.remove(group)
    time = _time(table, left, reading)
    left = [name for name in left if name != time]
    text = None if group else _find_text(frame, left, reading)
    if group is None and text is None and reading.kind not in ("text_classification", "language_modelling"):
        group = _find_group(frame, left, time)
        left = [name for name in left if name != group]
        if group is None and time != reading.time and not frame[time].is_unique and frame[time].dtype.kind != "M":
            left, time = [*left, str(time)], None  # the hour of the day, say
    roles = Roles(reading.kind, target, group, time, text)
    _choose_features(table, left, reading, roles)
    roles.varies = group is not None and _varies(frame, group, target)
    if roles.kind == "auto":
        roles.kind = _find_kind(table, roles)
    _require_roles(roles, frame)
    if (roles.kind == "events" and roles.varies) or roles.kind == "forecasting":
        roles.features.insert(0, target)
        if roles.kind == "events" and is_classes(frame[target]):
            roles.categorical.insert(0, target)
    return roles


def _require_columns(frame: pd.DataFrame, reading: Reading) -> None:
    there_are = f"one of the columns, {_listed(frame.columns)}"
    for name in ("target", "group", "time"):
        value = getattr(reading, name)
        require(value is None or value in frame.columns, f"data.{name}", value, there_are)
    for name in ("categorical", "ignore"):
        for value in getattr(reading, name):
            require(value in frame.columns, f"data.{name}", value, there_are)
    named = [name for name in (reading.target, reading.group, reading.time) if name is not None]
    for name in named:
        require(named.count(name) == 1, "data.target", reading.target, "a column apart from data.group and data.time")
        require(name not in reading.ignore, "data.ignore", name, "columns that no other setting names")


def _require_scalars(table: Table) -> None:
    from pandas.api.types import is_object_dtype, is_scalar

    for name in table.frame.columns:
        if is_object_dtype(table.frame[name]):
            wrong = ~table.frame[name].map(is_scalar).to_numpy(bool)
            refuse(table, name, wrong, "no number, text or time")


def _listed(names: pd.Index | list[str]) -> str:
    shown = [str(name) for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")


def _find_target(frame: pd.DataFrame, names: list[str]) -> str:
    """The column with a target's name, or the only one that could be a target."""
    called = [name for name in names if TARGETS.fullmatch(str(name))]
    possible = called or [name for name in names if frame[name].dtype.kind != "M" and not TIMES.fullmatch(str(name))]
    if len(possible) != 1:
        raise SettingError("data.target", None, f"the column to predict, one of {_listed(names)}")
    return possible[0]


def _time(table: Table, names: list[str], reading: Reading) -> str | None:
    """The column that orders rows: as said, or the first of dates, or one of numbers that is called so and orders."""
    frame = table.frame
    if reading.time is not None:
        if is_text(frame[reading.time]):
            parsed = _parse_times(frame[reading.time])
            if parsed is None:
                refuse(table, reading.time, _not_times(frame[reading.time]), "no date or time")
            frame[reading.time] = parsed
        return reading.time
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


def _find_text(frame: pd.DataFrame, names: list[str], reading: Reading) -> str | None:
    """The column of texts: the one of longest text, if it has several words, or is all that there is to read."""
    if reading.kind not in ("auto", "text_classification"):
        return None
    lengths = {
        name: frame[name].dropna().head(LOOKED_AT).astype(str).str.len().mean()
        for name in names
        if is_text(frame[name])
    }
    if not lengths:
        return None
    longest = max(lengths, key=lambda name: lengths[name])
    words = frame[longest].dropna().head(LOOKED_AT).astype(str).str.split().str.len().mean()
    alone = len(names) == 1 and _mostly_distinct(frame[longest])
    return longest if reading.kind == "text_classification" or words >= 3 or alone else None


def _mostly_distinct(series: pd.Series) -> bool:
    """Whether more than half of the values differ from all others; told from 8 bytes of each, to hold them all."""
    import pandas as pd

    blocks = (series.iloc[start : start + HASHED] for start in range(0, len(series), HASHED))
    hashes = np.concatenate([pd.util.hash_pandas_object(block, index=False).to_numpy() for block in blocks])
    return 2 * len(np.unique(hashes)) > len(series)


def _find_group(frame: pd.DataFrame, names: list[str], time: str | None) -> str | None:
    """The column that tells sequences apart: one called so, or else one that changes now and then and never back."""

    def groups(name: str) -> bool:
        series = frame[name]
        return series.dtype.kind not in "fmM" and 2 <= series.nunique() <= len(frame) // 2

    called = [name for name in names if GROUPS.fullmatch(str(name)) and groups(name)]
    if called:
        return called[0]
    if time is not None and frame[time].is_monotonic_increasing and frame[time].is_unique:
        return None
    return next((name for name in names if groups(name) and _contiguous(frame[name])), None)


def _contiguous(series: pd.Series) -> bool:
    """Whether equal values stand together."""
    import pandas as pd

    codes, levels = pd.factorize(series)
    return int((np.diff(codes) != 0).sum()) == len(levels) - 1


def _varies(frame: pd.DataFrame, group: str, target: str) -> bool:
    """Whether the target takes two values in some group."""
    import pandas as pd

    groups, values = (pd.factorize(frame[name])[0].astype(np.int32) for name in (group, target))
    known = (groups >= 0) & (values >= 0)
    groups, values = groups[known], values[known]
    one = np.zeros(groups.max(initial=0) + 1, np.int32)
    one[groups] = values
    return bool((values != one[groups]).any())


def _choose_features(table: Table, names: list[str], reading: Reading, roles: Roles) -> None:
    """All columns that can be read at a step; those that cannot are named aloud."""
    frame, dropped = table.frame, []
    for name in names:
        series = frame[name]
        listed = name in reading.categorical
        if name == roles.text:
            continue
        if series.isna().all() or series.dtype.kind in "mM" or INDEX.fullmatch(str(name)):
            dropped.append(name)
        elif is_text(series) and not listed and not mixed(table, name):
            if _mostly_distinct(series):
                dropped.append(name)
            else:
                roles.categorical.append(name)
                roles.features.append(name)
        else:
            if listed:
                roles.categorical.append(name)
            roles.features.append(name)
    if reading.ignore or dropped:
        roles.notes.append(f"columns left out: {_listed([*reading.ignore, *dropped])}")


def _find_kind(table: Table, roles: Roles) -> str:
    frame = table.frame
    if roles.text is not None:
        return "text_classification"
    classes = is_classes(frame[roles.target])
    if roles.group is None:
        if is_text(frame[roles.target]) or frame[roles.target].dtype.kind == "b":
            if mixed(table, roles.target):
                as_numbers(table, roles.target)
            raise SettingError(
                "data.group",
                None,
                f"the column that says which sequence a row belongs to, one of {_listed(frame.columns)}",
            )
        return "forecasting"
    if not roles.varies:
        return "events" if roles.categorical else "classification" if classes else "regression"
    if not classes and (not roles.features or (roles.time is not None and frame[roles.time].dtype.kind == "M")):
        return "forecasting"
    if classes and (roles.categorical or not roles.features):
        return "events"
    return "classification" if classes else "regression"


def _require_roles(roles: Roles, frame: pd.DataFrame) -> None:
    columns = _listed(frame.columns)
    if roles.kind == "text_classification":
        require(roles.text is not None, "data.kind", roles.kind, f"a table with a column of text; there are {columns}")
    elif roles.kind in ("classification", "regression", "events"):
        valid = f"the column that says which sequence a row belongs to, one of {columns}"
        require(roles.group is not None, "data.group", None, valid)
        alone = roles.kind == "events" and roles.varies
        valid = f"a table with columns besides target, group and time; there are {columns}"
        require(bool(roles.features) or alone, "data.kind", roles.kind, valid)
