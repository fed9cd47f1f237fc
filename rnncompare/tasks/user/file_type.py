"""What a file is, told from its bytes: a regular file, of text or of something else, in which encoding."""

from __future__ import annotations

import codecs
import stat
from collections.abc import Iterator
from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.progress import bar

HEAD = 1 << 22  # bytes that are looked at first
BLOCK = 1 << 18  # bytes that are looked at together after that
CONTROL = bytes((frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")) | {127})
EXPECTED = "expected a table (CSV, TSV, Parquet), an .npz, a .ts or a plain text"
EXPORT = "export it as CSV or Parquet"
FOREIGN = {
    b"\x1f\x8b": "packed by gzip; unpack it",
    b"BZh": "packed by bzip2; unpack it",
    b"\xfd7zXZ": "packed by xz; unpack it",
    b"\x28\xb5\x2f\xfd": "packed by Zstandard; unpack it",
    b"\xd0\xcf\x11\xe0": f"a workbook of an old Excel; {EXPORT}",
    b"\x89HDF": f"HDF5; {EXPORT}",
    b"ARROW1": f"Arrow's own format; {EXPORT}",
    b"SQLite format 3": f"a database of SQLite; {EXPORT}",
    b"%PDF": "a PDF",
}
IRREGULAR = {
    stat.S_IFDIR: "Is a directory",
    stat.S_IFIFO: "a pipe; save what it gives as a file",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def require_regular(path: Path) -> None:
    """Raise `DataError` unless ``path`` is a regular file: others may never end, and cannot be read twice."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if kind != stat.S_IFREG:
        raise DataError(f"{path}: cannot be read ({IRREGULAR.get(kind, 'no regular file')})")


def beginning(path: Path) -> bytes:
    """The first bytes of the file at ``path``.

    Raises:
        DataError: it cannot be read, is empty, or is known as something that is not for this.
    """
    require_regular(path)
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if not head.strip():
        raise DataError(f"{path}: an empty file")
    foreign = next((what for magic, what in FOREIGN.items() if head.startswith(magic)), None)
    if foreign is not None:
        raise DataError(f"{path}: {foreign}")
    return head


def blocks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, block by block.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file, bar(path, path.stat().st_size, "B") as shown:
            while block := file.read(BLOCK):
                yield block
                shown.update(len(block))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def encoding_of(path: Path) -> str:
    """UTF-16 where a byte order mark says so, UTF-8 where all bytes are that, else Latin-1.

    Raises:
        DataError: it cannot be read, or there are control characters, as no text has.
    """
    decoder, found, line = codecs.getincrementaldecoder("utf-8")(), "utf-8", 1
    for number, block in enumerate(blocks(path)):
        if number == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if len(block.translate(None, CONTROL)) < len(block):
            at = next(i for i, byte in enumerate(block) if byte in CONTROL)
            line += block.count(b"\n", 0, at)
            raise DataError(f"{path}: binary; {EXPECTED}, but line {line:,} has the byte 0x{block[at]:02x}")
        line += block.count(b"\n")
        if found == "utf-8" and not _decodes(decoder, block):
            found = "latin-1"
    return found if found == "latin-1" or _decodes(decoder, b"", final=True) else "latin-1"


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True
