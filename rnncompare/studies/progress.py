"""What a study says while it trains: one bar with the time left, and a line for each run that did not complete."""

from __future__ import annotations

import sys
from typing import Self

from tqdm import tqdm

from rnncompare.base.sanitize import safe
from rnncompare.records import Record


def bar(what: str, total: int, unit: str) -> tqdm:
    """A bar that says without a terminal, too, how far it is: every half minute; none where nothing is to be done."""
    often = 0.1 if sys.stderr.isatty() else 30
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        mininterval=often,
        maxinterval=often,
        dynamic_ncols=True,
        disable=not total,
    )


class Progress:
    """A bar over many runs, which hears of what happens to them.

    Args:
        stage: what is going on.
        total: runs to be trained.
    """

    def __init__(self, stage: str, total: int):
        self._bar = bar(stage, total, "run")

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
