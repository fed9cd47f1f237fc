"""The two stages of a study: tuning, then evaluation on fresh seeds, each trained as any other sweep."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rnncompare.records import run_id
from rnncompare.studies import tuning
from rnncompare.studies.manifest import Book
from rnncompare.studies.progress import Progress
from rnncompare.studies.protocol import Entry
from rnncompare.sweep import Train, find_missing, recorded
from rnncompare.training.settings import RunSettings

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

    def missing(self) -> dict[Entry, int]:
        """How many runs of each entry are to be trained, at most: its pairs are known once all its trials are made."""
        tried = self._tried
        untried = find_missing(_together(tried.values()))
        trials = {entry: len(runs.keys() & untried.keys()) for entry, runs in tried.items()}
        chosen = _chosen({entry: runs for entry, runs in tried.items() if not trials[entry]})
        known = {entry: self._evaluation(entry, chosen.get(entry)) for entry in self.settings if not trials.get(entry)}
        unmade = find_missing(_together(known.values()))
        return {
            entry: len(known[entry].keys() & unmade.keys()) if entry in known else trials[entry] + self.pairs[entry]
            for entry in self.settings
        }

    def tune(self) -> Runs:
        """Train the trials of all entries, book the learning rates chosen, and the pairs to be trained with them.

        Returns:
            The runs of these pairs.
        """
        tried = self._tried
        self._complete("tuning", _together(tried.values()))
        chosen = _chosen(tried)
        evaluation = []
        for entry, booked in zip(self.settings, self.book.entries, strict=True):
            runs = self._evaluation(entry, chosen.get(entry))
            booked.tuning = {name: run.train.learning_rate for name, run in tried.get(entry, {}).items()}
            booked.learning_rate = chosen.get(entry)
            booked.evaluation = {run.seed: name for name, run in runs.items()}
            evaluation.append(runs)
        return _together(evaluation)

    def evaluate(self, runs: Runs) -> None:
        """Train ``runs``, the pairs of all entries, seed by seed, so that an early end leaves whole pairs."""
        self._complete("evaluation", dict(sorted(runs.items(), key=lambda item: item[1].seed)))

    @functools.cached_property
    def _tried(self) -> dict[Entry, Runs]:
        """The trials of each entry that is tuned."""
        return {
            entry: identified(tuning.trials(settings, tuning.learning_rates(entry.learning_rate, self.trials)))
            for entry, settings in self.settings.items()
            if entry.tuned
        }

    def _evaluation(self, entry: Entry, chosen: float | None) -> Runs:
        """The runs of an entry's pairs, with the learning rate chosen, or each with the one of its seed."""
        settings = self.settings[entry]
        seeds = range(self.pairs[entry])
        rates = [tuning.random_rate(entry.learning_rate, seed) if chosen is None else chosen for seed in seeds]
        return identified(tuning.with_rate(settings, rate, seed) for seed, rate in zip(seeds, rates, strict=True))

    def _complete(self, stage: str, runs: Runs) -> None:
        """Train what is missing of ``runs``, until the deadline."""
        missing = find_missing(runs)
        print(f"{stage}: {len(runs)} runs, {len(runs) - len(missing)} recorded already", flush=True)
        with Progress(stage, len(missing)) as bar, contextlib.closing(self.train(missing, bar)) as finished:
            for record in finished:
                bar.finished(record)
                if self.deadline is not None and time.monotonic() > self.deadline:
                    bar.note(f"{stage} ends here: the budget is spent")
                    break


def identified(runs: Iterable[RunSettings]) -> Runs:
    """Runs by the hash of their settings."""
    return {run_id(settings.config()): settings for settings in runs}


def _together(parts: Iterable[Runs]) -> Runs:
    return {name: settings for part in parts for name, settings in part.items()}


def _chosen(tried: Mapping[Entry, Runs]) -> dict[Entry, float]:
    """The learning rate chosen for each entry by the records of its trials."""
    if not tried:
        return {}
    frame = recorded(_together(tried.values()))
    return {entry: tuning.choose(runs, frame) for entry, runs in tried.items()}
