"""Even pairs: are there as many changes from one symbol to the other as make an even number (Deletang et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Examples, Strings


@dataclass
class EvenPairs(Strings):
    """The class is 0 where the pairs ``01`` and ``10`` in the string are together even in number, else 1.

    Two strings::

        0 0 1 0  ->  one 01, one 10  ->  2, even  ->  class 0
        0 1 0 0 1  ->  two 01, one 10  ->  3, odd  ->  class 1

    It comes to whether the first and the last symbol are the same. Either class is right half of the time; the optimum
    is 1.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        strings = random.integers(0, 2, (len(lengths), longest))
        strings[np.arange(longest) >= lengths[:, None]] = 0
        last = strings[np.arange(len(strings)), lengths - 1]
        return Examples(strings, strings[:, 0] ^ last, lengths)
