"""Frames: tables given from Python, and the types of pandas that are other ones here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.files.dialect import require_distinct
from rnncompare.tasks.user.files.tables import Table, plain_types

if TYPE_CHECKING:
    import pandas as pd


def table_of(frame: pd.DataFrame, name: str) -> Table:
    """The table in a frame, which is not changed: its index becomes columns, and names of columns become text.

    An index without a name that is of whole numbers only counts rows, and is no column. Types become
    those of `plain_types`.

    Raises:
        DataError: two columns have one name.
    """
    import pandas as pd

    index = frame.index
    counts = index.nlevels == 1 and index.name is None and pd.api.types.is_integer_dtype(index.dtype)
    columns = frame.columns.to_flat_index().map(_flat)
    table = frame.set_axis(columns, axis=1)
    if not counts:
        times = isinstance(index, pd.DatetimeIndex | pd.PeriodIndex)
        named = [_flat(level) if level is not None else "time" if times else None for level in index.names]
        names = [level or ("index" if index.nlevels == 1 else f"level{i}") for i, level in enumerate(named, start=1)]
        if taken := set(names) & set(columns):
            raise DataError(f"{name}: the index and a column are both called {taken.pop()}")
        table = table.reset_index(names=names)
    require_distinct(table.columns, name)
    return Table(plain_types(table), name)


def _flat(name: object) -> str:
    """The name of a column as text; of one with several levels, such as Close of a symbol, these in a row."""
    return "_".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)
