"""Associative recall: which value stood beside this key (multi-query, Arora et al. 2023)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract import IGNORED, Classification, Examples, Generated, setting
from rnncompare.tasks.contract.baselines import majority_accuracy


@dataclass
class AssociativeRecall(Generated):
    """Pairs of a key and a value are shown, then every key once more, with blanks between; there its value is asked.

    Two sequences of 9 steps with 2 pairs, keys A to D and values 0 to 3 (``_`` blank, ``.`` not scored)::

        input   A 3 C 1 _ C _ _ A        input   D 0 B 2 D B _ _ _
        target  . . . . . 1 . . 3        target  . . . . 0 2 . . .

    Keys of a sequence differ, values need not; they do not carry over from one sequence to the next. Symbols are the
    keys, the values, the blank. Any one value is right in one of `values` cases; the optimum is 1.
    """

    sequence_length: int = setting(32, "steps of a sequence, from three for each pair")
    pairs: int = setting(4, "pairs of a key and a value")
    keys: int = setting(16, "different keys, from data.pairs")
    values: int = setting(16, "different values, from 2")

    def check(self) -> None:
        super().check()
        self.at_least(1, "pairs")
        self.at_least(self.pairs, "keys")
        self.at_least(2, "values")
        self.at_least(3 * self.pairs, "sequence_length")
        require(self.keys <= 4096, "data.keys", self.keys, "a whole number up to 4096")

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        blank, shown, rows = self.keys + self.values, 2 * self.pairs, np.arange(count)[:, None]
        keys = random.random((count, self.keys), np.float32).argsort(1)[:, : self.pairs]
        values = random.integers(0, self.values, keys.shape)
        inputs = np.full((count, self.sequence_length), blank)
        inputs[:, :shown:2], inputs[:, 1:shown:2] = keys, self.keys + values
        free = self.sequence_length - shown
        asked = shown + random.random((count, free), np.float32).argsort(1)[:, : self.pairs]
        targets = np.full_like(inputs, IGNORED)
        inputs[rows, asked], targets[rows, asked] = keys, values
        return Examples(inputs, targets)

    def objective(self) -> Classification:
        return Classification(outputs=self.values, readout="every")

    def baseline(self, train: Examples, test: Examples) -> float:
        return majority_accuracy(train.targets, test.targets)

    def optimum(self) -> float:
        return 1.0

    def vocabulary(self) -> int:
        return self.keys + self.values + 1

    def distinct(self) -> int:
        return (self.keys * self.values) ** self.pairs // self.pairs**self.pairs
