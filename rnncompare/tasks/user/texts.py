"""Texts with a label each, cut into characters or words."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncompare.tasks.contract import Classification, Data, Examples
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.user.columns.features import refuse, refuse_missing
from rnncompare.tasks.user.columns.roles import Roles
from rnncompare.tasks.user.columns.targets import Target, classes
from rnncompare.tasks.user.files.corpora import smallest
from rnncompare.tasks.user.files.file_type import bar
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.leaks import of_texts
from rnncompare.tasks.user.prepared import Prepared
from rnncompare.tasks.user.problem import Problem, fits, pad_rows, rows_of, spanned
from rnncompare.tasks.user.splits import Splitting, enough, groups_of, splitting

WORD = re.compile(r"\w+|[^\w\s]")
MOST_WORDS = 20_000
LOOKED_AT = 1000  # texts
LEAST_WORDS = 5  # in the median text, from which on texts are cut into words


@dataclass
class Texts(Problem):
    """Texts, as the numbers of their characters or words one after the other.

    Attributes:
        symbols: the characters or words of all texts, in the order of their numbers.
        codes: ``(R,)`` numbers of the symbols, text after text.
        lengths: ``(N,)`` symbols of each text.
        target: the class of each text.
        most: symbols that are told apart at most, the commonest of train; the others are one more.
        splitting: how they are split.
        units: what they are cut into.
        column: of the texts.
        name_of_target: of the labels.
    """

    symbols: list[str]
    codes: np.ndarray
    lengths: np.ndarray
    target: Target
    most: int
    splitting: Splitting
    units: str = "characters"
    column: str = ""
    name_of_target: str = ""

    def largest(self) -> int:
        return self.splitting.largest()

    def load(self, count: int, seed: int) -> Data:
        parts = self.splitting.parts(seed, count)
        counts = self._counts(parts.train)
        known = np.argsort(-counts, kind="stable")[: min(self.most, int((counts > 0).sum()))]
        number = np.zeros(len(self.symbols) + 1, smallest(len(known) + 1))  # the last is for padding
        number[known] = np.arange(1, len(known) + 1)
        train = self._examples(number, parts.train[:count], int(self.lengths[parts.train].max()))
        validation, test = (self._examples(number, part) for part in (parts.validation, parts.test))
        assert self.target.classes is not None
        return Data(
            train,
            validation,
            test,
            objective=Classification(outputs=len(self.target.classes), readout="last"),
            baseline=majority_accuracy(train.targets, test.targets),
            sha256="",
            vocabulary=len(known) + 1,
            classes=self.target.classes,
            prepared=Prepared(
                form="texts",
                target=self.name_of_target,
                text=self.column,
                units=self.units,
                symbols=[self.symbols[i] for i in known],
                classes=self.target.classes,
            ),
        )

    def _examples(self, number: np.ndarray, part: np.ndarray, longest: int | None = None) -> Examples:
        lengths = self.lengths[part]
        longest = longest or int(lengths.max())
        fits(self.name, len(part), longest, 1, "cut the longest texts, or set data.units=words")
        starts = (np.cumsum(self.lengths) - self.lengths)[part]
        full = bool((lengths == longest).all())
        padded = number[pad_rows(self.codes, starts, lengths, longest, fill=-1)]
        return Examples(padded, self.target.values[part], None if full else lengths)

    def _counts(self, part: np.ndarray) -> np.ndarray:
        """How often each symbol comes in the texts ``part``."""
        starts = np.cumsum(self.lengths) - self.lengths
        return np.bincount(self.codes[rows_of(starts[part], self.lengths[part])], minlength=len(self.symbols))


def from_texts(table: Table, roles: Roles, reading: Reading, test: Table | None = None) -> Texts:
    """The texts in a column of a table, with their labels.

    Raises:
        DataError: a text or a label is missing, or a label cannot be learned.
    """
    assert roles.text is not None
    tables = [table] if test is None else [table, test]
    for part in tables:
        refuse_missing(part, roles.text, "the text")
    given_test = len(test.frame) if test is not None else 0
    count = sum(len(part.frame) for part in tables)
    enough(table.name, count, given_test, "texts")
    target = classes(tables, roles.targets[0], "texts have classes as targets: round a quantity to a few values")
    units = reading.units if reading.units != "auto" else _units(table.frame[roles.text].head(LOOKED_AT).astype(str))
    every = (str(text) for part in tables for text in part.frame[roles.text])
    codes, lengths, symbols = _coded(bar(Path(table.name), count, "text", every), units)
    ends = np.cumsum([len(part.frame) for part in tables])
    for part, empty in zip(tables, np.split(lengths == 0, ends[:-1]), strict=True):
        refuse(part, roles.text, empty, f"a text without {units}")
    assert target.classes is not None
    line = (
        f"text classification by {units} (data.units), {spanned(lengths, 'texts', units)}, "
        f"text {roles.text}, target {roles.target} ({len(target.classes)} classes)"
    )
    most = MOST_WORDS if units == "words" else len(symbols)
    groups = groups_of([(part, np.ones(len(part.frame), int)) for part in tables], roles.split_by)
    how = splitting(reading, table.name, count, given_test, target.values, groups, roles.split_by)
    return Texts(
        table.name,
        [line, *roles.notes, *how.words(), *of_texts(codes, lengths, symbols, target)],
        symbols,
        codes,
        lengths,
        target,
        most,
        how,
        units,
        roles.text,
        roles.target,
    )


def symbols_of(text: str, units: str) -> list[str]:
    """The characters or (lower-case) words of a text; none where it is white space alone."""
    return WORD.findall(text.lower()) if units == "words" else list(text) if text.strip() else []


def _units(texts: Iterable[str]) -> str:
    words = np.median([len(text.split()) for text in texts])
    return "words" if words >= LEAST_WORDS else "characters"


def _coded(texts: Iterable[str], units: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """The number of each character or (lower-case) word of all ``texts``, how many each text has, how many differ.

    A text of white space alone has none.
    """
    number: dict[str, int] = {}
    codes, lengths = array("i"), array("q")
    for text in texts:
        symbols = symbols_of(text, units)
        codes.extend([number.setdefault(symbol, len(number)) for symbol in symbols])
        lengths.append(len(symbols))
    return np.frombuffer(codes, np.int32), np.frombuffer(lengths, np.int64), list(number)
