"""The settings of a study."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rnncompare.base.errors import SettingError, require
from rnncompare.tasks.contract import setting

TUNE = ("rate", "all")
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
LOOKS = (10, 20, 30, 50)  # pairs after which a study is looked at, between its fewest and its most


@dataclass
class StudySettings:
    """What is studied, and how thoroughly; ``preset`` gives the numbers that are not said."""

    claim: str | None = setting(None, "all, one claim or several with commas; null for data of your own")
    budget: str | None = setting(None, "time to take, such as 10min or 2h; what does not fit is listed, not attempted")
    pairs: int = setting(10, "seeds on which the models are compared at first")
    most_pairs: int = setting(50, "seeds at most, where the first ones leave a comparison open")
    updates: float = setting(1.0, "share of each study task's updates to train for")
    models: str = setting("gru,lstm", "of data of your own: the models compared, two or more with commas")
    metric: str | None = setting(None, "of data of your own: the metric that decides; null: one that suits the data")
    plain: bool = setting(True, "of data of your own: train a plain RNN too where time is left")
    sizes: bool = setting(True, "of data of your own: train on half of the data too where time is left")
    tune: str = setting("rate", "of data of your own: what is tuned, the learning rate, or all: width and dropout too")
    trials: int = setting(8, "of data of your own: settings tried of each model on each seed where all is tuned")
    shapes: int = setting(5, "shapes of the grid on which speed and memory are measured")
    results_dir: str = setting("results/study", "folder for the records and for study.json")

    def checked(self) -> StudySettings:
        """Itself, once its values are in range.

        Raises:
            SettingError: one is not.
        """
        require(self.pairs >= 2, "pairs", self.pairs, "a whole number from 2")
        valid = f"a whole number from {self.pairs}, the number of pairs at first"
        require(self.most_pairs >= self.pairs, "most_pairs", self.most_pairs, valid)
        require(self.shapes >= 1, "shapes", self.shapes, "a whole number from 1")
        require(0 < self.updates <= 1, "updates", self.updates, "a number above 0, up to 1")
        chosen = self.models.split(",")
        require(len(set(chosen)) == len(chosen) > 1, "study.models", self.models, "two or more names, such as gru,lstm")
        require(self.tune in TUNE, "study.tune", self.tune, " or ".join(TUNE))
        require(self.trials >= 2, "study.trials", self.trials, "a whole number from 2")
        self.seconds()
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """After how many pairs the study is looked at."""
        between = (look for look in LOOKS if self.pairs < look < self.most_pairs)
        return tuple(sorted({self.pairs, *between, self.most_pairs}))

    def seconds(self) -> float | None:
        """The budget in seconds; None where there is none.

        Raises:
            SettingError: it is not a time.
        """
        if self.budget is None:
            return None
        valid = "a time above 0 such as 90s, 10min or 2h"
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", self.budget)
        if not found or (found[2] or "s") not in UNITS:
            raise SettingError("budget", self.budget, valid)
        seconds = float(found[1]) * UNITS[found[2] or "s"]
        require(seconds > 0, "budget", self.budget, valid)
        return seconds
