"""What a study reports while it is made; the commands print it, and Python callers may do as they like with it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rnncompare.records import Record


class Stage(Protocol):
    """A part of a study under way; told about its runs, from several threads."""

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""

    def note(self, text: str) -> None:
        """Something happened that the user should know."""

    def finished(self, record: Record) -> None:
        """A run has ended and is recorded."""

    def advance(self) -> None:
        """A piece of work that is not a run is done."""


class Reporter(Protocol):
    """Told what a study does."""

    def say(self, text: str) -> None:
        """A line about the study as a whole."""

    def stage(self, name: str, total: int, unit: str) -> AbstractContextManager[Stage]:
        """A part of the study begins, with this many units of work."""


class _Silence:
    """Ignores everything."""

    def say(self, text: str) -> None: ...
    def stage(self, name: str, total: int, unit: str) -> AbstractContextManager[Stage]:
        return nullcontext(self)

    def update(self, name: str, update: int, metric: float) -> None: ...
    def note(self, text: str) -> None: ...
    def finished(self, record: Record) -> None: ...
    def advance(self) -> None: ...


SILENT: Reporter = _Silence()
