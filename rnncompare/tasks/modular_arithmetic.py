"""Modular arithmetic: the value, modulo five, of a sum of products without brackets (Deletang et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Examples, Strings, setting

MODULUS = 5
PLUS, MINUS, TIMES = 5, 6, 7


@dataclass
class ModularArithmetic(Strings):
    """Digits from 0 to 4 with ``+``, ``-`` or ``*`` between them; the class is the value modulo 5, products first.

    Symbols are the digits and 5 (+), 6 (-) and 7 (*)::

        1 + 2 * 4  ->  9  ->  class 4        2 - 3 - 4  ->  -5  ->  class 0

    Lengths are odd. Class 0 is right a little over a fifth of the time; the optimum is 1.
    """

    sequence_length: int = setting(20, "the longest expression in train, validation and test")
    longer: tuple[int, ...] = setting((21, 31, 41, 61), "odd lengths beyond data.sequence_length of further test sets")

    alphabet: ClassVar[int] = MODULUS + 3
    classes: ClassVar[int] = MODULUS
    stride: ClassVar[int] = 2

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        symbols = np.empty((len(lengths), longest), np.int64)
        symbols[:, ::2] = random.integers(0, MODULUS, symbols[:, ::2].shape)
        symbols[:, 1::2] = random.integers(PLUS, TIMES + 1, symbols[:, 1::2].shape)
        symbols[np.arange(longest) >= lengths[:, None]] = 0
        return Examples(symbols, value(symbols), lengths)

    def distinct_at(self, length: int) -> int:
        return MODULUS ** (length // 2 + 1) * 3 ** (length // 2)


def value(symbols: np.ndarray) -> np.ndarray:
    """The value modulo 5 of each expression (N,), from left to right: the terms summed so far, and the last term."""
    total, term = np.zeros(len(symbols), np.int64), symbols[:, 0]
    for sign, digit in zip(symbols[:, 1::2].T, symbols[:, 2::2].T, strict=True):
        ended = (sign == PLUS) | (sign == MINUS)
        total = np.where(ended, total + term, total)
        term = np.select([sign == PLUS, sign == MINUS, sign == TIMES], [digit, -digit, term * digit % MODULUS], term)
    return (total + term) % MODULUS
