"""What the Hydra-driven commands share: schemas, help, and errors that fit on a line or two."""

from __future__ import annotations

import dataclasses
import os
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra.core.config_store import ConfigStore
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_plugins.rnncompare_launcher import ClusterLauncherConf, SweepLauncherConf
from rnncompare import tasks
from rnncompare.base import resources as shipped
from rnncompare.base.errors import DataError, SettingError, StorageError
from rnncompare.base.sanitize import safe
from rnncompare.base.signals import exit_on_ctrl_c
from rnncompare.composition.override_allowlist import checked
from rnncompare.measurements.cases import BenchSettings
from rnncompare.studies.settings import StudySettings
from rnncompare.training.settings import RunSettings

SOME_FAILED = 1
REQUEST_WRONG = 2

LAUNCHERS = {
    "sweep": SweepLauncherConf(),
    "joblib": SweepLauncherConf(n_jobs=-1),
    "submitit_local": ClusterLauncherConf(cluster="local"),
    "submitit_slurm": ClusterLauncherConf(cluster="slurm"),
}

_COMPOSING = (
    "rnncompare.cli.application",
    "rnncompare.composition.override_allowlist",
    "rnncompare.training.settings",
    "hydra_plugins.rnncompare_launcher",
    "hydra_plugins.rnncompare_sweeper",
)
CONFIGS = shipped.folder("configs")


@dataclass(frozen=True)
class Command:
    """Where a command's settings come from.

    Attributes:
        config: the name of its configuration.
        description: what ``--help`` says first.
        groups: folders beside the configuration from which ``--help`` names the choices.
        folder: where the configuration lies.
    """

    config: str
    description: str
    groups: tuple[str, ...] = ("model", "data", "train")
    folder: Path = CONFIGS


def register_schemas() -> None:
    """Give Hydra the types of all settings, so that unknown names and wrong types are refused."""
    Plugins.instance()  # loaded first, so that our launchers stand in for others of these names that are installed
    store = ConfigStore.instance()
    for name, launcher in LAUNCHERS.items():
        store.store(group="hydra/launcher", name=name, node=launcher)
    store.store(name="run_schema", node=RunSettings)
    store.store(name="bench_schema", node=BenchSettings)
    store.store(name="study_schema", node=StudySettings)
    for name in tasks.names():
        store.store(group="schema/data", name=name, node=tasks.task_class(name))


def run_hydra(command: Command, action: Callable[[DictConfig], None]) -> None:
    """Compose the command line's settings, call ``action`` with them (Hydra's launcher for a sweep), and exit.

    Exit codes: ``action``'s own, 1 where records cannot be written, 2 for a request that cannot be met, 130 after
    Ctrl-C.
    """
    exit_on_ctrl_c()  # while composing; actions end in order
    words = sys.argv[1:]
    register_schemas()
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR", "0") != "0"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra lets errors through to the lines below
    try:
        if {"-h", "--help"} & set(words):
            print(safe(help_text(command, [word for word in words if not word.startswith("-")])))
            return
        sys.argv[1:] = checked(words, LAUNCHERS)
        raised: list[Exception] = []
        job = _keeping_errors(action, raised)
        hydra.main(version_base="1.3", config_path=str(command.folder), config_name=command.config)(job)()
        for error in raised:
            raise error
    except (SettingError, DataError, HydraException, OmegaConfBaseException) as error:
        if wants_traceback:
            raise
        fail(explain(error))
    except StorageError as error:
        print(f"error: {safe(error)}", file=sys.stderr)
        sys.exit(SOME_FAILED)
    except Exception as error:
        if wants_traceback or not _raised_in_composing(error):
            raise
        fail(" ".join(f"these settings cannot be composed: {error or type(error).__name__}".split()))


def _keeping_errors(action: Callable[[DictConfig], None], raised: list[Exception]) -> Callable[[DictConfig], None]:
    """``action`` with its errors put into ``raised``: Hydra would say a line of its own to each."""

    def job(config: DictConfig) -> None:
        try:
            action(config)
        except Exception as error:
            raised.append(error)

    return job


def _raised_in_composing(error: BaseException) -> bool:
    """Whether Hydra raised it from settings that it could make nothing of; it does not check all that it is given."""
    ours = ("rnncompare", "hydra_plugins.rnncompare", "__main__")  # the last is the command's own module
    deepest = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_globals.get("__name__", "")
        deepest = name if name.startswith(ours) else deepest
    return deepest in _COMPOSING


def fail(message: str) -> None:
    """Print one error and exit as a request that cannot be met."""
    print(f"error: {safe(message)}", file=sys.stderr)
    sys.exit(REQUEST_WRONG)


def explain(error: BaseException) -> str:
    """An error of composing settings in one line that names the setting, the value and what would do."""
    if isinstance(error, SettingError | DataError):
        return str(error)
    cause = error.__cause__
    key = getattr(error, "full_key", None) or getattr(cause, "full_key", None)
    lines = [line.strip() for line in str(error).splitlines()]
    if "Config search path:" in lines:
        lines = lines[: lines.index("Config search path:")]
        options = ", ".join(line for line in lines[1:] if line and not line.startswith("Available"))
        return f"{lines[0].partition(': ')[2]}; there are {options}"
    if isinstance(cause, OmegaConfBaseException):
        owner = getattr(cause, "object_type", None)
        known = [entry.name for entry in dataclasses.fields(owner)] if dataclasses.is_dataclass(owner) else []
        detail = str(cause).splitlines()[0]
        hint = f"; there are {', '.join(known)}" if known and "not in" in detail else ""
        return f"{key}: {detail}{hint}"
    return " ".join(line for line in lines if line and not line.startswith("See http"))


def help_text(command: Command, overrides: list[str]) -> str:
    """The command's settings with a line on each, their values being those under ``overrides``."""
    register_schemas()
    with hydra.initialize_config_dir(str(command.folder), version_base="1.3"):
        config = hydra.compose(command.config, overrides)
    lines = [command.description, ""]
    for group in command.groups:
        choices = sorted(path.stem for path in (command.folder / group).glob("*.yaml"))
        lines.append(f"  {group}=NAME  one of {', '.join(choices)}")
    for prefix in ("", *(group for group in command.groups if group in config)):
        node = OmegaConf.select(config, prefix) if prefix else config
        owner: Any = OmegaConf.get_type(node)
        lines += ["", f"{prefix or command.config} settings"]
        for entry in dataclasses.fields(owner):
            if "help" in entry.metadata and entry.name != "name":
                value = "null" if node[entry.name] is None else node[entry.name]
                dotted = f"{prefix}.{entry.name}" if prefix else entry.name
                lines.append(f"  {f'{dotted}={value}':<36}  {entry.metadata['help']}")
    return "\n".join(lines)
