"""Looks after the runs of a sweep, so that each is trained once: locked before, recorded after."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import yaml

from rnncompare.base.errors import DataError, SettingError, StorageError
from rnncompare.records import Record, Run, read_record, remove_leftovers, set_aside, write_record
from rnncompare.sweep.locks import Locks, Owner, locked
from rnncompare.sweep.plan import lacks_model, record_path, require_writable
from rnncompare.training.settings import RunSettings

CHECKPOINT = ".checkpoint.pt"

KEPT = "what was recorded before is kept, and no further run is started"


class Watcher(Protocol):
    """Is told what happens in a sweep, from several threads, such as `console.Progress`."""

    def update(self, name: str, update: int, metric: float) -> None:
        """The run called ``name`` has validated at ``update``."""

    def note(self, text: str) -> None:
        """Something happened that the user should know."""


@dataclasses.dataclass(frozen=True)
class Missing:
    """A run to train, and the stamp of its record (see `stamp_of`) when that was decided."""

    name: str
    settings: RunSettings
    stamp: tuple[int, int] | None

    @property
    def path(self) -> Path:
        """Of its record."""
        return record_path(self.name, self.settings)

    @property
    def checkpoint(self) -> Path:
        """Of the state that it goes on from."""
        return self.path.with_name(CHECKPOINT)


def as_missing(runs: Mapping[str, RunSettings]) -> list[Missing]:
    """The runs to train, by identity."""
    return [Missing(name, settings, stamp_of(name, settings)) for name, settings in runs.items()]


class Keeper:
    """What one process does for each run of a sweep, beside training it.

    Args:
        locks: on the runs of each results folder.
        watcher: is told of anything unusual.
    """

    def __init__(self, locks: Mapping[str, Locks], watcher: Watcher):
        self._locks, self._watcher = locks, watcher
        self._told: set[str] = set()
        for folder, here in locks.items():
            _tidy(Path(folder), here)

    @classmethod
    @contextlib.contextmanager
    def of(cls, runs: Iterable[RunSettings], watcher: Watcher) -> Iterator[Keeper]:
        """The keeper of ``runs``; at the end all of its locks are given up.

        Raises:
            SettingError: a results folder cannot be written.
        """
        with contextlib.ExitStack() as stack:
            folders = {settings.results_dir for settings in runs}
            yield cls({folder: stack.enter_context(_locks(folder)) for folder in folders}, watcher)

    def claim(self, run: Missing) -> Record | Owner | None:
        """Lock ``run`` and make room for its record; None if it is now to be trained here.

        Returns:
            Its record if somebody has recorded it since, or who trains it now.
        """
        locks = self._locks[run.settings.results_dir]
        if owner := locks.acquire(run.name):
            return owner
        if stamp_of(run.name, run.settings) != run.stamp and not lacks_model(run.name, run.settings):
            with contextlib.suppress(DataError):
                record = read_record(run.path)
                locks.release(run.name)
                return record
        self._make_room(run)
        return None

    def release(self, run: Missing) -> None:
        """Give up the lock on ``run``, which was not trained."""
        self._locks[run.settings.results_dir].release(run.name)

    def keep(self, run: Missing, outcome: Run) -> Record | None:
        """Write what ``run`` left and give up its lock; None if another process has taken the run over meanwhile."""
        locks, settings = self._locks[run.settings.results_dir], run.settings
        if not locks.holds(run.name):
            locks.release(run.name)
            return None
        curve = [dataclasses.asdict(point) for point in outcome.curve]
        try:
            write_record(
                settings.results_dir, outcome.record, curve, yaml.safe_dump(settings.config(), sort_keys=False)
            )
        except OSError as error:
            raise StorageError(not_written(run.path, error)) from error
        if outcome.record.status != "failed":  # one that failed may go on when it is tried again
            run.checkpoint.unlink(missing_ok=True)
        locks.release(run.name)
        return outcome.record

    def say_who_trains(self, run: Missing, owner: Owner | None) -> None:
        """Say once that another process trains the run."""
        if run.name not in self._told:
            self._told.add(run.name)
            who = owner or "another process, which took it over"
            self._watcher.note(f"{run.name} is being trained by {who}; waiting for its record")

    def _make_room(self, run: Missing) -> None:
        """Set aside what must not be mistaken for the run's record, or be overwritten by it."""
        remove_leftovers(run.path.parent)
        try:
            record = read_record(run.path)
            ours = record.run_id == run.name
            reason = f"{run.path}: the record of another run"
            if ours and record.status != "failed" and not run.settings.force:
                self._watcher.note(
                    f"{run.name} is stale: other code of its cell or task made its record; trained again (stale=keep)"
                )
        except DataError as error:
            ours, reason = not run.path.exists(), str(error)
        if not ours:
            self._watcher.note(f"{reason}; kept as {set_aside(run.path).name}, and the run is trained")


def tidy(folders: Iterable[str]) -> None:
    """Remove what killed sweeps left in results folders, where nothing is to be trained that would do so."""
    for folder in folders:
        if locked(folder):
            with contextlib.suppress(OSError), Locks(folder) as locks:  # a folder that is read-only keeps it
                _tidy(Path(folder), locks)


def _tidy(folder: Path, locks: Locks) -> None:
    """Remove what processes that were killed left behind."""
    for name in locks.abandoned():
        if locks.acquire(name) is None:
            remove_leftovers(folder / name)
            with contextlib.suppress(DataError):
                if read_record(folder / name / "record.json").status != "failed":
                    (folder / name / CHECKPOINT).unlink(missing_ok=True)
            locks.release(name)


def _locks(folder: str) -> Locks:
    """The locks on the runs of a results folder, which is made."""
    require_writable(folder)
    try:
        return Locks(folder)
    except OSError as error:
        raise SettingError("results_dir", folder, f"a folder that can be written ({error.strerror})") from None


def stamp_of(name: str, settings: RunSettings) -> tuple[int, int] | None:
    """Inode and time of a run's record file, which change when it is written; None if there is none."""
    try:
        state = record_path(name, settings).stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns


def not_written(path: object, error: OSError) -> str:
    """Why a file could not be written, and what that means for a sweep."""
    return f"{path}: {error.strerror}; {KEPT}"
