"""Generated tasks: sequences drawn from the seed, with the splits disjoint by construction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.tasks.contract.draws import SHARES, by_hash, draw
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.tasks.contract.task import Data, Examples, Task, fingerprint, setting


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

    def sample_held_out(self, count: int, random: np.random.Generator) -> Examples:
        """Draw ``count`` sequences for validation or test, like `sample` unless a task has a reason."""
        return self.sample(count, random)

    def split_of(self, examples: Examples) -> np.ndarray:
        """The name of the split (N,) that each sequence belongs to, by its content alone."""
        return by_hash(examples)

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
        train = draw(self.sample, self.split_of, self.train_examples(), seed, "train")
        validation = draw(self.sample_held_out, self.split_of, self.validation_examples, seed, "validation")
        test = draw(self.sample_held_out, self.split_of, self.test_examples, seed, "test")
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
