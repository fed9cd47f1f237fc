"""The types of all settings, given to Hydra so that it refuses unknown names and wrong types."""

from __future__ import annotations

from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins

from rnncompare import tasks
from rnncompare.base import resources
from rnncompare.sweep.launchers import LAUNCHERS
from rnncompare.training.settings import RunSettings

CONFIGS = resources.folder("configs")


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
