"""Pins: the SHA-256 of files that settings name, so that a run is known by what it read."""

from __future__ import annotations

from pathlib import Path

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.download import joint
from rnncompare.tasks.user.plain import sha256_of


def pin(expected: str | None, *paths: str) -> str:
    """The SHA-256 of the file at a path, or of the list of those of several.

    Raises:
        DataError: a file cannot be read, or the result is not what was ``expected``.
    """
    found = joint(*(sha256_of(Path(path).expanduser()) for path in paths))
    if expected not in (None, found):
        raise DataError(f"{', '.join(paths)}: another content than data.sha256={expected}; found {found}")
    return found
