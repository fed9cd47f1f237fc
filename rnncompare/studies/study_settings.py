"""The settings of a study, and the words of its command line: its own, and those that all of its runs share."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import yaml

from rnncompare.base import package_files
from rnncompare.base.errors import SettingError, require
from rnncompare.composition.override_allowlist import separate
from rnncompare.tasks.contract import setting
from rnncompare.training.settings import RunSettings

TUNE = ("rate", "all")
UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
LOOKS = (10, 20, 30, 50)  # numbers of pairs at which a study is looked at, between its fewest and its most


@dataclass
class StudySettings:
    """What is studied, and how thoroughly; ``preset`` gives the numbers that are not set."""

    claim: str | None = setting(None, "all, one claim or several with commas; null for data of your own")
    budget: str | None = setting(None, "time to take, such as 10min or 2h; what does not fit is listed, not attempted")
    pairs: int = setting(10, "seeds on which the models are compared at first")
    most_pairs: int = setting(50, "seeds at most, where the first ones leave a comparison open")
    updates: float = setting(1.0, "share of each study task's updates to train for")
    models: str = setting("gru,lstm", "of data of your own: the models compared, two or more with commas")
    metric: str | None = setting(None, "of data of your own: the metric that decides; null: one that suits the data")
    plain: bool = setting(True, "of data of your own: train a plain RNN too where time is left")
    sizes: bool = setting(True, "of data of your own: train on half of the data too where time is left")
    tune: str | None = setting(
        None, "of data of your own: rate, or all: tune width and dropout too; null: these where a budget leaves time"
    )
    trials: int = setting(8, "of data of your own: trials of rate, width and dropout for each model of each pair")
    shapes: int = setting(5, "shapes of the grid on which speed and memory are measured")
    results_dir: str = setting("results/study", "folder for the records and for study.json")

    def checked(self) -> StudySettings:
        """These settings, if their values are in range.

        Raises:
            SettingError: a value is out of range.
        """
        for name in ("pairs", "most_pairs", "trials", "shapes"):  # those of Python may be of any type
            value = getattr(self, name)
            require(isinstance(value, Integral), name, value, "a whole number")
            setattr(self, name, int(value))
        for name in ("plain", "sizes"):
            require(isinstance(getattr(self, name), bool), name, getattr(self, name), "true or false")
        require(isinstance(self.results_dir, str), "results_dir", self.results_dir, "the path of a folder")
        self.results_dir = os.path.expanduser(self.results_dir)
        for name in ("budget", "metric", "tune"):
            value = getattr(self, name)
            require(value is None or isinstance(value, str), name, value, "a text or null")
        require(self.pairs >= 2, "pairs", self.pairs, "a whole number from 2")
        valid = f"a whole number from {self.pairs}, the number of pairs at first"
        require(self.most_pairs >= self.pairs, "most_pairs", self.most_pairs, valid)
        require(self.shapes >= 1, "shapes", self.shapes, "a whole number from 1")
        require(0 < self.updates <= 1, "updates", self.updates, "a number above 0, up to 1")
        chosen = self.models.split(",")
        require(
            len(set(chosen)) == len(chosen) > 1,
            "study.models",
            self.models,
            "two or more names, such as gru,lstm; if two classes have the same name, rename one",
        )
        require(self.tune in (None, *TUNE), "study.tune", self.tune, f"{', '.join(TUNE)} or null")
        require(self.trials >= 1, "study.trials", self.trials, "a whole number from 1")
        self.seconds()
        return self

    @property
    def looks(self) -> tuple[int, ...]:
        """The numbers of pairs at which the study is looked at."""
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


PRESETS = package_files.folder("configs") / "study" / "preset"
OWN = ("preset", *(field.name for field in dataclasses.fields(StudySettings)))
WITH_CLAIMS = ("device", "threads", "run_timeout", "checkpoint_seconds", "stale")  # a claim fixes all else
CHOSEN = ("model", "seed", "train.learning_rate")  # which the study chooses


def of_preset(name: str | None) -> dict[str, Any]:
    """The settings of the preset called ``name``, none for None.

    Raises:
        SettingError: there is none.
    """
    if name is None:
        return {}
    known = sorted(path.stem for path in PRESETS.glob("*.yaml"))
    require(name in known, "preset", name, f"one of {', '.join(known)}")
    return dict(yaml.safe_load((PRESETS / f"{name}.yaml").read_text(encoding="utf-8")))


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The study's own words, with flags and Hydra's settings, and those of its runs; ``study.`` may precede them."""
    study, overrides = separate(words)
    runs: list[str] = []
    for word in overrides:
        word = word.removeprefix("study.")
        name, _, value = word.lstrip("+~").partition("=")
        if name in ("claim", "models") and "," in value and value[0] not in "'\"":
            study.append(f"{name}='{value}'")  # Hydra would take it for a sweep
        else:
            (study if name in OWN or name.startswith("hydra") else runs).append(word)
    return study, runs


def check_beside_claims(words: Sequence[str]) -> None:
    """Raise `SettingError` for settings of runs that a study of claims fixes."""
    for name, value in _settings(words):
        require(name in WITH_CLAIMS, name, value, f"the claims fix it; to be set are {', '.join(WITH_CLAIMS)}")


def check_beside_data(words: Sequence[str]) -> None:
    """Raise `SettingError` for settings of runs that a study of a user's own data chooses."""
    for name, value in _settings(words):
        require(name not in CHOSEN, name, value, "the study chooses it")


def _settings(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and value of each setting.

    Raises:
        SettingError: runs have no such setting.
    """
    known = [field.name for field in dataclasses.fields(RunSettings)]
    valid = f"no such setting; there are {', '.join(dict.fromkeys([*OWN, *known]))}"
    for word in words:
        name, _, value = word.lstrip("+~").partition("=")
        require(name.partition(".")[0] in known, name, value, valid)
        yield name, value
