"""``python -m rnncompare.data``: what data there are; fetch them, check them, describe them."""

from __future__ import annotations

from rnncompare.base.signals import exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import itertools
import sys
from collections.abc import Iterator

from rnncompare import tasks
from rnncompare.base.errors import DataError, SettingError
from rnncompare.cli import descriptions as description
from rnncompare.cli.application import REQUEST_WRONG, SOME_FAILED, Command, explain, fail, run_hydra
from rnncompare.composition.schemas import CONFIGS
from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.training.settings import RunSettings, from_config

USAGE = """What data there are, and what is in them.

  python -m rnncompare.data                         the tasks: kind, sizes, whether their files are here, licence
  python -m rnncompare.data fetch NAME              download and check the files of a task, or of a folder of data
  python -m rnncompare.data check                   check all files that are here
  python -m rnncompare.data describe data=NAME ...  shapes, lengths, classes, baseline and three examples

RNNCOMPARE_DATA names the folder of downloaded data. Exit codes: 0 done; 1 a file is not what it should be; 2 the
request was wrong, or a file cannot be fetched."""


@in_order("files that are whole are kept")
def main() -> None:
    """Run the command."""
    match sys.argv[1:]:
        case [] | ["list"]:
            print(description.overview(dict(_presets())))
        case ["fetch", name]:
            _fetch(name)
        case ["check"]:
            _check()
        case ["describe", *words] if words:
            sys.argv[1:] = words
            run_hydra(Command("run", USAGE, RunSettings, from_config), _describe)
        case [word, *_] if word in ("-h", "--help"):
            print(USAGE)
        case _:
            print(USAGE, file=sys.stderr)
            sys.exit(REQUEST_WRONG)


def _presets() -> Iterator[tuple[str, str]]:
    """The choices of ``data=`` that are a task with settings of its own, and what their files say that they are."""
    for path in sorted((CONFIGS / "data").glob("*.yaml")):
        if path.stem not in tasks.names():
            comments = itertools.takewhile(lambda line: line.startswith("#"), path.read_text("utf-8").splitlines())
            yield path.stem, " ".join(line.strip("# ") for line in comments if "@package" not in line)


def _fetch(name: str) -> None:
    try:
        files = [file for file in _files() if name == file.path.partition("/")[0]]
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
    except (DataError, SettingError) as error:
        fail(explain(error))


def _check() -> None:
    torn = 0
    for file in _files():
        if not file.place().exists():
            print(f"absent  {file.place()}")
            continue
        try:
            file.read()
            print(f"good    {file.place()}")
        except DataError as error:
            torn += 1
            print(f"bad     {error}")
    if torn:
        sys.exit(SOME_FAILED)


def _files() -> Iterator[PinnedFile]:
    """The files of all tasks."""
    for name in tasks.names():
        yield from tasks.task_class(name).files


def _describe(settings: RunSettings) -> None:
    task = settings.data.pinned()
    print(description.described(task.name, task.load(settings.seed)))


if __name__ == "__main__":
    main()
