"""Settings composed from overrides, with the types that Hydra checks them against."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterable, Iterator, Sequence

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.plugins import Plugins
from omegaconf.errors import OmegaConfBaseException

from rnncompare import tasks
from rnncompare.base import package_files
from rnncompare.base.errors import DataError, SettingError
from rnncompare.composition.override_allowlist import checked
from rnncompare.sweep.launchers import LAUNCHERS
from rnncompare.training.settings import RunSettings, from_config

SHORTENED = ("max_updates", "min_updates", "validate_every")  # settings of training that a share of it shares
CONFIGS = package_files.folder("configs")


class ComposeError(SettingError):
    """Settings that Hydra refuses.

    Args:
        message: names the setting and what would be valid.
    """

    def __init__(self, message: str):
        ValueError.__init__(self, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


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
        SettingError: one cannot be composed.
    """
    register_schemas()
    with _our_configs():
        try:
            return [from_config(hydra.compose("run", checked(overrides))) for overrides in requests]
        except (SettingError, DataError):
            raise
        except Exception as error:  # Hydra does not check everything before it uses it
            raise ComposeError(explain(error)) from error


@contextlib.contextmanager
def _our_configs() -> Iterator[None]:
    """Have Hydra compose from our configs, whatever it composes from otherwise: the caller may use it too."""
    outer, GlobalHydra.instance().hydra = GlobalHydra.instance().hydra, None
    try:
        with hydra.initialize_config_dir(str(CONFIGS), version_base="1.3"):
            yield
    finally:
        GlobalHydra.instance().hydra = outer


def explain(error: BaseException) -> str:
    """An error of composing settings in one line that names the setting, the value and what would be valid."""
    if isinstance(error, SettingError | DataError):
        return str(error)
    cause = error.__cause__
    key = getattr(error, "full_key", None) or getattr(cause, "full_key", None)
    lines = [line.strip() for line in str(error).splitlines()]
    if "Config search path:" in lines:
        lines = lines[: lines.index("Config search path:")]
        options = ", ".join(line for line in lines[1:] if line and not line.startswith("Available"))
        found = lines[0].partition(": ")[2] or lines[0]
        if (name := re.fullmatch("Could not find '([^/]+)/(.+)'", found)) is not None:
            return f"{name[1]}={name[2]}: one of {options}"
        return f"{found}; there are {options}" if options else found
    if isinstance(cause, OmegaConfBaseException):
        owner = getattr(cause, "object_type", None)
        known = [entry.name for entry in dataclasses.fields(owner)] if dataclasses.is_dataclass(owner) else []
        detail = str(cause).splitlines()[0]
        if "is not a ListConfig" in detail:
            return f"{key}: a list in brackets and quotes, such as '{key}=[a,b]'"
        hint = f"; there are {', '.join(known)}" if known and "not in" in detail else ""
        if str(key).startswith("model.options.") and "not in" in detail:
            return f"{key}: not shipped with this model; if its cell has the option, set it with a plus: +{key}=..."
        return f"{key}: {detail}{hint}"
    if "Config group override must be" in str(error):
        return "a model, data set or launcher is chosen by its name, which is no number; --help lists them"
    return " ".join(line for line in lines if line and not line.startswith("See http"))


def shortened(settings: RunSettings, share: float) -> RunSettings:
    """The run with a share of its updates, validated as often."""
    train = settings.train
    fewer = {name: math.ceil(getattr(train, name) * share) for name in SHORTENED}
    return dataclasses.replace(settings, train=dataclasses.replace(train, **fewer))
