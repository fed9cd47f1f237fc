"""Reverse: say a string again backwards (Deletang et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Answers


@dataclass
class Reverse(Answers):
    """A string of bits is shown, then as many blanks, at which it is to be given out from its end.

    Two strings (``_`` is the blank, symbol 2; ``.`` is not scored)::

        input   0 1 1 _ _ _        input   0 0 1 1 _ _ _ _
        target  . . . 1 1 0        target  . . . . 1 1 0 0

    Either symbol is right half of the time; the optimum is 1.
    """

    alphabet: ClassVar[int] = 2
    classes: ClassVar[int] = 2

    def answer(self, strings: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        backwards = lengths[:, None] - 1 - np.arange(strings.shape[1])
        return np.take_along_axis(strings, backwards.clip(min=0), axis=1)
