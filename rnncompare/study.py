"""``python -m rnncompare.study``: train over rates and seeds, and judge: a claim, all of them, or your own data."""

from __future__ import annotations

from rnncompare.base.signals import RUNS_KEPT, exit_on_ctrl_c, in_order

if __name__ == "__main__":
    exit_on_ctrl_c()  # while what follows is imported

import shlex
import sys
from functools import partial

from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate

from rnncompare.base.errors import require
from rnncompare.base.isolation import OF_OWN_DATA, preload
from rnncompare.claims import names
from rnncompare.cli.application import SOME_FAILED, Command, fail, run_hydra
from rnncompare.cli.console import StudyConsole
from rnncompare.composition.compose import CONFIGS
from rnncompare.studies.protocol import asked_for
from rnncompare.studies.run_study import conduct
from rnncompare.studies.study_settings import StudySettings, check_beside_claims, check_beside_data, split
from rnncompare.sweep import stacked_on_gpu

DESCRIPTION = """Which is better, GRU or LSTM? Train each to its end at the same learning rates and seeds, and judge.

  python -m rnncompare.study claim=better_on_little_data         one claim
  python -m rnncompare.study claim=all preset=quick              every claim, in less than 20 minutes
  python -m rnncompare.study data=file data.path=mine.csv data.target=label budget=10min    your own data

What is recorded is not trained again, so a study that was stopped goes on with the same command, and claims share
their runs. The same command on several machines with one results folder spreads a study over them.

Settings of the runs, such as device=cuda, are those of python -m rnncompare.run --help."""


def main() -> None:
    """Run the command."""
    if {"-m", "--multirun"} & set(sys.argv[1:]):
        fail("-m: a study has its own plan; several claims go with commas, such as claim=lstm_counts,bucket_sort")
    own = OF_OWN_DATA if any(word.startswith("data=") for word in sys.argv[1:]) else ()
    preload(*own)
    command = "python -m rnncompare.study " + shlex.join(sys.argv[1:])
    sys.argv[1:], runs = split(sys.argv[1:])
    run_hydra(
        Command("study", DESCRIPTION, StudySettings, groups=("preset",), folder=CONFIGS / "study"),
        lambda settings: study(settings, runs, command),
    )


@in_order(RUNS_KEPT)
def study(settings: StudySettings, runs: list[str], command: str) -> None:
    """Make the study that ``settings`` ask for, and print its verdicts.

    Args:
        settings: of the study.
        runs: settings that all runs share.
        command: that makes the study again.

    Raises:
        SettingError, DataError: the request cannot be met.
        SystemExit: some run failed, or some record could not be read.
    """
    from rnncompare.report.pages.own_data_page import reported
    from rnncompare.studies import verdict_table
    from rnncompare.studies.own_data.ask import ask
    from rnncompare.studies.own_data.conduct import conduct as answer

    settings = settings.checked()
    launcher = instantiate(HydraConfig.get().launcher)
    launcher.check()
    if settings.claim is None:
        check_beside_data(runs)
        own = any(word.startswith("data=") for word in runs)
        valid = f"what to judge: all, or of {', '.join(names())}; or data=file data.path=... for your own data"
        require(own, "claim", "null", valid)
        outcome = answer(ask(settings, runs, command), launcher.train, StudyConsole())
        print(reported(outcome).text())
        if outcome.some_failed or (outcome.situation.error and not outcome.situation.known):
            sys.exit(SOME_FAILED)
        return
    check_beside_claims(runs)
    claims, tasks = asked_for(settings.claim)
    chosen = any(word.startswith("hydra/launcher=") for word in HydraConfig.get().overrides.hydra)
    train = launcher.train if chosen else partial(stacked_on_gpu, jobs=launcher.n_jobs, memory_mb=launcher.memory_mb)
    made = conduct(settings, claims, tasks, runs, train, command, StudyConsole())
    print(verdict_table.text(made))
    if made.skipped or made.failed:
        sys.exit(SOME_FAILED)


if __name__ == "__main__":
    main()
