"""Claims that code and algebra decide without a run: each module of this folder answers one claim by checks."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.base import package_files


@dataclass(frozen=True)
class Check:
    """One statement, and what the code showed.

    Attributes:
        statement: what was checked, in words.
        expected: what should be found for it to hold; empty if nothing is expected.
        found: what was found.
        holds: whether it holds; None if it is only reported.
        value: the number behind it, if there is one.
    """

    statement: str
    expected: str
    found: str
    holds: bool | None = None
    value: float | None = None


def checks(name: str) -> list[Check]:
    """The checks of the claim called ``name``, run now.

    Raises:
        KeyError: it has none.
    """
    made: list[Check] = package_files.module(__name__, name).checks()
    return made
