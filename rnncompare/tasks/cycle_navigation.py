"""Cycle navigation: where on a cycle of five do steps left and right end (Deletang et al. 2022)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Examples, Strings

STAY, RIGHT, LEFT = 0, 1, 2


@dataclass
class CycleNavigation(Strings):
    """From position 0, each symbol moves by 0, +1 or -1 on a cycle of five; the class is the position at the end.

    Symbols are 0 (stay), 1 (+1) and 2 (-1)::

        1 1 0 2 1  ->  +1 +1 0 -1 +1  ->  class 2        2 2 0  ->  -1 -1 0  ->  -2  ->  class 3

    Any one class is right a fifth of the time (position 0 more often after few steps); the optimum is 1.
    """

    alphabet: ClassVar[int] = 3
    classes: ClassVar[int] = 5

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        moves = random.integers(0, self.alphabet, (len(lengths), longest))
        moves[np.arange(longest) >= lengths[:, None]] = STAY
        return Examples(moves, ((moves == RIGHT).sum(1) - (moves == LEFT).sum(1)) % self.classes, lengths)
