"""What is decided by code and algebra, with no run: each module of this folder answers one question by checks."""

from __future__ import annotations

from dataclasses import dataclass

from rnncompare.base import resources


@dataclass(frozen=True)
class Check:
    """One statement, and what the code showed.

    Attributes:
        statement: what was looked at, in words.
        expected: what should be found for the statement to hold; empty where nothing is asked.
        found: what was.
        holds: whether it did; None where it is reported only.
        value: the number behind it, if there is one.
    """

    statement: str
    expected: str
    found: str
    holds: bool | None = None
    value: float | None = None


def names() -> list[str]:
    """The names of all questions."""
    return resources.modules(__name__)


def checks(name: str) -> list[Check]:
    """The checks that answer the question called ``name``, made now.

    Raises:
        KeyError: there is no such question.
    """
    made: list[Check] = resources.module(__name__, name).checks()
    return made
