"""Language modelling: the next character at every step of windows that lie end to end over a text."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from rnncompare.base.errors import DataError
from rnncompare.base.wording import counted
from rnncompare.tasks.contract import BitsPerCharacter, Data, Examples, stream
from rnncompare.tasks.contract.baselines import counts_of, unigram_bits
from rnncompare.tasks.user.files.corpora import Corpus, smallest
from rnncompare.tasks.user.prepared import CHARACTER, Prepared
from rnncompare.tasks.user.problem import Problem


@dataclass
class Language(Problem):
    """A text in three parts, cut into windows.

    Attributes:
        corpus: the text, as numbers.
        window: characters of a window.
        setting: what the user calls the window's length, for messages.
    """

    corpus: Corpus
    window: int
    setting: str

    def largest(self) -> int:
        return sum(map(len, self._windows(self.corpus.train, "train")))

    def load(self, count: int, seed: int) -> Data:
        corpus = self.corpus
        frequencies = np.zeros(len(corpus.alphabet), np.int64)
        for piece in corpus.train:
            frequencies += counts_of(piece, len(frequencies))
        known = np.flatnonzero(frequencies)
        if len(known) == 1:
            only = chr(corpus.alphabet[known[0]])
            raise DataError(f"{self.name}: the train part is {only!r} over and over; there is nothing to learn")
        vocabulary = len(known) + 1  # one for all that train lacks
        number = np.full(len(corpus.alphabet), len(known), smallest(vocabulary))
        number[known] = np.arange(len(known))
        windows = self._windows(corpus.train, "train")
        order = stream(seed, "train").permutation(sum(map(len, windows)))[:count]
        heldout, tested = (
            _examples(windows, np.arange(sum(map(len, windows))), number)
            for windows in (self._windows(corpus.validation, "validation"), self._windows(corpus.test, "test"))
        )
        counts = np.append(frequencies[known], 0)
        return Data(
            _examples(windows, order, number),
            heldout,
            tested,
            objective=BitsPerCharacter(outputs=vocabulary, readout="every"),
            baseline=unigram_bits(counts, tested.targets),
            vocabulary=vocabulary,
            sha256=corpus.sha256,
            classes=[*map(chr, corpus.alphabet[known]), "other"],
        )

    def _windows(self, pieces: tuple[np.ndarray, ...], split: str) -> list[np.ndarray]:
        """Windows end to end over each piece, (N, window + 1) with the character after; the rest is left out."""
        found = []
        for piece in pieces:
            if len(piece) > self.window:
                found.append(sliding_window_view(piece, self.window + 1)[:: self.window])
        if not found:
            shorter = f" or {self.setting} below {self.window}" if self.window > 1 else ""
            most = counted(max(map(len, pieces), default=0), "character")
            raise DataError(
                f"{self.name}: the {split} part has {most}, less than a window and one; use a longer text{shorter}"
            )
        return found


class RunningText(Language):
    """A user's own text, whose model is kept with what reads new ones."""

    def load(self, count: int, seed: int) -> Data:
        data = super().load(count, seed)
        prepared = Prepared(
            form="running text", target="next", text=CHARACTER, window=self.window, classes=data.classes
        )
        return replace(data, prepared=prepared)


def _examples(windows: list[np.ndarray], order: np.ndarray, number: np.ndarray) -> Examples:
    """The windows in ``order``, their characters by ``number``: inputs and targets share one array."""
    chosen = np.empty((len(order), windows[0].shape[1]), number.dtype)
    bounds = np.cumsum([0, *map(len, windows)])
    for piece, start, end in zip(windows, bounds, bounds[1:], strict=False):
        places = np.flatnonzero((order >= start) & (order < end))
        chosen[places] = number[piece[order[places] - start]]
    return Examples(chosen[:, :-1], chosen[:, 1:])
