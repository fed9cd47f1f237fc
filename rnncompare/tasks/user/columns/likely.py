"""Which columns are likely to be a group, texts or features: told by their names and values."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rnncompare.tasks.user.columns.features import as_written, is_names, is_text, is_whole, mixed
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd
    from pandas.core.groupby import SeriesGroupBy

GROUPS = re.compile(
    r"(.*[_ ])?(id|group|series|sequence|seq|case|session|subject|user|customer|patient|unit|trace|episode|trial|sample"
    r"|device|store|item|symbol|ticker|machine|engine|utterance)([_ ]?(id|no|nr|number|name|key))?|.*[a-z]Id",
    re.I,
)
IDENTIFIERS = re.compile(r"(?i:(.*[_ ])?(id|no|nr|number|code|key))|.*[a-z](I[dD]|N[or]|Number|Code|Key)")
MOST_ODD = 0.05  # of the sequences whose target changes within them, which may well be errors
LOOKED_AT = 1000  # values from which text is told from names


def groups_in(frame: pd.DataFrame) -> list[str]:
    """The columns that are called a group."""
    return [name for name in frame if GROUPS.fullmatch(str(name))]


def find_groups(frame: pd.DataFrame, names: list[str], time: str | None, target: str) -> list[str]:
    """The columns that may tell sequences apart: those called so, or else one that changes now and then and never back.

    The likeliest comes first: of those called so the first, unless the target changes within its values, and in one of
    the others that lies within it, as patients do in a hospital, does not.
    Whole numbers that are held as reals, as where a cell is empty, count where the column is called so.
    """

    def groups(name: str) -> bool:
        series = frame[name]
        few = series.dtype.kind not in "mM" and 2 <= series.nunique() <= len(frame) // 2
        return few and (series.dtype.kind != "f" or is_whole(series))

    def changes(group: str, name: str) -> bool:
        return len(varying(frame, group, name)) > MOST_ODD * frame[group].nunique()

    called = [name for name in names if GROUPS.fullmatch(str(name)) and groups(name)]
    called = [
        name for name in called if not any(_counts_within(frame, name, other) for other in names if groups(other))
    ]
    if called:
        inner = (name for name in called[1:] if not changes(name, target) and not changes(name, called[0]))
        first = next(inner, called[0]) if changes(called[0], target) else called[0]
        return [first, *(name for name in called if name != first)]
    if time is not None and frame[time].is_monotonic_increasing and frame[time].is_unique:
        return []
    other = (name for name in names if frame[name].dtype.kind != "f" and groups(name))
    return list(itertools.islice((name for name in other if _contiguous(frame[name])), 1))


def join_group(table: Table, said: str | None) -> list[str]:
    """Add the column ``said`` where it is several columns with commas between, which tell sequences apart together.

    Returns:
        Those columns, none where there is one.
    """
    frame = table.frame
    parts = [name.strip() for name in (said or "").split(",")]
    if len(parts) == 1 or said in frame or not all(name in frame for name in parts):
        return []
    for name in parts:
        table.name_as_written(name)
    first, *others = (frame[name].map(as_written) for name in parts)
    joined = first.str.cat(others, sep=", ")
    table.frame = frame.assign(**{str(said): joined.where(frame[parts].notna().all(axis=1))})
    return parts


def about_others(frame: pd.DataFrame, group: str, others: Sequence[str]) -> list[str]:
    """Notes on ``others`` that may tell sequences apart too: in place of ``group``, together with it, or around it."""
    notes = []
    for name in others:
        if not len(varying(frame, group, name)):
            say = f"each {group} lies in one {name}: data.split=group data.split_by={name} keeps those of one together"
        elif not len(varying(frame, name, group)):
            say = f"each {name} lies in one {group}, and could tell sequences apart too: data.group={name}"
        else:
            say = f"{name} could tell sequences apart too: data.group={name}, or data.group={group},{name} for both"
        notes.append(say)
    return notes


def telling_apart(frame: pd.DataFrame, taken: Sequence[str], group: str | None) -> str | None:
    """What ``data.group`` could be for no time to come twice in a sequence: a column, or ``group`` and a column.

    Args:
        frame: the columns.
        taken: those that have another role, the time first.
        group: what it is now.
    """
    few = [name for name in frame if name not in (*taken, group) and 2 <= frame[name].nunique() <= len(frame) // 2]
    names = [str(name) for name in few if is_text(frame[name]) or GROUPS.fullmatch(str(name))]
    for parts in [] if group is None else [[group, name] for name in names]:
        sequences = frame.groupby(parts, sort=False, observed=True).ngroups
        if 2 * sequences <= len(frame) and not frame.duplicated([*parts, taken[0]]).any():
            return ",".join(parts)
    return next((name for name in names if not frame.duplicated([name, taken[0]]).any()), None)


def _counts_within(frame: pd.DataFrame, name: str, other: str) -> bool:
    """Whether whole numbers count from 0 or 1 anew within each value of another column, as samples of a record do.

    Equal values of the other one stand together, so that it is not the one that counts.
    """
    if name == other or frame[name].dtype.kind not in "iu" or frame[name].min() not in (0, 1):
        return False
    if not _contiguous(frame[other]):
        return False
    parts = frame.groupby(other)[name]
    return bool((parts.min() == frame[name].min()).all() and count_rows(parts))


def count_rows(parts: SeriesGroupBy) -> bool:
    """Whether whole numbers count the rows of each part: each number once, without a hole."""
    spans = parts.max() - parts.min() == parts.size() - 1  # costs less than to count the different ones
    return bool(spans.all() and (parts.nunique() == parts.size()).all())


def _contiguous(series: pd.Series) -> bool:
    """Whether equal values stand together."""
    import pandas as pd

    codes, levels = pd.factorize(series)
    return int((np.diff(codes) != 0).sum()) == len(levels) - 1


def varies(frame: pd.DataFrame, group: str, target: str) -> bool:
    """Whether the target takes two values in some group."""
    return len(varying(frame, group, target)) > 0


def varying(frame: pd.DataFrame, group: str, target: str) -> pd.Index:
    """The groups in which the target takes two values."""
    import pandas as pd

    (groups, labels), (values, _) = (pd.factorize(frame[name]) for name in (group, target))
    known = (groups >= 0) & (values >= 0)
    groups, values = groups[known], values[known]
    one = np.zeros(groups.max(initial=0) + 1, np.intp)
    one[groups] = values
    return pd.Index(labels[np.unique(groups[values != one[groups]])])


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
    others = [name for name in names if name != longest and not _may_be_ids(frame[name])]
    alone = not quantity and not others and _mostly_distinct(frame[longest])
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
        if series.isna().all() or (series.dtype.kind in "mM" and name not in listed):
            dropped.append(name)
            continue
        words = name not in listed and is_names(table, name)
        if (words or (name not in listed and _is_identifier(series))) and _mostly_distinct(series):
            dropped.append(name)
            continue
        features.append(name)
        if words or name in listed:
            categorical.append(name)
    return features, categorical, dropped


def _may_be_ids(series: pd.Series) -> bool:
    """Whether texts or whole numbers are mostly distinct, so that they name rows."""
    return (is_text(series) or series.dtype.kind in "iu") and _mostly_distinct(series)


def _is_identifier(series: pd.Series) -> bool:
    """Whether a column of whole numbers is called a number of something."""
    return bool(IDENTIFIERS.fullmatch(str(series.name))) and series.dtype.kind in "iuf" and is_whole(series)


def _mostly_distinct(series: pd.Series) -> bool:
    """Whether there are more than half as many different values as rows."""
    return 2 * series.nunique(dropna=False) > len(series)
