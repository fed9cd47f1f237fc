"""Columns of a table as what a network reads: categories as codes, numbers scaled, missing values masked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.tables import Table

if TYPE_CHECKING:
    import pandas as pd

MOST_CATEGORIES = 1000  # rarer ones share the code of those never seen
ROUNDING = 1e-12  # of a mean: deviations below it are those of equal numbers, summed
FEW_CLASSES = 20  # so many whole numbers at most count as classes
SEPARATED = r"[^\w\s.,'-]?\s?[+-]?(\d{1,3}([.,' \u00a0\u202f]\d{3})+|\d+)([.,]\d+)?\s?[^\w\s.,'-]?"  # 1,100.00 or $5


class Encoder:
    """Columns of a table as real numbers, one column at a time, with what the train rows alone say of them.

    First come the C categorical columns, as whole numbers; then those of numbers, scaled to mean 0 and variance 1, with
    0 for a missing one; then, for each of these in which some are missing, an indicator that is 1 where one is. A
    missing category is a category of its own.

    Args:
        table: the columns.
        features: the columns to encode.
        categorical: those of them that are categorical.
        train: boolean, ``(R,)``: the rows of the train split.

    Attributes:
        width: columns that come out.
        categories: distinct codes of each of the C columns, known once encoded; code 0 is for what train lacks.
        numeric: names of the columns of numbers.
        mean: of each of these over the train rows, likewise.
        scale: its standard deviation, or 1 where that is 0.
    """

    def __init__(self, table: Table, features: Sequence[str], categorical: Sequence[str], train: np.ndarray):
        self._table, self._train = table, train
        self._categorical = [name for name in features if name in categorical]
        self.numeric = [name for name in features if name not in categorical]
        self._masked = [name for name in self.numeric if table.frame[name].isna().any()]
        self.width = len(self._categorical) + len(self.numeric) + len(self._masked)
        self.categories: tuple[int, ...] = ()
        self.mean, self.scale = np.zeros(len(self.numeric)), np.ones(len(self.numeric))

    def columns(self) -> Iterator[np.ndarray]:
        """Each column, ``(R,)``.

        Raises:
            DataError: a number is infinite, or a column of numbers holds something else.
        """
        for name in self._categorical:
            codes, distinct = _codes(self._table.frame[name], self._train)
            self.categories += (distinct,)
            yield codes
        for i, name in enumerate(self.numeric):
            numbers = as_numbers(self._table, name)
            self.mean[i], self.scale[i] = mean_and_spread(numbers[self._train])
            yield np.nan_to_num((numbers - self.mean[i]) / self.scale[i]).astype(np.float32)
        for name in self._masked:
            yield self._table.frame[name].isna().to_numpy()

    def rows(self) -> np.ndarray:
        """All columns side by side, ``(R, width)`` float32."""
        values = np.empty((len(self._table.frame), self.width), np.float32)
        for i, column in enumerate(self.columns()):
            values[:, i] = column
        return values


def mean_and_spread(numbers: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of the numbers that are not nan; 0 and 1 where there are none.

    A deviation no larger than the rounding of equal numbers counts as none, and so as 1. Squares neither overflow nor
    vanish: the numbers are first scaled by a power of two, which is exact.
    """
    known = numbers[~np.isnan(numbers)]
    exponent = int(np.frexp(np.abs(known).max(initial=0))[1])
    known = np.ldexp(known, -exponent)
    mean = known.sum() / max(len(known), 1)
    spread = math.sqrt(((known - mean) ** 2).sum() / max(len(known), 1))
    if spread <= ROUNDING * abs(mean) or spread == 0:
        return math.ldexp(mean, exponent), 1.0
    return math.ldexp(mean, exponent), math.ldexp(spread, exponent)


def _codes(series: pd.Series, train: np.ndarray) -> tuple[np.ndarray, int]:
    """A code for each value: 0 for what the rows ``train`` lack, then from 1 the commonest there, missing included."""
    import pandas as pd

    found, levels = pd.factorize(series, use_na_sentinel=False)
    counts = np.bincount(found[train], minlength=len(levels))
    common = np.argsort(-counts, kind="stable")[: min(MOST_CATEGORIES, int((counts > 0).sum()))]
    code = np.zeros(len(levels), np.int64)
    code[common] = np.arange(1, len(common) + 1)
    return code[found], len(common) + 1


def is_text(series: pd.Series) -> bool:
    """Whether the values are text rather than numbers, truth values or dates."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    return bool(pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind))


def is_classes(series: pd.Series) -> bool:
    """Whether a target looks like classes: text, truth values, categories or few whole numbers."""
    import pandas as pd

    if is_text(series) or pd.api.types.is_bool_dtype(series) or isinstance(series.dtype, pd.CategoricalDtype):
        return True
    known = series.dropna().drop_duplicates()
    return len(known) <= FEW_CLASSES and is_whole(known)


def is_whole(series: pd.Series) -> bool:
    """Whether the known values of a column of numbers are all whole."""
    known = series.dropna().to_numpy(np.float64)
    return bool((np.isfinite(known) & (known == np.floor(known))).all())


def as_numbers(table: Table, name: str) -> np.ndarray:
    """A column as float64, missing values as nan.

    Raises:
        DataError: a value is no finite number; the message names its row.
    """
    import pandas as pd

    series = table.frame[name]
    if is_text(series) or isinstance(series.dtype, pd.CategoricalDtype):
        codes, levels = pd.factorize(series)
        numbers = _parse(table, pd.Series(levels.astype(object)))
        refuse(table, name, (codes >= 0) & np.isnan(numbers[codes]), "not a number; leave a cell empty where none is")
        values = np.where(codes >= 0, numbers[codes], np.nan)
    else:
        values = series.to_numpy(np.float64, na_value=np.nan)
    refuse(table, name, np.isinf(values), "not finite; leave a cell empty where a value is missing")
    return values


def refuse(table: Table, name: str, wrong: np.ndarray, why: str) -> None:
    """Raise `DataError` that names the first of the ``wrong`` (boolean) rows of a column, if there are any."""
    if wrong.any():
        row = int(np.argmax(wrong))
        value = str(table.frame[name].iloc[row])
        shown = repr(value[:40] + "..." if len(value) > 40 else value)
        raise DataError(f"{table.place(name, table.frame.index[row])} is {shown}, {why}")


def refuse_missing(table: Table, name: str, role: str) -> None:
    """Raise `DataError` that names the first row in which the column ``name`` has no value."""
    missing = table.frame[name].isna().to_numpy()
    if missing.any():
        row = table.frame.index[int(np.argmax(missing))]
        raise DataError(f"{table.place(name, row)} is empty; {role} needs a value in every row")


def mixed(table: Table, name: str) -> bool:
    """Whether a column of text is mostly one of numbers, so that whatever else it holds is likely a slip."""
    levels = _levels(table, name)
    return bool(len(levels) and np.isfinite(_parse(table, levels)).mean() > 0.5)


def refuse_separators(table: Table, name: str) -> None:
    """Raise `DataError` at the first of the texts that are no numbers, if most are 1,100.00, $5 or 12.345,67.

    Few different ones are names of classes.
    """
    levels = _levels(table, name)
    plain = np.isfinite(_parse(table, levels))
    if len(levels) > FEW_CLASSES and plain.mean() <= 0.5 < (plain | levels.str.fullmatch(SEPARATED)).mean():
        wrong = table.frame[name].astype(str).isin(levels[~plain]).to_numpy()
        refuse(table, name, wrong, "not a number; write numbers without separators of thousands and without units")


def _levels(table: Table, name: str) -> pd.Series:
    """The different texts of a column."""
    import pandas as pd

    return pd.Series(table.frame[name].dropna().unique().astype(object)).astype(str)


def _parse(table: Table, levels: pd.Series) -> np.ndarray:
    """The texts as numbers, nan where they are none."""
    import pandas as pd

    if table.decimal != ".":
        levels = levels.astype(str).str.replace(table.decimal, ".", regex=False)
    return pd.to_numeric(levels, errors="coerce").to_numpy(np.float64)


def show(value: Any) -> str:
    """A class or value as messages and examples show it."""
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value) if whole else value)
