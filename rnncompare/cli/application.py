"""What Hydra's commands share: how they are called, their help, and their errors in a line or two."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rnncompare.base.errors import DataError, MachineError, SettingError
from rnncompare.base.signals import exit_on_ctrl_c
from rnncompare.base.wording import safe
from rnncompare.composition.compose import CONFIGS, explain, register_schemas
from rnncompare.composition.override_allowlist import checked

SOME_FAILED = 1
REQUEST_WRONG = 2


@dataclass(frozen=True)
class Command:
    """Where a command's settings come from.

    Attributes:
        config: the name of its configuration.
        description: what ``--help`` prints first.
        schema: the type of its settings.
        read: makes settings of that type from a composed configuration.
        groups: folders beside the configuration whose choices ``--help`` lists.
        folder: where the configuration is.
    """

    config: str
    description: str
    schema: type
    read: Callable[[DictConfig], Any] = OmegaConf.to_object
    groups: tuple[str, ...] = ("model", "data", "train")
    folder: Path = CONFIGS


class _Job:
    """What Hydra calls with a composed configuration, and its launcher with the runs of a sweep.

    An error is kept, not raised, because Hydra would add a line to it.

    Attributes:
        acting: whether the settings have been read and the command's own work has begun.
        raised: the error, if there was one.
    """

    def __init__(self, command: Command, action: Callable[[Any], None], sweep: Callable[..., None] | None):
        self._command, self._action, self._sweep = command, action, sweep
        self.acting = False
        self.raised: Exception | None = None

    def __call__(self, config: DictConfig) -> None:
        """Call the action with the settings of ``config``."""
        try:
            settings = self._command.read(config)
            self.acting = True
            self._action(settings)
        except Exception as error:
            self.raised = error

    def launch(self, *arguments: Any) -> None:
        """Call the sweep with what a launcher passes on."""
        assert self._sweep is not None
        self.acting = True
        try:
            self._sweep(*arguments)
        except Exception as error:
            self.raised = error


def run_hydra(command: Command, action: Callable[[Any], None], sweep: Callable[..., None] | None = None) -> None:
    """Compose the command line's settings, call ``action`` with them, and exit.

    Exit codes: ``action``'s own, 1 if the machine refuses what is needed, 2 for a request that cannot be met, 130 after
    Ctrl-C.

    Args:
        command: where its settings come from.
        action: receives settings of the command's schema.
        sweep: called instead with ``-m``, by Hydra's launcher, with the settings of all runs, the function that trains
            them, and whether it does so on this machine.
    """
    exit_on_ctrl_c()  # while composing; actions stop cleanly
    words = sys.argv[1:]
    wants_traceback = os.environ.get("HYDRA_FULL_ERROR", "0") != "0"
    os.environ["HYDRA_FULL_ERROR"] = "1"  # so that Hydra lets errors through to the lines below
    job = _Job(command, action, sweep)
    if not os.path.exists(os.curdir):
        fail("the folder that this was started in no longer exists; start it in another one")
    try:
        register_schemas(**{command.config: command.schema})
        if {"-h", "--help"} & set(words):
            print(safe(help_text(command, [word for word in words if not word.startswith("-")])))
            return
        sys.argv[1:] = checked(words)
        hydra.main(version_base="1.3", config_path=str(command.folder), config_name=command.config)(job)()
        if job.raised is not None:
            raise job.raised
    except (SettingError, DataError, HydraException, OmegaConfBaseException) as error:
        if wants_traceback:
            raise
        fail(explain(error))
    except MachineError as error:
        print(f"error: {safe(error)}", file=sys.stderr)
        sys.exit(SOME_FAILED)
    except Exception as error:
        if wants_traceback or job.acting:
            raise
        # Hydra does not check everything before it uses it
        fail(f"these settings cannot be composed: {explain(error) or type(error).__name__}")


def fail(message: str) -> None:
    """Print one error and exit as a request that cannot be met."""
    print(f"error: {safe(message)}", file=sys.stderr)
    sys.exit(REQUEST_WRONG)


def help_text(command: Command, overrides: list[str]) -> str:
    """The command's settings, a line each, with their values under ``overrides``."""
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
