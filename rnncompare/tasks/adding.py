"""The adding problem: add the two marked numbers of a long sequence (Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.errors import require
from rnncompare.tasks.contract import Data, Examples, Task, fingerprint, setting, stream


@dataclass
class Adding(Task):
    """Each step holds a value drawn from [0, 1) and a mark; the target is the sum of the two marked values.

    One mark lies in the first half of the sequence, one in the second::

        values  0.3  0.9  0.1  0.5        values  0.2  0.7  0.6  0.4
        marks   1    0    0    1          marks   0    1    1    0
        target  0.8                       target  1.3

    Always saying 1 gives a mean squared error of 1/6; the optimum is 0.
    """

    sequence_length: int = setting(50, "steps of a sequence, from 2")
    validation_examples: int = setting(1000, "sequences in the validation split")
    test_examples: int = setting(1000, "sequences in the test split")

    def check(self) -> None:
        super().check()
        require(self.sequence_length >= 2, "data.sequence_length", self.sequence_length, "a whole number from 2")
        for name in ("validation_examples", "test_examples"):
            require(getattr(self, name) >= 1, f"data.{name}", getattr(self, name), "a whole number from 1")

    def load(self, seed: int) -> Data:
        from rnncompare.tasks.contract.objectives import Regression

        train = self._sample(self.train_examples(), stream(seed, "train"))
        validation = self._sample(self.validation_examples, stream(seed, "validation"))
        test = self._sample(self.test_examples, stream(seed, "test"))
        return Data(
            train,
            validation,
            test,
            objective=Regression(outputs=1, readout="last"),
            baseline=float(np.mean((test.targets - train.targets.mean()) ** 2)),
            optimum=0.0,
            features=2,
            sha256=fingerprint(train, validation, test),
        )

    def _sample(self, count: int, random: np.random.Generator) -> Examples:
        steps = self.sequence_length
        inputs = np.zeros((count, steps, 2), np.float32)
        inputs[:, :, 0] = random.random((count, steps), np.float32)
        rows = np.arange(count)
        first, second = random.integers(0, steps // 2, count), random.integers(steps // 2, steps, count)
        inputs[rows, first, 1] = inputs[rows, second, 1] = 1
        targets = inputs[rows, first, 0] + inputs[rows, second, 0]
        return Examples(inputs, targets[:, None])
