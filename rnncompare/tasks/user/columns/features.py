"""Columns of a table as what a network reads: categories as codes, numbers scaled, missing values masked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.columns.levels import codes_of, levels_of
from rnncompare.tasks.user.files.tables import Table

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-12  # of a mean: deviations below it are those of equal numbers, summed
LARGEST = float(np.finfo(np.float32).max)
FEW_CLASSES = 20  # so many whole numbers at most count as classes
NUMBER = (
    r"([A-Z]{3}\s)?[+-]?[^\w\s.,'-]?\s?[+-]?(\d{1,3}([.,' \u00a0\u202f]\d{3})+|\d{1,2}(,\d\d)+,\d{3}|\d+)([.,]\d+)?"
)
UNIT = r"(\s?[^\w\s.,'+]|\s[^\w\s.,']?[^\W\d]{1,3}([^\w\s]\w\w?)?)?"
SEPARATED = NUMBER + UNIT  # 1,100.00, $5, 12.5 kg, 9.8 m/s2 or 5-

PLAIN_NUMBERS = "write numbers without separators of thousands and without units"


@dataclass(frozen=True)
class Encoder:
    """Columns of a table as real numbers, one column at a time, with what the train rows alone say of them.

    First come the C categorical columns, as whole numbers; then those of numbers, scaled to mean 0 and variance 1, with
    0 for a missing one; then, for each of these in which some are missing, an indicator that is 1 where one is. A
    missing category is a category of its own. All fields are plain values, so that a kept model can carry them.

    Attributes:
        levels: of each categorical column, its values from code 1 on; code 0 is for all others.
        mean: of each column of numbers, over the train rows.
        scale: its standard deviation, or 1 where that is 0.
        masked: the columns of numbers that come with an indicator.
    """

    levels: dict[str, list[Any]]
    mean: dict[str, float]
    scale: dict[str, float]
    masked: list[str]

    @classmethod
    def fit(cls, table: Table, features: Sequence[str], categorical: Sequence[str], train: np.ndarray) -> Encoder:
        """What encodes the ``features`` of a table, of which some are ``categorical``, by its rows ``train`` ``(R,)``.

        Raises:
            DataError: a number is infinite, or a column of numbers holds something else.
        """
        numeric = [name for name in features if name not in categorical]
        spreads = {name: mean_and_spread(as_numbers(table, name)[train]) for name in numeric}
        return cls(
            levels={name: levels_of(table.frame[name], train) for name in features if name in categorical},
            mean={name: mean for name, (mean, _) in spreads.items()},
            scale={name: spread for name, (_, spread) in spreads.items()},
            masked=[name for name in numeric if table.frame[name].isna().any()],
        )

    @property
    def names(self) -> list[str]:
        """The columns that are read."""
        return [*self.levels, *self.mean]

    @property
    def categories(self) -> tuple[int, ...]:
        """Distinct codes of each of the C categorical columns."""
        return tuple(1 + len(levels) for levels in self.levels.values())

    @property
    def width(self) -> int:
        """Columns that come out."""
        return len(self.levels) + len(self.mean) + len(self.masked)

    def columns(self, table: Table) -> Iterator[np.ndarray]:
        """Each column of a table, ``(R,)``.

        Raises:
            DataError: as `fit`.
        """
        for name, levels in self.levels.items():
            yield codes_of(table.frame[name], levels)
        for name in self.mean:
            yield np.nan_to_num(self.scaled(table, name)).clip(-LARGEST, LARGEST).astype(np.float32)
        for name in self.masked:
            yield table.frame[name].isna().to_numpy()

    def scaled(self, table: Table, name: str) -> np.ndarray:
        """A column of numbers in standard deviations from its mean, ``(R,)`` float64; nan where one is missing."""
        with np.errstate(over="ignore"):
            found: np.ndarray = (as_numbers(table, name) - self.mean[name]) / self.scale[name]
        return found

    def rows(self, table: Table) -> np.ndarray:
        """All columns side by side, ``(R, width)`` float32."""
        values = np.empty((len(table.frame), self.width), np.float32)
        for i, column in enumerate(self.columns(table)):
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


def is_text(series: pd.Series) -> bool:
    """Whether the values are text rather than numbers, truth values or dates."""
    import pandas as pd

    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        kind = kind.categories.dtype
    return bool(pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind))


def is_names(table: Table, name: str) -> bool:
    """Whether the values of a column are names: text that is not mostly numbers, or categories of pandas."""
    import pandas as pd

    return isinstance(table.frame[name].dtype, pd.CategoricalDtype) or (
        is_text(table.frame[name]) and not mixed(table, name)
    )


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


def as_written(value: Any) -> str:
    """A value of an id as text, for a single one with a letter makes text of a column, and an empty cell reals."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else f"{value}".removesuffix(".0")


def is_large(series: pd.Series) -> bool:
    """Whether a column of reals has numbers so large that not every whole number is one."""
    return bool(np.nanmax(np.abs(series.to_numpy(np.float64)), initial=0) >= 2**53)


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
        refuse(
            table,
            name,
            (codes >= 0) & np.isnan(numbers[codes]),
            f"not a number; {PLAIN_NUMBERS}, and leave a cell empty where none is",
        )
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
        raise DataError(f"{table.place(name, row)} is empty (or NA, null, nan); {role} needs a value in every row")


def mixed(table: Table, name: str) -> bool:
    """Whether a column of text is mostly one of numbers, so that whatever else it holds is likely a slip."""
    levels = _levels(table, name)
    return bool(len(levels) and np.isfinite(_parse(table, levels)).mean() > 0.5)


def are_amounts(table: Table, name: str) -> bool:
    """Whether a column of text is mostly one of quantities, more than classes may be."""
    import pandas as pd

    if not is_text(table.frame[name]) or not mixed(table, name):
        return False
    numbers = _parse(table, _levels(table, name))
    return not is_classes(pd.Series(numbers[np.isfinite(numbers)]))


def with_separators(table: Table, name: str, few: int = FEW_CLASSES) -> np.ndarray:
    """Which rows of a column of texts are no plain numbers, ``(R,)``, if most are 1,100.00, $5 or 12.345,67; else none.

    Up to ``few`` different ones are names of classes.
    """
    levels = _levels(table, name)
    plain = np.isfinite(_parse(table, levels))
    units = levels.str.extract(f"^{NUMBER}(?P<unit>[^\\w\\s.,]?[^\\W\\d]{{1,3}})$")["unit"]
    one_unit = units.mode().to_list()[:1]  # as in 57kg; 1st, 2nd and 3rd are names
    numbers = plain | levels.str.fullmatch(SEPARATED) | units.isin(one_unit)
    if len(levels) > few and plain.mean() <= 0.5 < numbers.mean():
        return table.frame[name].astype(str).isin(levels[~plain]).to_numpy()
    return np.zeros(len(table.frame), bool)


def refuse_separators(table: Table, name: str) -> None:
    """Raise `DataError` at the first of the rows `with_separators`."""
    refuse(table, name, with_separators(table, name), f"not a number; {PLAIN_NUMBERS}")


def _levels(table: Table, name: str) -> pd.Series:
    """The different texts of a column."""
    import pandas as pd

    return pd.Series(table.frame[name].dropna().unique().astype(object)).astype(str)


def _parse(table: Table, levels: pd.Series) -> np.ndarray:
    """The texts as numbers, nan where they are none."""
    import pandas as pd

    if table.decimal == ",":  # a point separates thousands then, if anything: 1.004 is no number
        levels = levels.astype(str).str.translate(str.maketrans(",.", ".,"))
    return pd.to_numeric(levels, errors="coerce").to_numpy(np.float64)
