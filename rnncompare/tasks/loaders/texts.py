"""Texts with a label each, cut into characters or words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.errors import DataError
from rnncompare.tasks.contract import Classification, Data, Examples
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.loaders.columns import refuse, refuse_missing
from rnncompare.tasks.loaders.padding import pad_rows
from rnncompare.tasks.loaders.problem import Problem, enough, fits, spanned, split, train_size
from rnncompare.tasks.loaders.reading import Reading
from rnncompare.tasks.loaders.roles import Roles
from rnncompare.tasks.loaders.tables import Table
from rnncompare.tasks.loaders.targets import Target, classes

WORD = re.compile(r"\w+|[^\w\s]")
MOST_WORDS = 20_000
LEAST_WORDS = 5  # in the median text, from which on texts are cut into words


@dataclass
class Texts(Problem):
    """Texts, as the numbers of their characters or words one after the other.

    Attributes:
        symbols: the characters or words, by number, over all texts.
        codes: ``(R,)`` numbers of the symbols, text after text.
        lengths: ``(N,)`` symbols of each text.
        target: the class of each text.
        most: symbols that are told apart at most, the commonest of train; the others are one more.
        given_test: how many of the texts, at the end, are the test split as given.
    """

    symbols: int
    codes: np.ndarray
    lengths: np.ndarray
    target: Target
    most: int
    given_test: int = 0

    def largest(self) -> int:
        return train_size(len(self.lengths), self.given_test)

    def load(self, count: int, seed: int) -> Data:
        parts = split(len(self.lengths), self.given_test, self.target.values, seed)
        own = np.zeros(len(self.lengths), bool)
        own[parts.train] = True
        counts = np.bincount(self.codes[np.repeat(own, self.lengths)], minlength=self.symbols)
        known = np.argsort(-counts, kind="stable")[: min(self.most, int((counts > 0).sum()))]
        number = np.zeros(self.symbols, np.int32)
        number[known] = np.arange(1, len(known) + 1)
        rows = number[self.codes]
        train = self._examples(rows, parts.train[:count], int(self.lengths[parts.train].max()))
        validation, test = (self._examples(rows, part) for part in (parts.validation, parts.test))
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
        )

    def _examples(self, rows: np.ndarray, part: np.ndarray, longest: int | None = None) -> Examples:
        lengths = self.lengths[part]
        longest = longest or int(lengths.max())
        fits(self.name, len(part), longest, 1, "cut the longest texts, or set data.units=words")
        starts = (np.cumsum(self.lengths) - self.lengths)[part]
        full = bool((lengths == longest).all())
        return Examples(pad_rows(rows, starts, lengths, longest), self.target.values[part], None if full else lengths)


def from_texts(table: Table, roles: Roles, reading: Reading, test: Table | None = None) -> Texts:
    """The texts in a column of a table, with their labels.

    Raises:
        DataError: a text or a label is missing, or a label cannot be learned.
    """
    assert roles.text is not None
    tables = [table] if test is None else [table, test]
    texts: list[str] = []
    for part in tables:
        refuse_missing(part, roles.text, "the text")
        found = part.frame[roles.text].astype(str)
        refuse(part, roles.text, (found.str.strip() == "").to_numpy(), "no text")
        texts += found.tolist()
    given_test = len(test.frame) if test is not None else 0
    enough(table.name, len(texts), given_test, "texts")
    target = classes(tables, roles.target)
    units = reading.units if reading.units != "auto" else _units(texts)
    codes, lengths, symbols = _coded(texts, units)
    if (lengths == 0).any():
        raise DataError(f"{table.name}: column {roles.text}: a text has no {units}")
    assert target.classes is not None
    line = (
        f"text classification by {units} (data.units), {spanned(lengths, 'texts', units)}, "
        f"text {roles.text}, target {roles.target} ({len(target.classes)} classes)"
    )
    most = MOST_WORDS if units == "words" else symbols
    return Texts(table.name, [line, *roles.notes], symbols, codes, lengths, target, most, given_test)


def _units(texts: Sequence[str]) -> str:
    words = np.median([len(text.split()) for text in texts[:1000]])
    return "words" if words >= LEAST_WORDS else "characters"


def _coded(texts: Sequence[str], units: str) -> tuple[np.ndarray, np.ndarray, int]:
    """The number of each character or (lower-case) word of all ``texts``, how many each text has, how many differ."""
    if units == "characters":
        points = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
        found, codes = np.unique(points, return_inverse=True)
        return codes.astype(np.int32), np.array([len(text) for text in texts]), len(found)
    number: dict[str, int] = {}
    lengths, parts = [], []
    for text in texts:
        words = [number.setdefault(word, len(number)) for word in WORD.findall(text.lower())]
        lengths.append(len(words))
        parts.append(np.array(words, np.int32))
    return np.concatenate(parts), np.array(lengths), len(number)
