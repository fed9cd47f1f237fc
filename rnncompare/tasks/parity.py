"""Parity: is the number of ones in a string of bits even or odd (Deletang et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.tasks.contract import AnyLength, Classification, Examples
from rnncompare.tasks.contract.baselines import majority_accuracy


@dataclass
class Parity(AnyLength):
    """The class is 0 where the string holds an even number of ones, else 1.

    Examples::

        0 1 1 1 1  ->  4 ones, even  ->  class 0        1 0 1 1  ->  3 ones, odd  ->  class 1

    Either class is right half of the time; the optimum is 1.
    """

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        bits = random.integers(0, 2, (len(lengths), longest))
        bits[np.arange(longest) >= lengths[:, None]] = 0
        return Examples(bits, bits.sum(1) % 2, lengths)

    def objective(self) -> Classification:
        return Classification(outputs=2, readout="last")

    def baseline(self, train: Examples, test: Examples) -> float:
        return majority_accuracy(train.targets, test.targets)

    def optimum(self) -> float:
        return 1.0

    def vocabulary(self) -> int:
        return 2

    def distinct(self) -> int:
        return self.strings(2)
