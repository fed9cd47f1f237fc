"""What a study prints while it is made: lines, one bar with the time left, and each run that did not complete."""

from __future__ import annotations

import sys
from typing import Self

from tqdm import tqdm

from rnncompare.base.wording import safe
from rnncompare.records import Record


class StudyConsole:
    """Prints what a study tells: lines to standard output, bars to standard error."""

    def say(self, text: str) -> None:
        """Print a line."""
        print(safe(text), flush=True)

    def stage(self, name: str, total: int, unit: str) -> StageBar:
        """A bar for a part of the study."""
        return StageBar(name, total, unit)


class StageBar:
    """A bar over many units of work; without a terminal or notebook it says every half minute how far it is.

    Args:
        name: what is going on.
        total: units to be done; no bar is shown for none.
        unit: what they are called.
    """

    def __init__(self, name: str, total: int, unit: str):
        often = 0.1 if sys.stderr.isatty() else 1 if "ipykernel" in sys.modules else 30
        self._bar = tqdm(
            total=total,
            desc=name,
            unit=unit,
            mininterval=often,
            maxinterval=often,
            dynamic_ncols=True,
            disable=not total,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._bar.close()

    def update(self, name: str, update: int, metric: float) -> None:
        """A run has validated; there are too many of them to show."""

    def note(self, text: str) -> None:
        """Say something beside the bar."""
        self._bar.write(safe(text), file=sys.stderr)

    def finished(self, record: Record) -> None:
        """A run has ended and is recorded."""
        if record.status != "completed":
            model, data = record.model, record.data
            self.note(f"{record.status}: {model.name} on {data.name}, seed {record.seed}: {record.error}")
        self._bar.update()

    def advance(self) -> None:
        """A unit of work is done."""
        self._bar.update()
