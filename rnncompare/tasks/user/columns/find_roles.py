"""Finds what each column of a table is for, where that is safe; it can always be set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError, SettingError, require
from rnncompare.tasks.user.columns.date_parts import JOINED, add_clock, find_clock, join_date, parts_of_dates
from rnncompare.tasks.user.columns.features import (
    PLAIN_NUMBERS,
    is_classes,
    is_text,
    mixed,
    refuse,
    refuse_missing,
    with_separators,
)
from rnncompare.tasks.user.columns.likely import (
    MOST_ODD,
    about_others,
    choose_features,
    find_groups,
    find_text,
    groups_in,
    join_group,
    varying,
)
from rnncompare.tasks.user.columns.order import PARTS, about_counter, about_order, are_dated
from rnncompare.tasks.user.columns.roles import IN_ROWS, Roles, find_kind, listed
from rnncompare.tasks.user.columns.times import TIMES, UNIX, at_fixed_rate, find_steps, find_time
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.stamps import ISO8601
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

TARGETS = re.compile(r"target|labels?|class|y|outcome", re.I)
INDEX = re.compile(r"unnamed\d+|Unnamed: \d+|__index_level_\d+__")  # an index without a name, as pandas writes it
SIZES = 4  # so many amounts at most are names


def find_roles(table: Table, reading: Reading) -> Roles:
    """The roles of the columns of ``table``, as far as ``reading`` leaves them open; a time in words becomes a time.

    Raises:
        SettingError: a column does not exist, or has to be named.
        DataError: a column cannot have the role that it was given.
    """
    parts = join_group(table, reading.group)
    if reading.time in (None, JOINED) and not any(kind.kind == "M" for kind in table.frame.dtypes):
        join_date(table, [None, *groups_in(table.frame)] if reading.group is None else [reading.group], reading.ignore)
    frame = table.frame
    _require_columns(frame, reading, parts)
    _require_scalars(table)
    named = (*reading.ignore, *reading.categorical, reading.target, reading.group, reading.time)
    indices = [
        name
        for name in frame.columns
        if INDEX.fullmatch(str(name)) and frame[name].dtype.kind in "iu" and name not in named
    ]
    left = [name for name in frame.columns if name not in (*reading.ignore, *indices)]
    targets = targets_of(frame, reading) or [_find_target(frame, left)]
    for name in targets:
        require(frame[name].dtype.kind not in "mM", "data.target", name, "a column of numbers or names, not of dates")
    target, group, others = targets[0], reading.group, list[str]()
    if group is not None:
        refuse_missing(table, group, "data.group")
    left = [name for name in left if name not in (*targets, group, *parts, reading.split_by)]
    time = _timed(table, reading, left, groups_in(frame) if group is None else [group])
    frame = table.frame
    left = [name for name in left if name not in (time, table.clock)]
    quantity = mixed(table, target) if is_text(frame[target]) else not is_classes(frame[target])
    by_group = reading.split == "group" and reading.split_by is None
    text = None if group and not by_group else find_text(table, left, reading.kind, time, quantity)
    if text is not None and reading.kind == "auto" and (UNIX.fullmatch(str(text)) or are_dated(frame[text])):
        raise DataError(
            f"{table.place(text)} seems to be a time and is not read as one; write times as 2024-12-31 14:30, or leave "
            "it out with data.ignore; data.kind=text_classification reads it as text"
        )
    if group is None and text is None and reading.kind not in ("text_classification", "language_modelling"):
        date = parts_of_dates(frame).values()
        found = find_groups(frame, [name for name in left if name not in date], time, target)
        group, others = found[0] if found else None, found[1:]
        if time is None and group is not None and reading.time is None and join_date(table, [group], reading.ignore):
            time, table.time_form, frame = JOINED, table.time_form or ISO8601, table.frame
        left = [name for name in left if name != group]
        if group is None and time != reading.time and not frame[time].is_unique and frame[time].dtype.kind != "M":
            left, time = [*left, str(time)], None  # the hour of the day, say
    if group is not None and time is None and text is None:
        time = find_steps(table, [name for name in left if name not in reading.categorical], group)
        left = [name for name in left if name != time]
    roles = Roles(reading.kind, targets, group, time, text, notes=[*table.notes])
    if group is not None:
        roles.notes += about_others(frame, group, others)
    if reading.split == "group":
        roles.split_by = reading.split_by or group
        valid = f"the column whose values are to be in one split each, of {listed(frame.columns)}"
        require(roles.split_by is not None, "data.split_by", None, valid)
    left = [name for name in left if name != text]
    roles.features, roles.categorical, dropped = choose_features(table, left, reading.categorical)
    order = next((name for name in roles.features if TIMES.fullmatch(str(name))), None)
    if group is not None and time is None and order is not None and frame[order].dtype.kind in "iuf":
        roles.notes.append(f"rows of a sequence are in file order; data.time={order} orders them by {order}")
    if left_out := [*reading.ignore, *indices, *dropped]:
        roles.notes.append(f"columns left out: {listed(left_out)}")
    for name in [*dropped, *roles.categorical]:
        if name not in reading.categorical and is_text(frame[name]) and with_separators(table, name, SIZES).any():
            done = "left out" if name in dropped else "read as names"
            roles.notes.append(
                f"warning: column {name} is {done}, though most of it looks like numbers; {PLAIN_NUMBERS}"
            )
    changing = {label for name in targets for label in varying(frame, group, name)} if group is not None else set()
    roles.varies = len(changing) > 0
    if roles.kind == "auto":
        roles.kind = find_kind(table, roles)
    if time is not None and time != reading.time:
        roles.notes += about_counter(frame[[time, *([group] if group else []), *left]], time, group)
    if time is None:
        roles.notes += about_order(frame, [*targets, *dropped], group, roles.kind == "forecasting")
    if group is not None and roles.kind in ("classification", "regression", "events") and reading.kind != "events":
        roles.notes += _about_changing(sorted(map(str, changing)), frame, roles)
    _require_roles(roles, frame, reading.known or ())
    _keep_zeros(table, roles)
    if (roles.kind == "events" and roles.varies) or roles.kind == "forecasting":
        roles.features[:0] = targets
        if roles.kind == "events" and is_classes(frame[target]):
            roles.categorical.insert(0, target)
    return roles


def _timed(table: Table, reading: Reading, names: list[str], groups: list[str]) -> str | None:
    """The column that orders rows, as times if it has any, to which times of day in another one are added."""
    first = table.time_form is None  # else the table is read as that of training was
    time = find_time(table, [name for name in names if name not in reading.categorical], reading.time, groups)
    if first and time is not None:
        taken = (time, *reading.categorical, *(reading.known or ()))
        table.clock = find_clock(table, [name for name in names if name not in taken], time, groups)
    if table.clock is not None and time is not None:
        add_clock(table, time)
        table.notes.append(f"times of day in {table.clock} are added to {time}")
    return time


def _keep_zeros(table: Table, roles: Roles) -> None:
    """Let names of sequences and classes that are numbers with leading zeros be as they are written."""
    named = [name for name in (roles.group, roles.split_by) if name is not None]
    named += roles.targets if roles.kind in ("classification", "events") else []
    for name in named:
        table.name_as_written(name)
    for name in roles.features:
        if name in table.padded and not TIMES.fullmatch(name) and not PARTS.fullmatch(name):
            roles.notes.append(
                f"{name} has leading zeros and is read as a quantity; if it is a code, data.categorical=[{name}]"
            )


def _about_changing(changing: Sequence[str], frame: pd.DataFrame, roles: Roles) -> list[str]:
    """Notes on the sequences within which the target changes: they may be errors, or events."""
    sequences = frame[roles.group].nunique()
    if 0 < len(changing) <= MOST_ODD * sequences:
        then = "the next one is predicted" if roles.kind == "events" else "there is a target at every step"
        return [
            f"warning: {roles.target} changes within {len(changing):,} of {sequences:,} sequences, {roles.group} "
            f"{changing[0]:.40} for one, so {then}; if those rows are wrong, mend them"
        ]
    uneven = changing and roles.time is not None and not at_fixed_rate(frame[roles.time], frame[roles.group])
    if roles.kind == "classification" and uneven:
        return [f"{roles.time} is uneven: data.kind=events predicts the next {roles.target} from those before it"]
    return []


def targets_of(frame: pd.DataFrame, reading: Reading) -> list[str]:
    """The columns that ``data.target`` names: one, or several with commas between; none where it is left open."""
    if reading.target is None:
        return []
    several = [name.strip() for name in str(reading.target).split(",")]
    return several if reading.target not in frame.columns and len(several) > 1 else [reading.target]


def _require_columns(frame: pd.DataFrame, reading: Reading, parts: Sequence[str]) -> None:
    there_are = f"one of the columns, {listed(frame.columns)}"
    targets = targets_of(frame, reading)
    for setting, values in (
        ("target", targets),
        *((name, [getattr(reading, name)]) for name in ("group", "time", "split_by")),
        *((name, getattr(reading, name) or ()) for name in ("categorical", "ignore", "known")),
    ):
        for value in values:
            require(value is None or value in frame.columns, f"data.{setting}", value, there_are)
    require(len(set(parts)) == len(parts), "data.group", reading.group, "different columns")
    named = [name for name in (*targets, reading.group, *parts, reading.time) if name is not None]
    for name in named:
        require(named.count(name) == 1, "data.target", reading.target, "a column apart from data.group and data.time")
        require(name not in reading.ignore, "data.ignore", name, "columns that no other setting names")


def _require_scalars(table: Table) -> None:
    from pandas.api.types import is_object_dtype, is_scalar

    for name in table.frame.columns:
        if table.frame[name].dtype.kind == "c":
            raise DataError(f"{table.place(name)} has complex numbers; give real and imaginary part a column each")
        if is_object_dtype(table.frame[name]):
            wrong = ~table.frame[name].map(is_scalar).to_numpy(bool)
            refuse(table, name, wrong, "no number, text or time")


def _find_target(frame: pd.DataFrame, names: list[str]) -> str:
    """The column with a target's name, or the only one that could be a target."""
    called = [name for name in names if TARGETS.fullmatch(str(name))]
    possible = called or [name for name in names if frame[name].dtype.kind != "M" and not TIMES.fullmatch(str(name))]
    if len(possible) != 1:
        raise SettingError("data.target", None, f"the column to predict, one of {listed(names)}")
    return possible[0]


def _require_roles(roles: Roles, frame: pd.DataFrame, known: Sequence[str]) -> None:
    columns = listed(frame.columns)
    one = len(roles.targets) == 1 or roles.kind in ("forecasting", "regression")
    require(
        one, "data.target", roles.target, f"one column: several are forecast or regressed, and this is {roles.kind}"
    )
    valid = f"columns that a forecast reads, of {listed(roles.features)}"
    for name in known if roles.kind == "forecasting" else ():
        require(name in roles.features, "data.known", name, valid)
    if roles.kind == "text_classification":
        require(roles.text is not None, "data.kind", roles.kind, f"a table with a column of text; there are {columns}")
    elif roles.kind in ("classification", "regression", "events"):
        valid = f"the column that says which sequence a row belongs to, one of {columns}; {IN_ROWS}"
        require(roles.group is not None, "data.group", None, valid)
        alone = roles.kind == "events" and roles.varies
        valid = f"a table with columns besides target, group and time; there are {columns}"
        require(bool(roles.features) or alone, "data.kind", roles.kind, valid)
