"""Which columns of a user's table are read: a text, or features at every step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.columns import is_text, is_whole, mixed
from rnncompare.tasks.user.tables import Table

if TYPE_CHECKING:
    import pandas as pd

IDENTIFIERS = re.compile(r"(?i:(.*[_ ])?(id|no|nr|number|code|key))|.*[a-z](I[dD]|N[or]|Number|Code|Key)")
INDEX = re.compile(r"unnamed\d+|Unnamed: \d+")
HASHED = 1 << 16  # values that are hashed together
LOOKED_AT = 1000  # values from which text is told from names


def find_text(table: Table, names: list[str], kind: str, time: str | None, quantity: bool) -> str | None:
    """The column of texts: the one of longest text, if it has several words, or is all that there is to read.

    Where the target is a quantity, rows in order of ``time`` are read for that, and names of one word are no texts.
    """
    if kind not in ("auto", "text_classification"):
        return None
    frame = table.frame
    texts = [name for name in names if is_text(frame[name]) and not mixed(table, name)]
    if not texts or (kind == "auto" and quantity and time is not None):
        return None
    few = {name: frame[name].dropna().head(LOOKED_AT).astype(str) for name in texts}
    longest = max(texts, key=lambda name: few[name].str.len().mean())
    words = few[longest].str.split().str.len().mean()
    alone = not quantity and len(names) == 1 and _mostly_distinct(frame[longest])
    return longest if kind == "text_classification" or words >= 3 or alone else None


def choose_features(table: Table, names: list[str], listed: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """The columns that can be read at a step, those of them that are embedded, and those that cannot be read.

    Args:
        table: the columns.
        names: those that have no role yet.
        listed: those that were said to be categorical.
    """
    features, categorical, dropped = [], [], []
    for name in names:
        series = table.frame[name]
        if series.isna().all() or series.dtype.kind in "mM" or INDEX.fullmatch(str(name)):
            dropped.append(name)
            continue
        words = is_text(series) and name not in listed and not mixed(table, name)
        if (words or (name not in listed and _is_identifier(series))) and _mostly_distinct(series):
            dropped.append(name)
            continue
        features.append(name)
        if words or name in listed:
            categorical.append(name)
    return features, categorical, dropped


def _is_identifier(series: pd.Series) -> bool:
    """Whether a column of whole numbers is called a number of something."""
    return bool(IDENTIFIERS.fullmatch(str(series.name))) and series.dtype.kind in "iuf" and is_whole(series)


def _mostly_distinct(series: pd.Series) -> bool:
    """Whether more than half of the values differ from all others; told from 8 bytes of each, to hold them all."""
    import pandas as pd

    blocks = (series.iloc[start : start + HASHED] for start in range(0, len(series), HASHED))
    hashes = np.concatenate([pd.util.hash_pandas_object(block, index=False).to_numpy() for block in blocks])
    return 2 * len(np.unique(hashes)) > len(series)
