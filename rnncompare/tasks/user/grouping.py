"""Which column of a user's table tells its sequences apart, and what differs within one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.columns import is_whole

if TYPE_CHECKING:
    import pandas as pd

GROUPS = re.compile(
    r"(.*[_ ])?(id|group|series|sequence|seq|case|session|subject|user|customer|patient|unit|trace|episode|trial|sample"
    r"|device|store|item|symbol|ticker|machine|engine|utterance)([_ ]?(id|no|nr|number|name|key))?|.*[a-z]Id",
    re.I,
)


def find_group(frame: pd.DataFrame, names: list[str], time: str | None) -> str | None:
    """The column that tells sequences apart: one called so, or else one that changes now and then and never back.

    Whole numbers that are held as reals, as where a cell is empty, count where the column is called so.
    """

    def groups(name: str) -> bool:
        series = frame[name]
        few = series.dtype.kind not in "mM" and 2 <= series.nunique() <= len(frame) // 2
        return few and (series.dtype.kind != "f" or is_whole(series))

    called = [name for name in names if GROUPS.fullmatch(str(name)) and groups(name)]
    if called:
        return called[0]
    if time is not None and frame[time].is_monotonic_increasing and frame[time].is_unique:
        return None
    other = (name for name in names if frame[name].dtype.kind != "f" and groups(name))
    return next((name for name in other if _contiguous(frame[name])), None)


def _contiguous(series: pd.Series) -> bool:
    """Whether equal values stand together."""
    import pandas as pd

    codes, levels = pd.factorize(series)
    return int((np.diff(codes) != 0).sum()) == len(levels) - 1


def varies(frame: pd.DataFrame, group: str, target: str) -> bool:
    """Whether the target takes two values in some group."""
    import pandas as pd

    groups, values = (pd.factorize(frame[name])[0].astype(np.int32) for name in (group, target))
    known = (groups >= 0) & (values >= 0)
    groups, values = groups[known], values[known]
    one = np.zeros(groups.max(initial=0) + 1, np.int32)
    one[groups] = values
    return bool((values != one[groups]).any())
