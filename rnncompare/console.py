"""What runs and sweeps print: what is to be done, how far it is, each result as it comes, and a table at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from rnncompare.records import Record
from rnncompare.settings import RunSettings
from rnncompare.sweep import record_path


def announce(runs: Mapping[str, RunSettings], missing: Mapping[str, RunSettings]) -> None:
    """Say what is recorded already and what is to be trained."""
    folder = ", ".join(sorted({settings.results_dir for settings in runs.values()}))
    if len(runs) > 1 or not missing:
        have = len(runs) - len(missing)
        print(f"{_count(len(runs), 'run')}: {have} recorded in {folder} already, {len(missing) or 'nothing'} to train")


class Progress:
    """A bar over a sweep's runs, or over the updates of a single run; the time left is in it.

    Args:
        missing: the runs to be trained.
    """

    def __init__(self, missing: Mapping[str, RunSettings]):
        self._single = next(iter(missing.values())) if len(missing) == 1 else None
        self._lost = 0
        total, unit = (self._single.train.max_updates, "update") if self._single else (len(missing), "run")
        # without a terminal the finished runs' lines say how far it is
        self._bar = tqdm(total=total, unit=unit, disable=None if missing else True, leave=False, dynamic_ncols=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def update(self, name: str, update: int, metric: float) -> None:
        """A run has validated at ``update``."""
        if self._single:
            self._bar.set_postfix(validation=f"{metric:.4g}", refresh=False)
            self._bar.update(update - self._bar.n)

    def finished(self, record: Record) -> None:
        """A run has ended, and is recorded."""
        if self._single:
            return
        self._lost += record.status != "completed"
        self._bar.write(_line(record))
        self._bar.set_postfix(failed=self._lost)
        self._bar.update()


def results(records: Sequence[Record], runs: Mapping[str, RunSettings]) -> None:
    """The runs as a table: mean and interval over seeds for many, all that was measured for one."""
    ...


def _line(record: Record) -> str:
    """A finished run in one line."""
    what = f"{record.model.name} {record.data.name} n={record.data.train_examples} seed={record.seed}"
    if record.status != "completed":
        return f"{record.status:<9} {what}: {record.error}"
    quality, speed = record.quality, record.speed
    return f"{'done':<9} {what}: {quality.metric} {quality.test:.4g}, {speed.updates} updates in {speed.training_seconds:.1f} s"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + "s" * (number != 1)
