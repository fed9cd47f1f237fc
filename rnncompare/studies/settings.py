"""The settings of a study."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rnncompare.base.errors import SettingError, require
from rnncompare.tasks.contract import setting

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}


@dataclass
class StudySettings:
    """What is studied, and how thoroughly; ``preset`` gives the numbers that are not said."""

    claim: str | None = setting(None, "all, one claim or several with commas; null for data of your own")
    budget: str | None = setting(None, "time to take, such as 10min or 2h, which then sets trials and pairs")
    trials: int = setting(6, "learning rates tried for each model in each condition")
    pairs: int = setting(10, "seeds on which the models are compared")
    more_pairs: int = setting(30, "the same, for claims that need more")
    updates: float = setting(1.0, "share of each study task's updates to train for")
    shapes: int = setting(5, "shapes of the grid on which speed and memory are measured")
    results_dir: str = setting("results/study", "folder for the records and for study.json")

    def checked(self) -> StudySettings:
        """Itself, once its values are in range.

        Raises:
            SettingError: one is not.
        """
        for name in ("trials", "pairs", "more_pairs", "shapes"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "a whole number from 1")
        require(0 < self.updates <= 1, "updates", self.updates, "a number above 0, up to 1")
        self.seconds()
        return self

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
