"""A question about own data from the settings of a study and of its runs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnncompare.composition.compose import compose
from rnncompare.composition.override_allowlist import quoted
from rnncompare.studies.own_data.question import Question
from rnncompare.studies.study_settings import StudySettings
from rnncompare.tasks.contract import Task
from rnncompare.training.settings import OwnModel

PLAIN = "rnn"


def ask(
    settings: StudySettings,
    words: Sequence[str],
    command: str,
    task: Task | None = None,
    own: Mapping[str, Callable[..., Any]] | None = None,
) -> Question:
    """What a study of own data asks.

    Args:
        settings: of the study.
        words: settings that all runs share, the data among them unless they are a ``task``.
        command: that asks again.
        task: the data, if they were given from Python.
        own: classes or factories of modules of the user's own, by name; the other names are those of models.

    Raises:
        SettingError: a setting cannot be met.
    """
    names = settings.models.split(",")
    shared = [*words, f"results_dir={quoted(settings.results_dir)}"]
    own = own or {}
    known = dict.fromkeys([*names, PLAIN])
    composed = compose([f"model={PLAIN if name in own else name}", *shared] for name in known)
    composed = [
        dataclasses.replace(run, model=OwnModel.in_place_of(run.model, own[name])) if name in own else run
        for name, run in zip(known, composed, strict=True)
    ]
    if task is not None:
        composed = [dataclasses.replace(run, data=task).resolved() for run in composed]
    models = dict(zip(names, composed, strict=False))
    return Question(
        models=models,
        budget=settings.seconds(),
        pairs=settings.pairs,
        updates=settings.updates,
        metric=settings.metric,
        plain=composed[-1] if settings.plain and PLAIN not in models else None,
        sizes=settings.sizes,
        tune=settings.tune,
        trials=settings.trials,
        command=command,
        words=None if task is not None else tuple(words),
    )
