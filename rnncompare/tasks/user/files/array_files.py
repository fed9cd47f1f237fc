"""Files of arrays: ``.npz``, checked before anything is taken into memory, and sktime's ``.ts``."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from tqdm.utils import CallbackIOWrapper

from rnncompare.base.errors import DataError
from rnncompare.tasks.user.files.file_type import EXPORT, bar

LARGEST_ARRAY = 1 << 33  # bytes
BOMB = 1 << 30  # bytes from which on an array is suspected
ALSO_CALLED = {
    "x": ("data", "inputs"),
    "y": ("labels", "label", "targets", "target"),
    "lengths": ("length", "lens", "seq_lengths", "sequence_lengths"),
}
REPEATED = 1000  # to one, which only one pattern over and over is packed to; DEFLATE ends at 1032
TORN = (ValueError, EOFError, zipfile.BadZipFile, KeyError, RuntimeError, zlib.error, lzma.LZMAError)


def read_arrays(
    path: Path, wanted: Sequence[str], optional: Sequence[str] = ()
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays called so in an ``.npz`` file, in whichever case, with those that are ``optional`` if they are there;
    and the names of the others.

    Pickles are refused.

    Raises:
        DataError: it is no such file, lacks an array, or claims to hold more than it does or than can be read.
    """
    try:
        with path.open("rb") as file, bar(path, path.stat().st_size, "B") as shown:
            if file.read(6) == npy.MAGIC_PREFIX:
                raise DataError(f"{path}: no .npz of plain arrays (a single array; save x and y with numpy.savez)")
            with zipfile.ZipFile(CallbackIOWrapper(shown.update, file, "read")) as archive:
                members = _members(path, archive.infolist(), wanted, optional)
                others = [entry.filename for entry in archive.infolist() if entry not in members.values()]
                arrays = {name: _read(path, archive, member) for name, member in members.items()}
                return arrays, [name.removesuffix(".npy") for name in others]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or str(error)[:100]})") from error
    except MemoryError as error:
        raise DataError(f"{path}: its arrays do not fit into memory") from error
    except TORN as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: no .npz of plain arrays ({str(error)[:100]})") from error


def _members(
    path: Path, entries: Iterable[zipfile.ZipInfo], wanted: Sequence[str], optional: Sequence[str]
) -> dict[str, zipfile.ZipInfo]:
    """The entries of the archive that hold the ``wanted`` arrays, and the ``optional`` ones where they are."""
    found = {entry.filename.removesuffix(".npy").lower(): entry for entry in entries}
    for name, others in ALSO_CALLED.items():
        there = [other for other in others if other in found]
        if name not in found and len(there) == 1:
            found[name] = found.pop(there[0])
    names = [entry.filename for entry in found.values()]
    if "xl/workbook.xml" in names:
        raise DataError(f"{path}: an Excel workbook; {EXPORT}")
    if "mimetype" in names or "[Content_Types].xml" in names:
        raise DataError(f"{path}: a document of an office program; {EXPORT}")
    if not set(wanted) <= found.keys():
        shown = ", ".join(name.removesuffix(".npy")[:40] for name in names[:12])
        what = "the arrays are" if any(name.endswith(".npy") for name in names) else "a zip archive of"
        raise DataError(f"{path}: {what} {shown}; expected x and y")
    return {name: found[name] for name in (*wanted, *optional) if name in found}


def _read(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    name = entry.filename.removesuffix(".npy")
    with archive.open(entry) as member:
        shape, kind = _header(member)
        header = member.tell()
    if kind.hasobject:
        raise DataError(f"{path}: no .npz of plain arrays ({name} holds pickled objects, which are never loaded)")
    claimed, holds = math.prod(shape) * kind.itemsize, entry.file_size - header
    if claimed > LARGEST_ARRAY:
        raise DataError(
            f"{path}: {name} of shape {shape} takes {claimed / 2**30:,.0f} GiB; {LARGEST_ARRAY >> 30} are the most"
        )
    if claimed != holds:
        raise DataError(f"{path}: {name} of shape {shape} takes {claimed:,} bytes, but there are {holds:,} of it")
    if claimed > BOMB and claimed > REPEATED * entry.compress_size:
        raise DataError(
            f"{path}: {name} takes {claimed / 2**30:,.1f} GiB, packed into {entry.compress_size:,} bytes; "
            "it says one thing over and over"
        )
    with archive.open(entry) as member:
        return npy.read_array(member, allow_pickle=False)


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and the type that an array's header claims."""
    version = npy.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"the format's version {version} is not for plain numbers")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, kind = read(member)
    return shape, kind


def read_ts(lines: Iterable[str], name: str) -> Iterator[tuple[np.ndarray, str]]:
    """The cases in the ``lines`` of a file, each an array (T, channels) and its label.

    Lengths may differ from case to case; a missing value, ``?``, is nan. Time stamps are not read.

    Args:
        lines: of the file.
        name: of the file, for messages.

    Raises:
        DataError: a line is not of that form, or its label not one of those that ``@classLabel`` lists.
    """
    channels, in_data, early, listed = 0, False, 0, frozenset[str]()
    for number, line in enumerate(map(str.strip, lines), start=1):
        if in_data and line:
            *series, label = line.split(":")
            case = _case(series, f"{name}, line {number}")
            if channels not in (0, len(series)):
                raise DataError(f"{name}, line {number}: {len(series)} channels, {channels} before")
            channels = len(series)
            if listed and label.strip() not in listed:
                raise DataError(f"{name}, line {number}: the label {label.strip()!r:.40} is not one of @classLabel")
            yield case, label.strip()
        elif line.lower().startswith("@classlabel true"):
            listed = frozenset(line.split()[2:])
        elif line and not line.startswith(("@", "#")):
            early = early or number
        in_data = in_data or line.lower() == "@data"
    if not in_data and early:
        raise DataError(f"{name}, line {early}: a case before the line @data, which is missing")
    if not channels:
        raise DataError(f"{name}: no cases; expected lines of numbers after a line @data")


def _case(channels: list[str], place: str) -> np.ndarray:
    if not channels:
        raise DataError(f"{place}: expected channels and a label parted by colons")
    if any(channel.lstrip().startswith("(") for channel in channels):
        raise DataError(f"{place}: time stamps are not read; leave the values alone, at even steps")
    try:
        series = [np.array(channel.replace("?", "nan").split(","), np.float64) for channel in channels]
    except ValueError as error:
        raise DataError(f"{place}: not numbers parted by commas ({error})") from error
    lengths = {len(values) for values in series}
    if len(lengths) > 1:
        raise DataError(f"{place}: channels of unequal length, {min(lengths)} to {max(lengths)}")
    case = np.stack(series, axis=1)
    if np.isinf(case).any():
        raise DataError(f"{place}: a value is infinite")
    return case
