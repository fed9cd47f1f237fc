"""Generated tasks: sequences drawn from the seed, with the splits disjoint by construction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.errors import require
from rnncompare.tasks.contract.draws import SHARES, draw
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.tasks.contract.task import Data, Examples, Task, fingerprint, setting, stream


@dataclass
class Generated(Task):
    """A task that states how to sample a sequence; drawing, splitting and scoring follow.

    A subclass implements `sample`, `objective`, `baseline` and one of `features` and `vocabulary`, and overrides
    `optimum` where it is known and `distinct` where few sequences are possible.
    """

    validation_examples: int = setting(1000, "sequences in the validation split")
    test_examples: int = setting(1000, "sequences in the test split")

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        """Draw ``count`` sequences with their targets."""
        raise NotImplementedError

    def objective(self) -> Objective:
        """How outputs are scored."""
        raise NotImplementedError

    def baseline(self, train: Examples, test: Examples) -> float:
        """The metric on ``test`` of the best predictor that ignores the input sequence."""
        raise NotImplementedError

    def optimum(self) -> float | None:
        """The best value of the metric, where known."""
        return None

    def features(self) -> int | None:
        """Numbers a step, where inputs are real."""
        return None

    def vocabulary(self) -> int | None:
        """Distinct input symbols, where inputs are integers."""
        return None

    def distinct(self) -> int | None:
        """How many different sequences there can be; None for so many that no size exhausts them."""
        return None

    def check(self) -> None:
        super().check()
        self.at_least(1, "validation_examples", "test_examples")

    def largest(self) -> int:
        """No more examples than train's share of the distinct sequences; of so many draws, some come twice."""
        distinct = self.distinct()
        most = super().largest()
        return most if distinct is None else min(most, distinct * SHARES["train"] // sum(SHARES.values()))

    def load(self, seed: int) -> Data:
        train = draw(self.sample, self.train_examples(), seed, "train")
        validation = draw(self.sample, self.validation_examples, seed, "validation")
        test = draw(self.sample, self.test_examples, seed, "test")
        return Data(
            train,
            validation,
            test,
            objective=self.objective(),
            baseline=self.baseline(train, test),
            optimum=self.optimum(),
            features=self.features(),
            vocabulary=self.vocabulary(),
            sha256=fingerprint(train, validation, test),
        )


@dataclass
class AnyLength(Generated):
    """A task on strings of any length, tested also on longer ones than it was trained on.

    Training lengths are uniform between `min_length` and `sequence_length` (Deletang et al. 2022). A subclass
    implements `sequences` in the place of `sample`.
    """

    sequence_length: int = setting(40, "the longest string in train, validation and test")
    min_length: int = setting(1, "the shortest string")
    longer: tuple[int, ...] = setting((60, 100, 200), "lengths beyond sequence_length of further test sets")

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        """Draw a string of each of ``lengths`` (N,), padded as one of ``longest`` would fill them."""
        raise NotImplementedError

    def check(self) -> None:
        super().check()
        self.at_least(1, "sequence_length")
        valid = f"a whole number from 1 to data.sequence_length, {self.sequence_length}"
        require(1 <= self.min_length <= self.sequence_length, "data.min_length", self.min_length, valid)
        valid = f"numbers above data.sequence_length, {self.sequence_length}"
        require(all(n > self.sequence_length for n in self.longer), "data.longer", list(self.longer), valid)

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        return self._between(self.min_length, self.sequence_length, count, random)

    def load(self, seed: int) -> Data:
        data = super().load(seed)
        for n in self.longer:
            data.longer[n] = self._between(n, n, self.test_examples, stream(seed, f"longer {n}"))
        return data

    def _between(self, shortest: int, longest: int, count: int, random: np.random.Generator) -> Examples:
        examples = self.sequences(random.integers(shortest, longest + 1, count), longest, random)
        if shortest == longest:  # all are full
            examples.lengths = None
        return examples

    def strings(self, symbols: int) -> int:
        """How many strings over ``symbols`` symbols there are between the shortest and the longest."""
        return sum(symbols**n for n in range(self.min_length, self.sequence_length + 1))
