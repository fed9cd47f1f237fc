"""Markov text: a generated language whose entropy rate is known, so that a loss reads as distance from the optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract import IGNORED, BitsPerCharacter, Examples, Generated, setting, stream
from rnncompare.tasks.contract.baselines import counts_of, unigram_bits

CONCENTRATION = 0.3  # of the Dirichlet distribution of the next symbol: the lower, the more predictable
MOST_CONTEXTS = 1024


@dataclass
class MarkovText(Generated):
    """Predict the next symbol, whose distribution is given by the `order` symbols before it.

    With order 1 and three symbols of which 1 follows 0, 2 follows 1, and anything follows 2 (``.`` is not scored)::

        input   0 1 2 2 0 1        input   2 1 2 0 1 2
        target  1 2 2 0 1 2        target  1 2 0 1 2 1

    Steps before the first whole context are not scored. The distributions are drawn once for a `language`, whatever the
    seed; sequences begin in the stationary distribution, so that the expected loss of the true distributions is the
    entropy rate at every scored step. That is the optimum; on a finite test set a model may by chance score a little
    below it. The baseline is the bits a symbol under the symbol frequencies of train.
    """

    sequence_length: int = setting(100, "steps of a sequence, from data.order")
    symbols: int = setting(8, "different symbols, from 2")
    order: int = setting(2, "symbols that the next one depends on, from 1")
    language: int = setting(0, "which language; its distributions do not depend on the seed")

    def check(self) -> None:
        super().check()
        self.at_least(2, "symbols")
        self.at_least(1, "order")
        self.at_least(0, "language")
        self.at_least(self.order, "sequence_length")
        contexts = f"so that symbols ** order is at most {MOST_CONTEXTS}"
        require(self.symbols**self.order <= MOST_CONTEXTS, "data.order", self.order, contexts)

    def transitions(self) -> np.ndarray:
        """The distribution of the next symbol, ``(contexts, symbols)``; a context is a number in base `symbols`."""
        random = stream(self.language, "language")
        return random.dirichlet(np.full(self.symbols, CONCENTRATION), self.symbols**self.order)

    def stationary(self) -> np.ndarray:
        """The stationary distribution of contexts: p P = p, with the entries of p adding up to 1."""
        transitions = self.transitions()
        contexts = np.arange(len(transitions))
        P = np.zeros((len(contexts), len(contexts)))
        for symbol in range(self.symbols):
            P[contexts, (contexts * self.symbols + symbol) % len(contexts)] += transitions[:, symbol]
        return np.linalg.solve(np.eye(len(P)) - P.T + 1, np.ones(len(P)))

    def sample(self, count: int, random: np.random.Generator) -> Examples:
        cumulative = self.transitions().cumsum(1)[:, :-1]
        start = self.stationary().clip(min=0)
        context = random.choice(len(start), count, p=start / start.sum())
        drawn = np.empty((count, self.sequence_length + 1), np.int64)
        for t in range(self.order):
            drawn[:, t] = context // self.symbols ** (self.order - 1 - t) % self.symbols
        for t in range(self.order, self.sequence_length + 1):
            drawn[:, t] = (random.random(count)[:, None] >= cumulative[context]).sum(1)
            context = (context * self.symbols + drawn[:, t]) % len(start)
        targets = drawn[:, 1:].copy()
        targets[:, : self.order - 1] = IGNORED
        return Examples(np.ascontiguousarray(drawn[:, :-1]), targets)

    def objective(self) -> BitsPerCharacter:
        return BitsPerCharacter(outputs=self.symbols, readout="every")

    def baseline(self, train: Examples, test: Examples) -> float:
        return unigram_bits(counts_of(train.targets, self.symbols), test.targets)

    def optimum(self) -> float:
        """The entropy rate in bits: the mean entropy of the next symbol over stationary contexts."""
        p = self.transitions()
        entropy = -(p * np.log2(p, where=p > 0, out=np.zeros_like(p))).sum(1)
        return float(self.stationary() @ entropy)

    def vocabulary(self) -> int:
        return self.symbols

    def distinct(self) -> int:
        """About as many as there are typical sequences, 2 to the power of their entropy."""
        return 2 ** min(64, int(self.optimum() * self.sequence_length))
