"""The files that tasks need: fetched and checked, with a line on each."""

from __future__ import annotations

from collections.abc import Iterator

from rnncompare import tasks
from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks.contract.download import PinnedFile


def fetch(name: str) -> None:
    """Download and check the files of the task called ``name``, or of a folder of data.

    Raises:
        SettingError: there is no such task or folder.
        DataError: a file cannot be had.
    """
    files = [file for file in _all_files() if name == file.path.partition("/")[0]]
    if name in tasks.names():
        files = list(tasks.task_class(name).files)
    elif not files:
        there_are = [task for task in tasks.names() if tasks.task_class(task).files]
        raise SettingError("fetch", name, f"one of {', '.join(there_are)}, or a folder of data")
    for file in files:
        file.read()
        print(f"{file.place()}: as it should be")
    if not files:
        print(f"{name} needs no files")


def check() -> bool:
    """Check all files that are here; whether each is what it should be."""
    good = True
    for file in _all_files():
        if not file.place().exists():
            print(f"absent  {file.place()}")
            continue
        try:
            file.read()
            print(f"good    {file.place()}")
        except DataError as error:
            good = False
            print(f"bad     {error}")
    return good


def _all_files() -> Iterator[PinnedFile]:
    for name in tasks.names():
        yield from tasks.task_class(name).files
