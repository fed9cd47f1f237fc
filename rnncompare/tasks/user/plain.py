"""Plain text: read block by block as the numbers of its characters, a byte each where they are few."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.file_type import beginning, encoding_of, require_regular
from rnncompare.tasks.user.progress import bar

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


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file.

    Raises:
        DataError: it cannot be read.
    """
    require_regular(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def _encoding(path: Path) -> str:
    beginning(path)
    found = encoding_of(path)
    return "utf-8-sig" if found == "utf-8" else found  # with or without a byte order mark


def _points(text: str) -> np.ndarray:
    """The code points of the characters of ``text``."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
