"""The adding problem: add the two marked numbers of a long sequence (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.tasks.contract import Examples, Generated, Regression, setting
from rnncompare.tasks.contract.baselines import mean_squared_error


@dataclass
class Adding(Generated):
    """Each step holds a value drawn from [0, 1) and a mark; the target is the sum of the two marked values.

    One mark lies in the first half of the sequence, one in the second::

        values  0.3  0.9  0.1  0.5        values  0.2  0.7  0.6  0.4
        marks   1    0    0    1          marks   0    1    1    0
        target  0.8                       target  1.3

    Always saying 1 gives a mean squared error of 1/6; the optimum is 0.
    """

    sequence_length: int = setting(50, "steps of a sequence, from 2")

    def check(self) -> None:
        super().check()
        self.at_least(2, "sequence_length")

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        steps = self.sequence_length
        inputs = np.zeros((count, steps, 2), np.float32)
        inputs[:, :, 0] = random.random((count, steps), np.float32)
        rows = np.arange(count)
        first, second = random.integers(0, steps // 2, count), random.integers(steps // 2, steps, count)
        inputs[rows, first, 1] = inputs[rows, second, 1] = 1
        targets = inputs[rows, first, 0] + inputs[rows, second, 0]
        return Examples(inputs, targets[:, None])

    def objective(self) -> Regression:
        return Regression(outputs=1, readout="last")

    def baseline(self, train: Examples, test: Examples) -> float:
        return mean_squared_error(train.targets, test.targets)

    def optimum(self) -> float:
        return 0.0

    def features(self) -> int:
        return 2
