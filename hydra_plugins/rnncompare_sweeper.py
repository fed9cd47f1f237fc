"""Hydra's sweeper over settings given as lists: as the basic one, but it writes no file and composes each job once."""

from dataclasses import dataclass, field
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser


@dataclass
class GridSweeperConf:
    """Settings of the sweeper.

    Attributes:
        params: overrides to sweep over beside those of the command line.
    """

    _target_: str = "hydra_plugins.rnncompare_sweeper.GridSweeper"
    params: dict[str, Any] | None = field(default=None)


ConfigStore.instance().store(group="hydra/sweeper", name="grid", node=GridSweeperConf)


class GridSweeper(BasicSweeper):
    """Every combination of the values given, handed to the launcher at once; wrong ones are refused before any runs."""

    def __init__(self, params: dict[str, str] | None):
        super().__init__(max_batch_size=None, params=params)

    def sweep(self, arguments: list[str]) -> Any:
        """Launch the jobs that ``arguments``, overrides with lists of values, stand for."""
        assert self.hydra_context is not None
        assert self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        (jobs,) = self.split_arguments(overrides, max_batch_size=None)
        return [self.launcher.launch(jobs, initial_job_idx=0)]
