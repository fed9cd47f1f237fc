"""Splits: which of a user's sequences, texts or series train, validate and test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.tasks.contract import stream
from rnncompare.tasks.contract.draws import stratified_order
from rnncompare.tasks.user.columns.features import refuse, refuse_missing
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.files.tables import Table

HELD_OUT = 0.15  # share of the data in the test split, and in the validation split
ROLLED = 0.7  # share of a series that one rolling split takes
ATTEMPTS = 100  # draws of groups until every class is in train


@dataclass(frozen=True)
class Parts:
    """Which of N things each split holds, as arrays of indices."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Splitting:
    """How N things are split.

    Attributes:
        name: of the file or table, for messages.
        count: N.
        given_test: how many of them, at the end, are the test split as given.
        validation: share of the others in the validation split.
        test: share of them in the test split.
        ordered: whether the last are held out, rather than some drawn by the seed.
        folds: of cross-validation: seed s tests fold s mod K of the draw s // K; None for shares drawn by the seed.
        classes: ``(N,)`` of the things, whose shares are alike in all splits; None where there are none.
        groups: ``(N,)`` codes; things of one code are in one split. None where each thing stands alone.
        by: the column of the groups.
    """

    name: str
    count: int
    given_test: int = 0
    validation: float = HELD_OUT
    test: float = HELD_OUT
    ordered: bool = False
    folds: int | None = None
    classes: np.ndarray | None = None
    groups: np.ndarray | None = None
    by: str = ""

    def __post_init__(self) -> None:
        units, least = self._units, 2 if self.given_test else 3
        if self.groups is not None and units < least:
            raise DataError(f"{self.name}: {units} values in column {self.by}; at least {least} are needed to split by")
        require(self.folds is None or self.folds <= units, "data.folds", self.folds, f"at most {units}: one of each")

    @property
    def kind(self) -> str:
        """How things are split, as ``data.split`` calls it."""
        return "ordered" if self.ordered else "random" if self.groups is None else "group"

    @property
    def _own(self) -> int:
        return self.count - self.given_test

    @property
    def _units(self) -> int:
        """What is drawn: groups, or things."""
        return self._own if self.groups is None else len(np.unique(self.groups[: self._own]))

    def _held_out(self, seed: int) -> tuple[int, int]:
        """How many groups or things validate, and how many test."""
        validation = max(1, int(self.validation * self._units))
        if self.given_test:
            return validation, 0
        if self.folds is not None:
            start, end = (fold * self._units // self.folds for fold in (seed % self.folds, seed % self.folds + 1))
            return validation, end - start
        return validation, max(1, int(self.test * self._units))

    def largest(self) -> int:
        """The most things that a split leaves for training; where groups or folds differ in size, some leave fewer."""
        held = sum(self._held_out(0))
        if self.groups is None:
            return self._own - held
        return self._own - int(np.sort(np.bincount(self.groups[: self._own]))[:held].sum())

    def parts(self, seed: int, count: int) -> Parts:
        """The splits for ``seed``; the first ``count`` of train are to be trained on.

        Every class is in train. In a stratified order the last member of a class of two or more stands beyond the
        middle, and less than half is held out; groups are drawn until it is so.

        Raises:
            DataError: this seed leaves fewer than ``count``, or a class is not in train.
        """
        random = stream(seed // (self.folds or 1), "split")
        for _ in range(1 if self.groups is None or self.folds else ATTEMPTS):
            found = self._drawn(seed, random)
            if self.classes is None or not len(np.setdiff1d(self.classes[: self._own], self.classes[found.train])):
                break
        else:
            raise DataError(
                f"{self.name}: data.split={self.kind} leaves no training example of a class; split otherwise"
            )
        if len(found.train) < count < self.largest():
            left = len(found.train)
            raise DataError(
                f"{self.name}: the split of seed {seed} leaves {left} for training; lower data.size={count}"
            )
        return found

    def _drawn(self, seed: int, random: np.random.Generator) -> Parts:
        own, (held, tested) = self._own, self._held_out(seed)
        if self.ordered:
            order = np.arange(own)[::-1]
        elif self.groups is None and self.classes is not None:
            order = stratified_order(self.classes[:own], random)
        else:
            order = random.permutation(self._units)
        if self.folds is not None:
            order = np.roll(order, -(seed % self.folds * self._units // self.folds))
        test, validation, train = np.split(order, [tested, tested + held])
        if self.ordered:
            train = random.permutation(train)
        if self.groups is not None:
            codes = np.unique(self.groups[:own], return_inverse=True)[1]
            test, validation, train = (np.flatnonzero(np.isin(codes, part)) for part in (test, validation, train))
            train = random.permutation(train)
        return Parts(train, validation, np.arange(own, self.count) if self.given_test else test)

    def words(self) -> list[str]:
        """Notes on how things are split, where the user said how, and on classes that some splits will lack."""
        return [*self._way(), *self._rare()]

    def _rare(self) -> list[str]:
        if self.classes is None or self.groups is not None or self.ordered:
            return []
        least = math.ceil(1 / (self.validation if self.given_test else min(self.validation, self.test)))
        counts = np.bincount(self.classes[: self._own])
        few = int(((counts > 0) & (counts < least)).sum())
        of = f"{few:,} of {len(counts):,} classes" if few > 1 else f"one of {len(counts):,} classes"
        return [f"warning: {of} has fewer than {least} examples, so that some splits lack it"] if few else []

    def _way(self) -> list[str]:
        if self.groups is not None:
            said = f"by {self.by}: none of its {self._units:,} values is in two splits"
        elif self.ordered:
            said = "in file order: the last are held out"
        elif self.folds is None:
            return []
        else:
            said = "at random"
        return [f"split {said}" + (f"; {self.folds} folds, one a seed in turn" if self.folds else "")]


def splitting(
    reading: Reading,
    name: str,
    count: int,
    given_test: int,
    classes: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    by: str | None = None,
) -> Splitting:
    """How ``count`` things are split, as ``reading`` says.

    Raises:
        SettingError: it asks for what these things cannot give.
        DataError: there are too few groups.
    """
    require(reading.split != "rolling", "data.split", reading.split, "random, ordered or group: these are no forecasts")
    require(not (reading.folds and given_test), "data.folds", reading.folds, "null: data.test_path is the test split")
    grouped = reading.split == "group"
    require(not grouped or groups is not None, "data.split", reading.split, "random or ordered: arrays have no columns")
    return Splitting(
        name,
        count,
        given_test,
        *shares(reading, given_test),
        ordered=reading.split == "ordered",
        folds=reading.folds,
        classes=classes,
        groups=groups if grouped else None,
        by=by or "",
    )


def groups_of(parts: Sequence[tuple[Table, np.ndarray]], by: str | None) -> np.ndarray | None:
    """The code of each sequence's value in the column ``by``; None where there is no such column.

    Args:
        parts: tables of sequences one after the other, and the lengths of these.
        by: of a column.

    Raises:
        DataError: a sequence has two values, or none.
    """
    import pandas as pd

    if by is None:
        return None
    found = []
    for table, lengths in parts:
        refuse_missing(table, by, "data.split_by")
        first = np.repeat(np.cumsum(lengths) - lengths, lengths)
        values = table.frame[by].to_numpy()
        refuse(table, by, values != values[first], "another value than the sequence has before; it has to have one")
        found.append(values[np.cumsum(lengths) - lengths])
    return pd.factorize(np.concatenate(found))[0]


def shares(reading: Reading, given_test: int) -> tuple[float, float]:
    """The shares of validation and test of what is split."""
    if reading.fractions is None:
        return HELD_OUT, HELD_OUT
    wanted = "two shares, of train and validation: data.test_path is the test split" if given_test else "three shares"
    require(len(reading.fractions) == (2 if given_test else 3), "data.fractions", reading.fractions, wanted)
    return reading.fractions[1], reading.fractions[-1]


def enough(name: str, count: int, given_test: int, what: str) -> None:
    """Raise `DataError` where there are too few things to give each split one."""
    least = 2 if given_test else 3
    if count - given_test < least:
        raise DataError(f"{name}: {count - given_test} {what}; at least {least} are needed, to train and to hold out")


def bounds(lengths: np.ndarray, given_test: int, held: tuple[float, float], place: float | None) -> np.ndarray:
    """Where the splits of series lie: for each, ``(4,)`` rows from which train, validation and test begin and the end.

    Args:
        lengths: rows of each series.
        given_test: how many of the series, at the end, are the test split as given.
        held: shares of validation and test.
        place: None to cut all of a series; else a split takes `ROLLED` of it, as far from its beginning as this share
            of what is left (a rolling origin with a training part of fixed length; Tashman 2000).
    """
    found = []
    for i, length in enumerate(map(int, lengths)):
        if i >= len(lengths) - given_test:
            found.append((0, 0, 0, length))
            continue
        span = length if place is None else int(ROLLED * length)
        start = 0 if place is None else round(place * (length - span))
        validation, test = int(held[0] * span), 0 if given_test else int(held[1] * span)
        found.append((start, start + span - validation - test, start + span - test, start + span))
    return np.array(found)


def place_of(seed: int) -> float:
    """Where the origin of a seed lies between the first, 0, and the last, 1: 1, 1/2, 3/4, 1/4, 7/8, ...

    One less the sequence of van der Corput (1935), of which every beginning is spread evenly.
    """
    digits = f"{seed:b}"
    return 1 - int(digits[::-1], 2) / 2 ** len(digits)
