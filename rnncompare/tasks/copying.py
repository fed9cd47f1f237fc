"""The copying problem: recall a short string after a long lag (Arjovsky, Shah and Bengio 2016)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnncompare.tasks.contract import CrossEntropy, Examples, Generated, setting

ALPHABET = 8  # what each of them can be: 0 to 7
BLANK, GO = 8, 9


@dataclass
class Copying(Generated):
    """Symbols of eight, ten by default, are shown, then blanks, then a go sign from which they are to be said again.

    A sequence has lag + 2 symbols steps. With 3 symbols and a lag of 4 (``_`` blank, ``!`` go)::

        input   5 0 7 _ _ _ ! _ _ _        input   2 2 6 _ _ _ ! _ _ _
        target  _ _ _ _ _ _ _ 5 0 7        target  _ _ _ _ _ _ _ 2 2 6

    The cross-entropy is averaged over all steps. Saying blank until the go sign and then guessing evenly gives
    symbols ln 8 / (lag + 2 symbols); the optimum is 0.
    """

    lag: int = setting(5, "steps between the last symbol shown and the first recalled, from 1")
    symbols: int = setting(10, "symbols shown and recalled, from 1")

    def check(self) -> None:
        super().check()
        self.at_least(1, "lag")
        self.at_least(1, "symbols")

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        shown = random.integers(0, ALPHABET, (count, self.symbols))
        inputs = np.full((count, self.lag + 2 * self.symbols), BLANK)
        targets = inputs.copy()
        inputs[:, : self.symbols] = shown
        inputs[:, -self.symbols - 1] = GO
        targets[:, -self.symbols :] = shown
        return Examples(inputs, targets)

    def objective(self) -> CrossEntropy:
        return CrossEntropy(outputs=ALPHABET + 1, readout="every")

    def baseline(self, train: Examples, test: Examples) -> float:
        return self.symbols * math.log(ALPHABET) / (self.lag + 2 * self.symbols)

    def optimum(self) -> float:
        return 0.0

    def vocabulary(self) -> int:
        return ALPHABET + 2
