"""``python -m rnncompare.run``: one training run, or with ``-m`` a sweep over the settings given as lists."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence

from omegaconf import DictConfig

from rnncompare import console
from rnncompare.command import SOME_FAILED, Command, run_hydra
from rnncompare.measure.isolation import preload
from rnncompare.settings import from_config
from rnncompare.sweep import find_missing, plan, train_all

DESCRIPTION = """Train a recurrent network on a sequence task, and record what it cost and how good it got.

  python -m rnncompare.run model=gru data.size=small
  python -m rnncompare.run -m model=lstm,gru data=adding data.size=tiny,small 'seed=range(0,3)'

-m sweeps over settings given as lists; hydra/launcher=joblib runs several at a time. What is recorded is not trained
again."""


def main() -> None:
    """Run the command."""
    preload("rnncompare.run")
    run_hydra(Command("run", DESCRIPTION), lambda config: run_jobs([config]))


def run_jobs(configs: Sequence[DictConfig], jobs: int = 1, memory_mb: float | None = None) -> None:
    """Train what is missing of the runs that ``configs`` describe, then show all of them.

    Args:
        configs: composed settings, one for each run.
        jobs: runs at a time; -1 for as many as there are cores for their threads.
        memory_mb: what they may take together; None for what is free.

    Raises:
        SettingError, DataError: a request cannot be met; nothing was trained.
        SystemExit: some run did not complete.
    """
    runs = plan([from_config(config) for config in configs])
    missing = find_missing(runs)
    console.announce(runs, missing)
    with console.Progress(missing) as bar, contextlib.closing(train_all(missing, bar, jobs, memory_mb)) as finished:
        for record in finished:
            bar.finished(record)
    if not console.results(runs):
        sys.exit(SOME_FAILED)


if __name__ == "__main__":
    main()
