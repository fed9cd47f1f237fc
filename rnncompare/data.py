"""``python -m rnncompare.data``: what data there are; fetch them, check them, describe them."""

from __future__ import annotations

from rnncompare.base.signals import exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import sys
from collections.abc import Sequence

from rnncompare.base.errors import DataError, SettingError
from rnncompare.cli import data_console
from rnncompare.cli.application import REQUEST_WRONG, SOME_FAILED, Command, fail, run_hydra
from rnncompare.tasks.contract.consistency import check_data
from rnncompare.training.settings import RunSettings, from_config

USAGE = """What data there are, and what is in them.

  python -m rnncompare.data                         the tasks: kind, sizes, whether their files are here, licence
  python -m rnncompare.data fetch NAME              download and check the files of a task, or of a folder of data
  python -m rnncompare.data check                   check all files that are here
  python -m rnncompare.data describe data=NAME ...  shapes, lengths, classes, baseline and three examples

RNNCOMPARE_DATA names the folder of downloaded data. Exit codes: 0 done; 1 a file is not what it should be; 2 the
request was wrong, or a file cannot be fetched."""


def main() -> None:
    """Run the command."""
    with in_order("files that are whole are kept" if "fetch" in sys.argv[1:2] else None):
        _run(sys.argv[1:])


def _run(words: Sequence[str]) -> None:
    match words:
        case [] | ["list"]:
            print(data_console.overview())
        case ["fetch", name]:
            try:
                data_console.fetch(name)
            except (DataError, SettingError) as error:
                fail(str(error))
        case ["check"]:
            if not data_console.check():
                sys.exit(SOME_FAILED)
        case ["describe", *overrides] if overrides:
            sys.argv[1:] = overrides
            run_hydra(Command("run", USAGE, RunSettings, from_config), _describe)
        case [word, *_] if word in ("-h", "--help"):
            print(USAGE)
        case _:
            print(USAGE, file=sys.stderr)
            sys.exit(REQUEST_WRONG)


def _describe(settings: RunSettings) -> None:
    task = settings.data.pinned()
    data = task.load(settings.seed)
    check_data(data, task.name)
    print(data_console.described(task.name, data))


if __name__ == "__main__":
    main()
