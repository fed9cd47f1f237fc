"""How a user's data are to be read: the settings that say what is not to be guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from rnncompare.base.errors import SettingError, require
from rnncompare.tasks.contract import setting

KINDS = ("classification", "regression", "forecasting", "text_classification", "language_modelling", "events")
UNITS = ("characters", "words")
SPLITS = ("random", "ordered", "group", "rolling")
LATER = ("known", "split", "split_by", "folds", "fractions")  # came later; at null, data and runs are known as before
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "space": " ", "bar": "|", "\\t": "\t"}
MARKS = {"point": ".", "comma": ","}


@dataclass
class Reading:
    """What a user says of their data; what is left at its default is found from the data."""

    kind: str = setting("auto", f"auto, or one of {', '.join(KINDS)}")
    target: str | None = setting(
        None, "the column to predict, or several quantities with commas between; null: found where that is safe"
    )
    group: str | None = setting(
        None, "the column that says which sequence a row belongs to, or several with commas between; null: found"
    )
    time: str | None = setting(None, "the column that orders rows; null: found, or the order of the file")
    categorical: tuple[str, ...] = setting((), "columns of numbers that are names of things, to be embedded")
    ignore: tuple[str, ...] = setting((), "columns to leave out")
    window: int | None = setting(None, "steps read for a forecast, or characters of a window of text; null: found")
    horizon: int = setting(1, "steps ahead that are forecast, all at once")
    season: int | None = setting(None, "steps of a season, for the seasonal naive forecast; null: from the time stamps")
    units: str = setting("auto", "what texts to classify are cut into: auto, characters or words")
    min_length: int = setting(2, "steps that a sequence must have; a file with a shorter one is refused")
    known: tuple[str, ...] | None = setting(
        None, "columns of forecasts that are known in advance: read as they stand data.horizon steps ahead"
    )
    split: str | None = setting(
        None,
        "random: drawn by the seed; ordered: the last are held out; group: no group in two splits; rolling: forecasts "
        "from an origin that the seed moves; null: ordered for forecasts and plain text, else random",
    )
    split_by: str | None = setting(None, "the column of the groups of data.split=group; null: data.group")
    folds: int | None = setting(
        None, "parts of which each seed in turn tests one (cross-validation); null: a share that the seed draws"
    )
    fractions: tuple[float, ...] | None = setting(
        None, "shares of train, validation and test, as '[0.7,0.15,0.15]', which is null; of two with data.test_path"
    )

    def check_reading(self) -> None:
        """Raise `SettingError` for settings that no data could meet."""
        require(self.kind in ("auto", *KINDS), "data.kind", self.kind, f"auto, or one of {', '.join(KINDS)}")
        require(self.units in ("auto", *UNITS), "data.units", self.units, "auto, characters or words")
        for name in ("window", "horizon", "season", "min_length"):
            value = getattr(self, name)
            whole = isinstance(value, Integral) and int(value) >= 1
            require(value is None or whole, f"data.{name}", value, "a whole number from 1")
        require(self.split in (None, *SPLITS), "data.split", self.split, f"null, or one of {', '.join(SPLITS)}")
        grouped = self.split_by is None or self.split == "group"
        require(grouped, "data.split_by", self.split_by, "null, or a column with data.split=group")
        enough = isinstance(self.folds, Integral) and self.folds >= 3
        folded = self.folds is None or (enough and self.split in (None, "random", "group"))
        require(folded, "data.folds", self.folds, "null, or from 3, with data.split=random or group")
        shares = self.fractions
        numbers = isinstance(shares, Sequence) and all(isinstance(share, Real) for share in shares)
        whole = shares is None or (numbers and min(shares) > 0 and math.isclose(sum(shares), 1) and shares[0] >= 0.5)
        require(
            whole, "data.fractions", shares, "shares above 0 that make 1, of which the first, of train, is half or more"
        )

    def require_unused(self, form: str, **unused: Any) -> None:
        """Raise `SettingError` if one of these settings is not at its value, the only one for a ``form`` of data."""
        for name, value in unused.items():
            said = getattr(self, name)
            require(said == value, f"data.{name}", said, f"{'null' if value is None else value}; {form}")

    def words(self) -> str:
        """The settings in words by which data are known; those that came later are named only where they are set."""
        said = {field.name: getattr(self, field.name) for field in fields(Reading)}
        told = (f"{name}={value!r}" for name, value in said.items() if value is not None or name not in LATER)
        return f"Reading({', '.join(told)})"


@dataclass
class Layout:
    """What a user says of how a text file is a table; what is left at null is found from the file."""

    delimiter: str | None = setting(
        None, "between cells: comma, semicolon, tab, space, bar, or a character; null: found"
    )
    decimal: str | None = setting(None, "the decimal mark: point or comma; null: found")
    encoding: str | None = setting(None, "of a table of text or a plain text, such as cp1252; null: found")
    header: bool | None = setting(None, "whether the first row gives the names of columns; null: found")

    def check_layout(self) -> None:
        """Raise `SettingError` for settings that no file could meet."""
        delimiter, decimal = self.marks()
        ascii_ = delimiter is None or (len(delimiter) == 1 and delimiter.isascii() and delimiter not in '"\r\n')
        valid = "one character, or comma, semicolon, tab, space or bar"
        require(ascii_ and delimiter != ".", "data.delimiter", self.delimiter, valid)
        require(decimal in (None, ".", ","), "data.decimal", self.decimal, "point or comma, as a word or a mark")
        try:
            "".encode(self.encoding or "utf-8")
        except (LookupError, UnicodeError) as error:
            valid = "an encoding of Python's, such as utf-8, cp1252, latin-1 or utf-16"
            raise SettingError("data.encoding", self.encoding, valid) from error

    def marks(self) -> tuple[str | None, str | None]:
        """The delimiter and the decimal mark as characters, None where they are to be found."""
        return DELIMITERS.get(self.delimiter or "", self.delimiter), MARKS.get(self.decimal or "", self.decimal)

    def require_unsaid(self, form: str, *but: str) -> None:
        """Raise `SettingError` if settings, ``but`` for some, are given for a file whose ``form`` leaves none open."""
        for entry in fields(Layout):
            value = getattr(self, entry.name)
            require(value is None or entry.name in but, f"data.{entry.name}", value, f"null; the file is {form}")
