"""Text that configurations and data hold, as a terminal may show it."""

from __future__ import annotations


def safe(text: object) -> str:
    """``text`` with control characters written out, so that none of them moves a cursor or changes a colour."""
    return "".join(
        character if character.isprintable() or character == "\n" else character.encode("unicode_escape").decode()
        for character in str(text).encode("utf-8", "backslashreplace").decode()
    )
