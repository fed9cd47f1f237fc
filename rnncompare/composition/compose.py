"""Settings of a study's runs, composed from overrides as ``rnncompare.run`` would compose its command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import hydra
from hydra.core.global_hydra import GlobalHydra

from rnncompare.composition.override_allowlist import checked
from rnncompare.composition.schemas import CONFIGS, register_schemas
from rnncompare.training.settings import RunSettings, from_config


def compose(requests: Iterable[Sequence[str]]) -> list[RunSettings]:
    """The settings for each list of overrides.

    Raises:
        SettingError, HydraException: one cannot be composed.
    """
    register_schemas()
    GlobalHydra.instance().clear()  # of the command's own settings
    with hydra.initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return [from_config(hydra.compose("run", checked(overrides))) for overrides in requests]


def shortened(settings: RunSettings, share: float) -> RunSettings:
    """The run with a share of its updates, validated as often."""
    train = settings.train
    return dataclasses.replace(
        settings,
        train=dataclasses.replace(
            train,
            max_updates=math.ceil(train.max_updates * share),
            min_updates=math.ceil(train.min_updates * share),
            validate_every=math.ceil(train.validate_every * share),
        ),
    )
