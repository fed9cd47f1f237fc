"""Levels: the different values of a column of categories as codes, in whichever type a file or frame holds them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.base.wording import counted
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 1000  # rarer ones share the code of those never seen
MOST_UNSEEN = 0.5  # of the rows, from which on the categories are probably not those of training
NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*", re.I)
MISSING = {"", "NA", "N/A", "NULL", "NaN", "nan", "null", "n/a"}
TRUTH = {"true": 1.0, "false": 0.0}


def levels_of(series: pd.Series, train: np.ndarray) -> list[Any]:
    """The values in the rows ``train``, the commonest first; None stands for a missing one."""
    import pandas as pd

    found, levels = pd.factorize(_named(series), use_na_sentinel=False)
    counts = np.bincount(found[train], minlength=len(levels))
    common = np.argsort(-counts, kind="stable")[: min(MOST_CATEGORIES, int((counts > 0).sum()))]
    return [_plain(levels[code]) for code in common]


def codes_of(series: pd.Series, levels: Sequence[Any]) -> np.ndarray:
    """The place of each value among ``levels``, from 1; 0 where it is none of them.

    A value is also the only level that is the same number, since one odd cell turns a whole column of a file into text:
    1, 1.0 and ``"1"`` are the same, and so are a truth value and its name.
    """
    import pandas as pd

    found, own = pd.factorize(_named(series), use_na_sentinel=False)
    place = {_plain(level): code for code, level in enumerate(levels, start=1)}
    for word in MISSING & place.keys():  # which a file cannot tell from an empty cell
        place.setdefault(None, place[word])
    times = Counter(_number(level) for level in place)
    by_number = {_number(level): code for level, code in place.items() if times[_number(level)] == 1}
    by_number.pop(None, None)
    plain = [_plain(value) for value in own]
    return np.array([place.get(value) or by_number.get(_number(value), 0) for value in plain], np.int64)[found]


def unseen(table: Table, name: str, levels: Sequence[Any]) -> list[str]:
    """A warning if most values of a column are none of the ``levels`` seen in training, or some are missing anew."""
    new, empty = codes_of(table.frame[name], levels) == 0, table.frame[name].isna().to_numpy()
    missing, strange = int((new & empty).sum()), new & ~empty
    if strange.mean() > MOST_UNSEEN:
        value = table.frame[name].iloc[int(np.argmax(strange))]
        return [
            f"{table.place(name)}: {strange.mean():.0%} of the values were not seen in training, "
            f"{show(value)!r:.40} for one; the model cannot tell them apart"
        ]
    if not missing:
        return []
    return [
        f"{table.place(name)}: {counted(missing, 'value')} of {len(new):,} missing, where none was in training; they "
        "count as a category never seen"
    ]


def show(value: Any) -> str:
    """A class or value as messages and examples show it."""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value) if whole else value)


def _named(series: pd.Series) -> pd.Series:
    """The column with dates as text, as short as they can be told apart."""
    return series.astype(str) if series.dtype.kind == "M" else series


def _plain(value: Any) -> Any:
    """A value as JSON has it: text, a number, a truth value, or None for a missing one."""
    import pandas as pd

    if pd.isna(value):
        return None
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float) else str(value)


def _number(value: Any) -> float | None:
    """A value as a number, if it is one, or a text that is one."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else TRUTH.get(value.lower())
    return float(value) if isinstance(value, int | float) else None
