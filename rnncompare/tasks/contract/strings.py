"""Tasks on strings of any length, tested also on longer ones than they were trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.contract.generated import Generated
from rnncompare.tasks.contract.objectives import IGNORED, Classification
from rnncompare.tasks.contract.task import Data, Examples, setting, stream

MANY = 1000  # strings of one length from which on some are held out without those saying much about the others


@dataclass
class Strings(Generated):
    """A task on strings, judged by the share of right answers, that its rule gets all right.

    Lengths are uniform between `min_length` and `sequence_length` (Deletang et al. 2022); validation and test leave out
    the shortest. A subclass implements `sequences` and sets the attributes below; it overrides `distinct_at` where not
    every string can come.

    Attributes:
        alphabet: symbols that strings consist of.
        classes: of the answers.
        readout: ``last``: one answer a string; ``every``: one a step.
        shortest: the shortest length possible.
        stride: what lengths grow by.
    """

    sequence_length: int = setting(40, "the longest string in train, validation and test")
    min_length: int = setting(1, "the shortest string")
    longer: tuple[int, ...] = setting((60, 100, 200), "lengths beyond data.sequence_length of further test sets")

    alphabet: ClassVar[int]
    classes: ClassVar[int]
    readout: ClassVar[Literal["last", "every"]] = "last"
    shortest: ClassVar[int] = 1
    stride: ClassVar[int] = 1

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        """Draw a string of each of ``lengths`` (N,), padded to the steps that one of ``longest`` takes."""
        raise NotImplementedError

    def distinct_at(self, length: int) -> int:
        """How many different strings of ``length`` there are, at least."""
        return self.alphabet**length

    def check(self) -> None:
        super().check()
        self.at_least(self.shortest, "sequence_length")
        possible = ", ".join(str(self.shortest + i * self.stride) for i in range(3)) + ", ..."
        valid = f"one of {possible} up to data.sequence_length, {self.sequence_length}"
        fits = self._possible(self.min_length) and self.min_length <= self.sequence_length
        require(fits, "data.min_length", self.min_length, valid)
        valid = f"numbers of {possible} above data.sequence_length, {self.sequence_length}"
        fits = all(self._possible(n) and n > self.sequence_length for n in self.longer)
        require(fits, "data.longer", list(self.longer), valid)

    def _possible(self, length: int) -> bool:
        return length >= self.shortest and (length - self.shortest) % self.stride == 0

    def lengths(self) -> range:
        """The lengths that train, validation and test hold."""
        return range(self.min_length, self.sequence_length + 1, self.stride)

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        return self._sample(self.lengths(), count, random)

    def sample_held_out(self, count: int, random: np.random.Generator) -> Examples:
        """Only lengths of which there are many strings, where there are such.

        Of four strings of two bits one is held out, and a network that knows the other three is drawn to the wrong
        answer; a score over all lengths would turn on which few short strings those are.
        """
        every = self.lengths()
        many = [n for n in every if self.distinct_at(n) >= MANY]
        return self._sample(every[every.index(many[0]) :] if many else every, count, random)

    def load(self, seed: int) -> Data:
        data = super().load(seed)
        for n in self.longer:
            count = min(self.test_examples, self.distinct_at(n))
            data.longer[n] = self._sample(range(n, n + 1), count, stream(seed, f"longer {n}"))
        return data

    def _sample(self, lengths: range, count: int, random: np.random.Generator) -> Examples:
        examples = self.sequences(random.choice(lengths, count), lengths[-1], random)
        if len(lengths) == 1:  # all are full
            examples.lengths = None
        return examples

    def objective(self) -> Classification:
        return Classification(outputs=self.classes, readout=self.readout)

    def baseline(self, train: Examples, test: Examples) -> float:
        return majority_accuracy(train.targets, test.targets)

    def optimum(self) -> float:
        return 1.0

    def vocabulary(self) -> int:
        return self.alphabet

    def distinct(self) -> int:
        return sum(self.distinct_at(n) for n in self.lengths())


@dataclass
class Answers(Strings):
    """A string is shown, then as many blanks, at which its answer is to be given symbol by symbol.

    A subclass implements `answer`; a length counts the symbols of the string, half of the steps.
    """

    readout: ClassVar[Literal["last", "every"]] = "every"

    def answer(self, strings: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The answer to each of ``strings`` (N, longest), of the same length; what lies beyond is not used."""
        raise NotImplementedError

    def sequences(self, lengths: np.ndarray, longest: int, random: np.random.Generator) -> Examples:
        strings = random.integers(0, self.alphabet, (len(lengths), longest))
        answers = self.answer(strings, lengths)
        steps, ends = np.arange(2 * longest), lengths[:, None]
        symbols = steps[:longest] < ends
        inputs = np.where(steps < 2 * ends, self.alphabet, 0)
        inputs[steps < ends] = strings[symbols]
        targets = np.full_like(inputs, IGNORED)
        targets[(steps >= ends) & (steps < 2 * ends)] = answers[symbols]
        return Examples(inputs, targets, 2 * lengths)

    def vocabulary(self) -> int:
        return self.alphabet + 1
