"""Temporal order: in which order did two marked symbols come (Hochreiter and Schmidhuber 1997, experiment 6a)?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.tasks.contract import Classification, Examples, Generated, setting
from rnncompare.tasks.contract.baselines import majority_accuracy

DISTRACTORS = 4  # a b c d, symbols 0 to 3
X, Y, BEGIN, END = 4, 5, 6, 7


@dataclass
class TemporalOrder(Generated):
    """Between a begin and an end sign stand distractors and, twice, an X or a Y; the class is their order.

    The first stands between a tenth and a fifth of the sequence, the second between a half and three fifths. Two
    sequences of ten steps (``<`` begin, ``>`` end)::

        < X b c d Y a a c >  ->  X, Y  ->  class 1        < a Y d b a Y c b >  ->  Y, Y  ->  class 3

    Classes are XX, XY, YX and YY. Any one is right a quarter of the time; the optimum is 1.
    """

    sequence_length: int = setting(20, "steps of a sequence, from 10")

    def check(self) -> None:
        super().check()
        self.at_least(10, "sequence_length")

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        steps, rows = self.sequence_length, np.arange(count)
        inputs = random.integers(0, DISTRACTORS, (count, steps))
        inputs[:, 0], inputs[:, -1] = BEGIN, END
        marks = random.integers(0, 2, (2, count))
        inputs[rows, random.integers(steps // 10, steps // 5 + 1, count)] = X + marks[0]
        inputs[rows, random.integers(steps // 2, steps * 3 // 5 + 1, count)] = X + marks[1]
        return Examples(inputs, 2 * marks[0] + marks[1])

    def objective(self) -> Classification:
        return Classification(outputs=4, readout="last")

    def baseline(self, train: Examples, test: Examples) -> float:
        return majority_accuracy(train.targets, test.targets)

    def optimum(self) -> float:
        return 1.0

    def vocabulary(self) -> int:
        return DISTRACTORS + 4

    def distinct(self) -> int:
        return 4 * DISTRACTORS ** (self.sequence_length - 4)
