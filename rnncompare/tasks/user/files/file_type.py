"""Files as bytes: what one is, told from its content, in which encoding, and the SHA-256 by which it is known."""

from __future__ import annotations

import codecs
import contextlib
import gzip
import hashlib
import os
import re
import resource
import stat
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import psutil
from tqdm import tqdm

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.download import joint

LOADED = 5  # times the size of a file that it takes in memory, as a table and as what is read of it
ADDRESSES = 1 << 28  # bytes of address space that Arrow's threads reserve; it waits for ever where they get too few
HEAD = 1 << 22  # bytes that are looked at first
BLOCK = 1 << 18  # bytes that are looked at together after that
CONTROL = bytes((frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")) | {127})
NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
EXPECTED = "expected a table (CSV, TSV, Parquet), an .npz, a .ts or a plain text"
EXPORT = "export it as CSV or Parquet"
PARQUET = b"PAR1"
GZIP = b"\x1f\x8b"
FOREIGN = {
    GZIP: "packed by gzip; unpack it",
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


class Bar(tqdm):
    """tqdm's bar without its semaphore, which a process that is ended leaves behind."""

    _lock = threading.RLock()


TABLES = (".csv", ".tsv", ".parquet", ".pq")  # files of a folder that are read, packed by gzip or not
ARROW = ".arrow"  # files of a folder that Hugging Face's ``save_to_disk`` wrote


def files_in(folder: Path) -> list[Path]:
    """The tables in a folder and the folders within, in order of their names.

    Raises:
        DataError: there are none.
    """
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    chosen = [path for path in found if Path(path.name.removesuffix(".gz")).suffix.lower() in (*TABLES, ARROW)]
    if not chosen:
        raise DataError(f"{folder}: a folder without tables ({', '.join(TABLES)}); expected one a sequence or series")
    return chosen


def bar(path: Path, total: int, unit: str, things: Iterable[Any] | None = None) -> Bar:
    """A bar on reading ``path``, or ``things`` from it one by one, shown on a terminal if that takes long."""
    settings = {"unit": unit, "unit_scale": True, "delay": 2, "leave": False, "disable": None}
    return Bar(iterable=things, total=total, desc=path.name, **settings)


def require_regular(path: Path) -> None:
    """Raise `DataError` unless ``path`` is a regular file: others may never end, and cannot be read twice."""
    try:
        kind = stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if kind != stat.S_IFREG:
        raise DataError(f"{path}: cannot be read ({IRREGULAR.get(kind, 'no regular file')})")


def require_memory(path: Path) -> None:
    """Raise `DataError` where loading the file would take more memory, or address space, than is free."""
    needed, free = LOADED * path.stat().st_size, psutil.virtual_memory().available
    if needed > free:
        raise DataError(
            f"{path}: loading it takes about {needed / 2**30:,.1f} GiB and {free / 2**30:,.1f} GiB are free; "
            "use a part of it"
        )
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    left = limit - psutil.Process().memory_info().vms
    if limit != resource.RLIM_INFINITY and left < ADDRESSES:
        raise DataError(
            f"{path}: reading it takes {ADDRESSES >> 20} MiB of address space and {max(left, 0) >> 20} MiB "
            "are left of what this process may use; raise the limit (ulimit -v)"
        )


def beginning(path: Path) -> bytes:
    """The first bytes of the file at ``path``.

    Raises:
        DataError: it cannot be read, is empty, or is known as something that is not for this.
    """
    require_regular(path)
    require_memory(path)
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


def form_of(path: Path, head: bytes) -> Literal["npz", "ts", "parquet", "text"]:
    """What the file at ``path`` is, that begins with ``head``; one that is nothing else is text."""
    if head[:2] == b"PK" or path.suffix in (".npz", ".npy"):
        return "npz"
    if re.search(rb"^@attribute\s", head, re.I | re.M):
        raise DataError(f"{path}: an ARFF or TSF file, which is not read; write it as .csv, .npz or .ts")
    if path.suffix == ".ts" or re.search(rb"^@data\s*$", head, re.I | re.M):
        return "ts"
    return "parquet" if head[:4] == PARQUET else "text"


@contextlib.contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A file to read in place of the one at ``path``: itself, or what it unpacks to if it is packed by gzip.

    Raises:
        DataError: it is torn, or unpacks to more than fits into memory; or the caller's, told of ``path``.
    """
    if path.is_dir():
        yield path
        return
    require_regular(path)
    with path.open("rb") as file:
        packed = file.read(2) == GZIP
    if not packed:
        yield path
        return
    most = psutil.virtual_memory().available // LOADED
    with tempfile.TemporaryDirectory(prefix="rnncompare-") as folder:
        plain = Path(folder) / path.name.removesuffix(".gz")
        try:
            with gzip.open(path) as source, plain.open("wb") as target:
                while block := source.read(BLOCK):
                    target.write(block)
                    if target.tell() > most:
                        raise DataError(f"{path}: unpacks to more than {most / 2**30:,.1f} GiB; use a part of it")
        except (EOFError, zlib.error, OSError) as error:
            raise DataError(f"{path}: not whole gzip ({str(error)[:80]})") from error
        with _told_of(path, plain):
            yield plain


@contextlib.contextmanager
def as_utf8(path: Path, encoding: str) -> Iterator[Path]:
    """A text file in UTF-8 to read in place of the one at ``path``, which is in ``encoding``.

    Pyarrow would decode others by calling Python from threads of its own, which may never end as the process does.

    Raises:
        DataError: the file is in another encoding; or the caller's, told of ``path``.
    """
    if codecs.lookup(encoding).name == "utf-8":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="rnncompare-") as folder:
        plain = Path(folder) / path.name
        try:
            with (
                path.open(encoding=encoding, newline="") as source,
                plain.open("w", encoding="utf-8", newline="") as to,
            ):
                while block := source.read(BLOCK):
                    to.write(block)
        except UnicodeError as error:
            raise DataError(f"{path}: not in the encoding {encoding}; set data.encoding to another") from error
        with _told_of(path, plain):
            yield plain


@contextlib.contextmanager
def _told_of(path: Path, plain: Path) -> Iterator[None]:
    """Let errors of what is read in place of ``path`` name that."""
    try:
        yield
    except DataError as error:
        raise DataError(str(error).replace(str(plain), str(path))) from error


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
    """UTF-16 or UTF-32 where a mark says so, UTF-8 where all bytes are valid, else what Excel writes in the West.

    That is Windows-1252, or Latin-1 where a byte occurs that Windows-1252 does not define.

    Raises:
        DataError: it cannot be read, or there are control characters, as no text has.
    """
    decoder, valid, western, line = codecs.getincrementaldecoder("utf-8")(), True, "cp1252", 1
    for number, block in enumerate(blocks(path)):
        if number == 0 and block.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            return "utf-32"
        if number == 0 and block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if len(block.translate(None, CONTROL)) < len(block):
            at = next(i for i, byte in enumerate(block) if byte in CONTROL)
            line += block.count(b"\n", 0, at)
            wide = "; of UTF-16 without a byte order mark, set data.encoding" if block[at] == 0 else ""
            raise DataError(f"{path}: binary; {EXPECTED}, but line {line:,} has the byte 0x{block[at]:02x}{wide}")
        line += block.count(b"\n")
        if len(block.translate(None, NOT_IN_CP1252)) < len(block):
            western = "latin-1"
        valid = valid and _decodes(decoder, block)
    return "utf-8" if valid and _decodes(decoder, b"", final=True) else western


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file; of a folder, that of the names and SHA-256 of its tables.

    Raises:
        DataError: it cannot be read.
    """
    if path.is_dir():
        lines = [f"{file.relative_to(path).as_posix()} {sha256_of(file)}\n" for file in files_in(path)]
        return hashlib.sha256(os.fsencode("".join(lines))).hexdigest()
    require_regular(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error


def pin(expected: str | None, *paths: str) -> str:
    """The SHA-256 of the file at a path, or of the list of those of several.

    Raises:
        DataError: a file cannot be read, or the result is not what was ``expected``.
    """
    found = joint(*(sha256_of(Path(path).expanduser()) for path in paths))
    if expected not in (None, found):
        raise DataError(f"{', '.join(paths)}: another content than data.sha256={expected}; found {found}")
    return found
