"""What a study tells while it is made; the commands print it, a caller in Python may do with it what it likes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from rnncompare.records import Record


class Stage(Protocol):
    """A part of a study under way; hears of its runs, from several threads."""

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""

    def note(self, text: str) -> None:
        """Something happened that the user should know."""

    def finished(self, record: Record) -> None:
        """A run has ended and is recorded."""

    def advance(self) -> None:
        """A piece of work that is no run is done."""


class Reporter(Protocol):
    """Hears what a study does."""

    def say(self, text: str) -> None:
        """A line about the study as a whole."""

    def stage(self, name: str, total: int, unit: str) -> AbstractContextManager[Stage]:
        """A part of the study begins, of so many units of work."""


class _Silence:
    """Hears everything, and says nothing."""

    def say(self, text: str) -> None: ...
    def stage(self, name: str, total: int, unit: str) -> AbstractContextManager[Stage]:
        return nullcontext(self)

    def update(self, name: str, update: int, metric: float) -> None: ...
    def note(self, text: str) -> None: ...
    def finished(self, record: Record) -> None: ...
    def advance(self) -> None: ...


SILENT: Reporter = _Silence()
