"""Language modelling: the next character at every step of windows that lie end to end over a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnncompare.errors import DataError
from rnncompare.tasks.contract import BitsPerCharacter, Data, Examples, stream
from rnncompare.tasks.contract.baselines import unigram_bits
from rnncompare.tasks.loaders.corpora import Corpus
from rnncompare.tasks.loaders.problem import Problem


@dataclass
class Language(Problem):
    """A text in three parts, cut into windows.

    Attributes:
        corpus: the text.
        window: characters of a window.
        setting: what the user calls the window's length, for messages.
    """

    corpus: Corpus
    window: int
    setting: str

    def largest(self) -> int:
        return len(self._cut(list(map(_points, self.corpus.train)), "train"))

    def load(self, count: int, seed: int) -> Data:
        corpus = self.corpus
        parts = [list(map(_points, pieces)) for pieces in (corpus.train, corpus.validation, corpus.test)]
        characters = np.unique(np.concatenate(parts[0]))
        unseen, vocabulary = len(characters), len(characters) + 1
        train, validation, test = ([_numbered(piece, characters, unseen) for piece in pieces] for pieces in parts)
        windows = self._cut(train, "train")
        heldout, tested = self._cut(validation, "validation"), self._cut(test, "test")
        return Data(
            windows.take(stream(seed, "train").permutation(len(windows))[:count]),
            heldout,
            tested,
            objective=BitsPerCharacter(outputs=vocabulary, readout="every"),
            baseline=unigram_bits(np.concatenate(train), tested.targets, vocabulary),
            vocabulary=vocabulary,
            sha256=self.corpus.sha256,
            classes=[*map(chr, characters), "other"],
        )

    def _cut(self, pieces: list[np.ndarray], split: str) -> Examples:
        """Windows end to end over each piece; what remains at its end, shorter than a window, is left out."""
        windows = []
        for piece in pieces:
            count = max(len(piece) - 1, 0) // self.window  # each has a next character for its last
            shape, used = (count, self.window), count * self.window
            windows.append(Examples(piece[:used].reshape(shape), piece[1 : used + 1].reshape(shape)))
        if not any(map(len, windows)):
            longest = max(map(len, pieces), default=0)
            raise DataError(
                f"{self.name}: the {split} part has {longest} characters, less than a window and one; "
                f"use a longer text or {self.setting} below {self.window}"
            )
        return Examples.join(windows)


def _points(text: str) -> np.ndarray:
    """The code points of the characters of ``text``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _numbered(points: np.ndarray, characters: np.ndarray, unseen: int) -> np.ndarray:
    """The places of ``points`` among the sorted ``characters``, or ``unseen``."""
    places = np.searchsorted(characters, points)
    found = characters[np.minimum(places, max(unseen - 1, 0))] == points if unseen else np.zeros(len(points), bool)
    return np.where(found, places, unseen)
