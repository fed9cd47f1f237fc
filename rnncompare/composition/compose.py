"""Settings composed from overrides, with the types that Hydra checks them against."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins

from rnncompare import tasks
from rnncompare.base import package_files
from rnncompare.composition.override_allowlist import checked
from rnncompare.sweep.launchers import LAUNCHERS
from rnncompare.training.settings import RunSettings, from_config

SHORTENED = ("max_updates", "min_updates", "validate_every")  # settings of training that a share of it shares
CONFIGS = package_files.folder("configs")


def register_schemas(**commands: type) -> None:
    """Give Hydra the types of the settings of runs and launchers, and of ``commands`` by the names of their configs."""
    Plugins.instance()  # loaded first, so that our launchers replace installed ones of the same names
    store = ConfigStore.instance()
    for name, launcher in LAUNCHERS.items():
        store.store(group="hydra/launcher", name=name, node=launcher)
    for name in tasks.names():
        store.store(group="schema/data", name=name, node=tasks.task_class(name))
    for name, schema in {"run": RunSettings, **commands}.items():
        store.store(name=f"{name}_schema", node=schema)


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
    fewer = {name: math.ceil(getattr(train, name) * share) for name in SHORTENED}
    return dataclasses.replace(settings, train=dataclasses.replace(train, **fewer))
