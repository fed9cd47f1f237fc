"""What is asked of a user's own data."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from rnncompare.records import run_id
from rnncompare.training.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        models: the settings of a run of each, by name, but for seed, learning rate and share of updates.
        budget: seconds that all may take; None for as long as ``pairs`` need.
        pairs: that are made where there is no budget.
        updates: share of the updates of each run where there is no budget.
        metric: that decides; None for the one that suits the data.
        plain: the settings of a plain RNN, trained where time is left; None to leave it out.
        sizes: whether half of the data are trained on too where time is left.
        tune: what is tuned: ``rate`` alone, ``all``: width and dropout too, or None: these where a budget leaves time.
        trials: of rate, width and dropout, of each model on each seed, where all is tuned.
        command: that asks again.
        words: settings of ``rnncompare.run`` that the runs share; None where the data came from Python.
    """

    models: dict[str, RunSettings]
    budget: float | None = None
    pairs: int = 10
    updates: float = 1.0
    metric: str | None = None
    plain: RunSettings | None = None
    sizes: bool = True
    tune: str | None = None
    trials: int = 8
    command: str = ""
    words: tuple[str, ...] | None = None

    @property
    def results_dir(self) -> str:
        """Where all is kept."""
        return next(iter(self.models.values())).results_dir

    @property
    def trials_of_all(self) -> int:
        """Trials of rate, width and dropout that are wanted, if there is time; none where the rate alone is tuned."""
        wanted = self.tune == "all" or (self.tune is None and self.budget is not None)
        return self.trials if wanted else 0

    def key(self) -> str:
        """16 hex digits that name the question whatever its budget, so that its plan is found again."""
        names = [run_id(settings.config()) for settings in self.models.values()]
        return hashlib.sha256(" ".join(names).encode()).hexdigest()[:16]


def with_size(models: Mapping[str, RunSettings], size: int) -> dict[str, RunSettings]:
    """The same models on so many training examples."""
    return {
        name: dataclasses.replace(run, data=dataclasses.replace(run.data, size=size)) for name, run in models.items()
    }
