"""Dyck words: which bracket is the next to close (after Hewitt et al. 2020)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import IGNORED, Classification, Examples, Strings, setting


@dataclass
class Dyck(Strings):
    """Well-nested brackets of several kinds; wherever the next symbol closes one, predict its kind.

    Symbols are the opening brackets, 0 to kinds - 1, and then the closing ones (``.`` is not scored)::

        input   ( [ ] )        input   [ ] ( ( ) )
        target  . [ ( .        target  [ . . ( ( .

    At each step a bracket opens or closes with even chance where both may. Lengths are even. Any one kind is right in
    one of `kinds` cases; the optimum is 1.
    """

    min_length: int = setting(2, "the shortest word")
    kinds: int = setting(2, "kinds of brackets, from 2")
    max_depth: int = setting(6, "brackets open at once at most, from 1")

    shortest: ClassVar[int] = 2
    stride: ClassVar[int] = 2

    def check(self) -> None:
        super().check()
        self.at_least(2, "kinds")
        self.at_least(1, "max_depth")

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        rows = np.arange(len(lengths))
        depth = np.zeros(len(lengths), np.int64)
        stack = np.zeros((len(lengths), self.max_depth), np.int64)
        symbols = np.zeros((longest, len(lengths)), np.int64)
        targets = np.full((longest + 1, len(lengths)), IGNORED)
        for t, drawn in enumerate(random.integers(0, 2 * self.kinds, symbols.shape)):
            used, may_open = t < lengths, (depth < self.max_depth) & (depth + 2 <= lengths - t)
            opens = used & ((depth == 0) | (may_open & (drawn < self.kinds)))
            closes = used & ~opens
            kind = np.where(opens, drawn % self.kinds, stack[rows, depth - 1])
            stack[rows[opens], depth[opens]] = kind[opens]
            depth += opens.astype(np.int64) - closes
            symbols[t] = np.where(used, kind + self.kinds * closes, 0)
            targets[t][closes] = kind[closes]
        return Examples(np.ascontiguousarray(symbols.T), np.ascontiguousarray(targets[1:].T), lengths)

    def objective(self) -> Classification:
        return Classification(outputs=self.kinds, readout="every")

    def vocabulary(self) -> int:
        return 2 * self.kinds

    def distinct_at(self, length: int) -> int:
        return self.kinds ** (length // 2)
