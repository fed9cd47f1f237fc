"""Counting: the languages a^n b^n and a^n b^n c^n, one symbol after the other (Weiss, Goldberg and Yahav 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract import IGNORED, Classification, Examples, Strings, setting


@dataclass
class Counting(Strings):
    """Predict the next symbol wherever it follows from those so far: from the first b on.

    Lengths count n; a string has 2 n or 3 n steps. Here n = 3 and n = 2 (``$`` is the end, ``.`` is not scored)::

        input   a a a b b b        input   a a b b c c
        target  . . . b b $        target  . . b c c $

    There is one string for each n, so that a training set is a choice of different n up to `sequence_length`; every
    fifth n is held out. A further test set is the one string of its n: the network accepts that
    n if its accuracy there is 1. The baseline says the commonest symbol always; the optimum is 1.
    """

    letters: int = setting(2, "2 for a^n b^n, 3 for a^n b^n c^n")
    sequence_length: int = setting(50, "the largest n in train, validation and test")
    validation_examples: int = setting(100, "strings in the validation split; each n held out comes several times")
    test_examples: int = setting(100, "strings in the test split; each n held out comes several times")
    longer: tuple[int, ...] = setting(
        (51, 52, 54, 56, 60, 64, 70, 80, 90, 100, 128, 150, 200, 256), "n beyond data.sequence_length to test"
    )

    sizes: ClassVar[dict[str, int]] = {"tiny": 5, "small": 10, "medium": 20, "large": 30, "huge": 40}

    def check(self) -> None:
        super().check()
        self.at_least(10, "sequence_length")
        require(self.letters in (2, 3), "data.letters", self.letters, "2 or 3")

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        steps, n = np.arange(self.letters * longest), lengths[:, None]
        used = steps < self.letters * n
        targets = np.where(used & (steps >= n), (steps + 1) // n, IGNORED)
        return Examples(np.where(used, steps // n, 0), targets, self.letters * lengths)

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        """Every n comes once, in random order, before any comes again."""
        every = np.array(self.lengths())
        rounds = [random.permutation(every) for _ in range(-(-count // len(every)))]
        return self.sequences(np.concatenate(rounds)[:count], every[-1], random)

    def sample_held_out(self, count: int, random: np.random.Generator) -> Examples:
        return self.sample(count, random)

    def split_of(self, examples: Examples) -> np.ndarray:
        """Held out are the n that 10 divides, for validation, and those that 5 divides else, for test."""
        assert examples.lengths is not None
        n = examples.lengths // self.letters
        return np.select([n % 10 == 0, n % 5 == 0], ["validation", "test"], "train")

    def largest(self) -> int:
        return sum(n % 5 != 0 for n in self.lengths())

    def objective(self) -> Classification:
        return Classification(outputs=self.letters + 1, readout="every")

    def vocabulary(self) -> int:
        return self.letters

    def distinct_at(self, length: int) -> int:
        return 1
