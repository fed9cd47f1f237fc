"""Bucket sort: say a string again with its symbols in order (Deletang et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Answers


@dataclass
class BucketSort(Answers):
    """A string over five symbols is shown, then as many blanks, at which its symbols are to be given out in order.

    Two strings (``_`` is the blank, symbol 5; ``.`` is not scored)::

        input   4 2 0 _ _ _        input   3 1 3 0 _ _ _ _
        target  . . . 0 2 4        target  . . . . 0 1 3 3

    It takes a count of each symbol. Any one symbol is right a fifth of the time; the optimum is 1.
    """

    alphabet: ClassVar[int] = 5
    classes: ClassVar[int] = 5

    def answer(self, strings: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        beyond = np.arange(strings.shape[1]) >= lengths[:, None]
        return np.sort(np.where(beyond, self.alphabet, strings), axis=1)
