"""Files read only if they are regular, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def open_regular(path: str | Path) -> BinaryIO:
    """Open a file to read its bytes.

    Raises:
        OSError: it cannot be opened, or is a pipe, socket, device or folder, whose reading can hang or never end.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_text(path: str | Path) -> str:
    """The text of a regular file in UTF-8.

    Raises:
        OSError: as in `open_regular`.
        ValueError: it is not UTF-8.
    """
    with open_regular(path) as file:
        return file.read().decode("utf-8")


def write_whole(path: Path, content: str | Callable[[BinaryIO], object]) -> None:
    """Write a file in one step: a reader sees the old one or the new.

    A link stays, and the file that it leads to is written; an old file's permissions stay, and one that may not be
    written is refused. What is no regular file, such as a device, is written to.

    Args:
        path: the file.
        content: text, or a function that writes to the file given to it.

    Raises:
        OSError: it cannot be written; it names the path, and the old file is unchanged.
    """
    try:
        _write_whole(path, content)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write_whole(path: Path, content: str | Callable[[BinaryIO], object]) -> None:
    if path.exists() and not path.is_file():
        with open(path, "wb") as file:
            _write(file, content)
        return
    path = path.resolve()
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with open(temporary, "wb") as file:
            _write(file, content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _write(file: BinaryIO, content: str | Callable[[BinaryIO], object]) -> None:
    if isinstance(content, str):
        file.write(content.encode("utf-8"))
    else:
        content(file)
