"""What each column of a table is for: target, group, time, text or feature; and the kind of problem that follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rnncompare.base.errors import SettingError
from rnncompare.tasks.user.columns.features import (
    are_amounts,
    as_numbers,
    is_classes,
    is_text,
    mixed,
    refuse_separators,
)
from rnncompare.tasks.user.columns.likely import varies
from rnncompare.tasks.user.columns.times import at_fixed_rate
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

HOUR = 3600  # seconds
IN_ROWS = "a file with a whole sequence in each row goes as .npz"


@dataclass
class Roles:
    """What each column is for.

    Attributes:
        kind: of problem, one of `reading.KINDS`.
        targets: the columns to predict.
        group: the column that tells sequences apart, or None for one table in time order.
        time: the column that orders rows, or None for their order in the file.
        text: the column of texts to classify, if there is one.
        features: columns that are read at every step.
        categorical: those of them that are embedded.
        varies: whether the target differs within a sequence.
        split_by: the column of groups of which each is in one split, or None where the split is another.
        notes: what else is to be said aloud.
    """

    kind: str
    targets: list[str]
    group: str | None = None
    time: str | None = None
    text: str | None = None
    features: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    varies: bool = False
    split_by: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def target(self) -> str:
        """What is predicted, in a word."""
        return ",".join(self.targets)


def find_kind(table: Table, roles: Roles) -> str:
    """One of `reading.KINDS`, for a table whose columns have these roles.

    Raises:
        SettingError: no kind fits, for want of a group.
        DataError: the target is of numbers but for some cells.
    """
    frame, target = table.frame, table.frame[roles.targets[0]]
    if is_text(target):
        refuse_separators(table, roles.targets[0])
    if roles.text is not None:
        return "text_classification"
    classes = is_classes(target) and not are_amounts(table, roles.targets[0]) and len(roles.targets) == 1
    if roles.group is None:
        _require_quantity(table, roles)
        return "forecasting"
    if not roles.varies:
        return "events" if _is_stream(frame, roles) else "classification" if classes else "regression"
    if not classes and (not roles.features or (roles.time is not None and frame[roles.time].dtype.kind == "M")):
        return "forecasting"
    if classes and _counts_at_a_rate(frame, roles):
        return "forecasting"
    if classes and (not roles.features or _is_stream(frame, roles)):
        return "events"
    return "classification" if classes else "regression"


def _counts_at_a_rate(frame: pd.DataFrame, roles: Roles) -> bool:
    """Whether the target is of counts at a fixed rate: alone, or by the hour or longer, as labels rarely are."""
    target, group, time = frame[roles.targets[0]], roles.group, roles.time
    if group is None or time is None or frame[time].dtype.kind != "M":
        return False
    steps = frame.sort_values([group, time]).groupby(group)[time].diff().dropna()
    slow = len(steps) > 0 and steps.median().total_seconds() >= HOUR
    counts = target.dtype.kind in "iuf" and target.nunique() > 2 and (not roles.features or slow)
    return counts and at_fixed_rate(frame[time], frame[group])


def _require_quantity(table: Table, roles: Roles) -> None:
    """Raise `SettingError` for a target that no table in time order has: names, or one of two values."""
    frame, target = table.frame, table.frame[roles.targets[0]]
    sequence = f"the column that says which sequence a row belongs to, one of {listed(frame.columns)}; {IN_ROWS}"
    if are_amounts(table, roles.targets[0]):
        as_numbers(table, roles.targets[0])
        return
    if is_text(target) or target.dtype.kind == "b":
        if mixed(table, roles.targets[0]):
            as_numbers(table, roles.targets[0])
        raise SettingError("data.group", None, sequence)
    if target.nunique() == 2 and (roles.time is None or frame[roles.time].is_unique):  # else times are refused
        raise SettingError("data.group", None, f"{sequence}; or data.kind=forecasting if rows are in time order")


def _is_stream(frame: pd.DataFrame, roles: Roles) -> bool:
    """Whether the rows of a group are events, with names of what happens, rather than steps at a fixed rate."""
    if not roles.categorical or roles.group is None:
        return False
    if len(roles.categorical) == len(roles.features):
        return True
    if roles.time is None:
        return any(varies(frame, roles.group, name) for name in roles.categorical)
    return not at_fixed_rate(frame[roles.time], frame[roles.group])


def listed(names: pd.Index | Sequence[str]) -> str:
    """The names of columns in a sentence, the first twelve of them."""
    shown = [str(name) for name in names[:12]]
    return ", ".join(shown) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
