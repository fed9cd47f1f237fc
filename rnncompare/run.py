"""``python -m rnncompare.run``: one training run, or with ``-m`` a sweep over the settings given as lists."""

from __future__ import annotations

from rnncompare.base.signals import RUNS_KEPT, exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import contextlib
import re
import sys
from collections.abc import Sequence

from rnncompare.base.isolation import OF_OWN_DATA, preload
from rnncompare.cli import console
from rnncompare.cli.application import SOME_FAILED, Command, run_hydra
from rnncompare.sweep import Train, find_missing, plan, tidy, train_all
from rnncompare.training.settings import RunSettings, from_config

DESCRIPTION = """Train a recurrent network on a sequence task, and record what it cost and how good it got.

  python -m rnncompare.run model=gru data.size=small
  python -m rnncompare.run -m model=lstm,gru data=adding data.size=tiny,small 'seed=range(0,3)'

-m sweeps over settings given as lists; hydra/launcher=parallel (once called joblib) runs several at a time. What is
recorded is not trained again."""

COMMAND = Command("run", DESCRIPTION, RunSettings, from_config)


def main() -> None:
    """Run the command."""
    own = OF_OWN_DATA if any(re.match("data=.*file", word) for word in sys.argv[1:]) else ()
    preload(*own)
    run_hydra(COMMAND, lambda settings: run_jobs([settings], train_all), run_jobs)


@in_order(RUNS_KEPT)
def run_jobs(requests: Sequence[RunSettings], train: Train, here: bool = True) -> None:
    """Train what is missing of the runs asked for, then show all of them.

    Args:
        requests: settings, one for each run.
        train: trains runs and gives their records, as `train_all` does.
        here: whether it does so on this machine.

    Raises:
        SettingError, DataError: a request cannot be met; nothing was trained.
        SystemExit: some run did not complete.
    """
    runs = plan(requests, console.understood, here)
    missing = find_missing(runs)
    console.announce(runs, missing)
    with console.Progress(missing) as bar, contextlib.closing(train(missing, bar)) as finished:
        for record in finished:
            bar.finished(record)
    if not missing:
        tidy({settings.results_dir for settings in runs.values()})
    if not console.results(runs):
        sys.exit(SOME_FAILED)


if __name__ == "__main__":
    main()
