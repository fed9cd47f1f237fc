"""Folders that come with the package: inside it where it is installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def folder(name: str) -> Path:
    """Where the folder called ``name`` lies."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
