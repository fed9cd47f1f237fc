"""The two stages of a study: tuning, then evaluation on fresh seeds, each trained as any other sweep."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rnncompare.records import Record, run_id
from rnncompare.settings import RunSettings
from rnncompare.studies import tuning
from rnncompare.studies.book import Book, BookedEntry
from rnncompare.studies.progress import Bar
from rnncompare.studies.protocol import Entry
from rnncompare.sweep import Watcher, find_missing, recorded

Train = Callable[[Mapping[str, RunSettings], Watcher], Generator[Record, None, None]]
Runs = dict[str, RunSettings]


@dataclass
class Stages:
    """A study under way.

    Attributes:
        settings: of the runs of each entry, but for seed and learning rate.
        pairs: seeds of each entry's evaluation.
        trials: learning rates tried for each entry.
        book: what is written down.
        train: trains runs and gives their records.
        deadline: when, by `time.monotonic`, no further seed is begun; None for none.
    """

    settings: dict[Entry, RunSettings]
    pairs: dict[Entry, int]
    trials: int
    book: Book
    train: Train
    deadline: float | None = None
    tried: dict[Entry, Runs] = field(default_factory=dict)

    def tune(self) -> None:
        """Train the trials of all entries, and book the learning rates chosen and the pairs to be trained with them."""
        for entry, settings in self.settings.items():
            rates = tuning.learning_rates(entry.learning_rate, self.trials) if entry.tuned else []
            self.tried[entry] = identified(tuning.trials(settings, rates))
        runs = {name: settings for tried in self.tried.values() for name, settings in tried.items()}
        self._complete("tuning", runs)
        frame = recorded(runs) if runs else None
        for entry, booked in self._booked():
            if frame is not None and self.tried[entry]:
                booked.tuning = {name: run.train.learning_rate for name, run in self.tried[entry].items()}
                booked.learning_rate = tuning.choose(self.tried[entry], frame)
            booked.evaluation = {run.seed: name for name, run in self._evaluation(entry, booked).items()}

    def evaluate(self) -> None:
        """Train the pairs of all entries, seed by seed, so that an early end leaves whole pairs."""
        runs = [self._evaluation(entry, booked) for entry, booked in self._booked()]
        together = {name: settings for part in runs for name, settings in part.items()}
        self._complete("evaluation", dict(sorted(together.items(), key=lambda item: item[1].seed)))

    def _evaluation(self, entry: Entry, booked: BookedEntry) -> Runs:
        seeds = range(self.pairs[entry])
        rates: Sequence[float]
        if entry.tuned:
            assert booked.learning_rate is not None
            rates = [booked.learning_rate] * len(seeds)
        else:
            rates = [random_rate(entry.learning_rate, seed) for seed in seeds]
        settings = self.settings[entry]
        return identified([tuning.with_rate(settings, rate, seed) for rate, seed in zip(rates, seeds, strict=True)])

    def _booked(self) -> list[tuple[Entry, BookedEntry]]:
        return list(zip(self.settings, self.book.entries, strict=True))

    def _complete(self, stage: str, runs: Runs) -> None:
        """Train what is missing of ``runs``, until the deadline."""
        missing = find_missing(runs)
        print(f"{stage}: {len(runs)} runs, {len(runs) - len(missing)} recorded already", flush=True)
        with Bar(stage, len(missing)) as bar, contextlib.closing(self.train(missing, bar)) as finished:
            for record in finished:
                bar.finished(record)
                if self.deadline is not None and time.monotonic() > self.deadline:
                    bar.note(f"{stage} ends here: the budget is spent")
                    break


def identified(runs: Sequence[RunSettings]) -> Runs:
    """Runs by the hash of their settings."""
    return {run_id(settings.config()): settings for settings in runs}


def random_rate(bounds: tuple[float, float], seed: int) -> float:
    """The learning rate that belongs to a seed, log-uniform within bounds, the same for every model."""
    low, high = np.log(bounds)
    return float(f"{np.exp(np.random.default_rng(seed).uniform(low, high)):.3g}")
