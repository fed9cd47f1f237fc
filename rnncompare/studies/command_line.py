"""The words of a study's command line: those about the study, and those that all of its runs share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from rnncompare.base.errors import require
from rnncompare.composition.override_allowlist import separate
from rnncompare.studies.settings import StudySettings
from rnncompare.training.settings import RunSettings

OWN = ("preset", *(field.name for field in dataclasses.fields(StudySettings)))
WITH_CLAIMS = ("device", "threads", "run_timeout", "checkpoint_seconds")  # a claim fixes all else
CHOSEN = ("model", "seed", "train.learning_rate")  # by the study


def split(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The study's words, flags and Hydra's settings among them, and those of its runs; ``study.`` may stand before."""
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
    """Raise `SettingError` for settings of runs that are not to be given where claims are studied."""
    for name, value in _settings(words):
        require(name in WITH_CLAIMS, name, value, f"the claims fix it; to be set are {', '.join(WITH_CLAIMS)}")


def check_beside_data(words: Sequence[str]) -> None:
    """Raise `SettingError` for settings of runs that are not to be given where a user's own data are studied."""
    for name, value in _settings(words):
        require(name not in CHOSEN, name, value, "the study chooses it")


def _settings(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Name and value of each setting.

    Raises:
        SettingError: runs have no such setting.
    """
    known = [field.name for field in dataclasses.fields(RunSettings)]
    for word in words:
        name, _, value = word.lstrip("+~").partition("=")
        require(name.partition(".")[0] in known, name, value, f"no such setting; there are {', '.join([*OWN, *known])}")
        yield name, value
