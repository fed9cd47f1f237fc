"""What a study of own data may still do: its times, and training that ends when they are over."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from rnncompare.studies.reporter import Reporter, Stage
from rnncompare.sweep import Train, find_missing
from rnncompare.training.settings import RunSettings

FOR_JUDGING = 0.06  # of a budget
FOR_REPORT = 0.04  # of a budget, up to
MOST_FOR_REPORT = 6.0  # seconds, that a page and its figures take


class OutOfTimeError(Exception):
    """The budget is spent; runs under way go on from where they are when they are asked for again."""


@dataclass(frozen=True)
class Times:
    """When a study began, and until when it does what.

    Attributes:
        began: as `time.monotonic` has it.
        budget: seconds; infinite without one.
    """

    began: float
    budget: float

    @property
    def end(self) -> float:
        """From when on the caller writes the report."""
        return self.began + self.budget - self._for_report

    @property
    def deadline(self) -> float:
        """From when on no run goes on."""
        return self.began + (1 - FOR_JUDGING) * self.budget - self._for_report

    @property
    def _for_report(self) -> float:
        return min(MOST_FOR_REPORT, FOR_REPORT * self.budget)

    @property
    def taken(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self.began


@dataclass
class _Clocked:
    """A stage that ends the sweep it watches once the time is over."""

    stage: Stage
    deadline: float

    def update(self, name: str, update: int, metric: float) -> None:
        """A run has validated."""
        if time.monotonic() > self.deadline:
            raise OutOfTimeError
        self.stage.update(name, update, metric)

    def note(self, text: str) -> None:
        """Something happened that the user should know."""
        self.stage.note(text)


@dataclass
class Training:
    """Trains what is missing until the deadline, and knows which runs ended here."""

    train: Train
    reporter: Reporter
    deadline: float
    ended: set[str] = field(default_factory=set)

    def of(self, title: str, runs: Mapping[str, RunSettings], keep: str) -> None:
        """Train those of the runs that are not recorded; whose model is wanted is known only at the end.

        Raises:
            OutOfTimeError: the time is over.
        """
        missing = {name: dataclasses.replace(run, keep=keep) for name, run in find_missing(runs).items()}
        if not missing:
            return
        with self.reporter.stage(title, len(missing), "run") as bar:
            try:
                with contextlib.closing(self.train(missing, _Clocked(bar, self.deadline))) as finished:
                    for record in finished:
                        bar.finished(record)
                        self.ended.add(record.run_id)
                        if time.monotonic() > self.deadline:
                            raise OutOfTimeError
            except OutOfTimeError:
                bar.note("the time for training is over; the same command goes on")
                raise
