"""Parity: is the number of ones in a string of bits even or odd (Deletang et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Examples, Strings


@dataclass
class Parity(Strings):
    """The class is 0 where the string holds an even number of ones, else 1.

    Two strings::

        0 1 1 1 1  ->  4 ones, even  ->  class 0        1 0 1 1  ->  3 ones, odd  ->  class 1

    Either class is right half of the time; the optimum is 1.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        bits = random.integers(0, 2, (len(lengths), longest))
        bits[np.arange(longest) >= lengths[:, None]] = 0
        return Examples(bits, bits.sum(1) % 2, lengths)
