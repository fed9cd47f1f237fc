"""Pins: the SHA-256 of files that settings name, so that a run is known by what it read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rnncompare.errors import DataError
from rnncompare.tasks.contract.download import joint


def pin(expected: str | None, *paths: str) -> str:
    """The SHA-256 of the file at a path, or of the list of those of several.

    Raises:
        DataError: a file cannot be read, or the result is not what was ``expected``.
    """
    found = joint(*(_sha256(Path(path).expanduser()) for path in paths))
    if expected not in (None, found):
        raise DataError(f"{', '.join(paths)}: another content than data.sha256={expected}; found {found}")
    return found


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
