"""Hydra's sweeper over settings given as lists: as the basic one, but it writes no file and composes each job once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep

from rnncompare.base.errors import require

MOST_RUNS = 100_000  # of one sweep: it keeps the settings of all of them in memory


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
        """Launch the jobs that ``arguments``, overrides with lists of values, stand for.

        Raises:
            SettingError: they are more than `MOST_RUNS`.
        """
        assert self.hydra_context is not None
        assert self.launcher is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        overrides = parser.parse_overrides([*self._parse_config(), *arguments])
        self._check_count(overrides)
        (jobs,) = self.split_arguments(overrides, max_batch_size=None)
        return [self.launcher.launch(jobs, initial_job_idx=0)]

    @staticmethod
    def _check_count(overrides: Sequence[Override]) -> None:
        """Count the runs without listing them: a range may be longer than memory."""
        swept = {override.get_key_element(): override for override in overrides if override.is_discrete_sweep()}
        counts = {key: _count(override) for key, override in swept.items()}
        for key, count in counts.items():
            require(count > 0, key, swept[key].get_value_string(), "one value or more to sweep over")
        total = math.prod(counts.values())
        largest = max(counts, key=counts.__getitem__, default="")
        values = swept[largest].get_value_string() if largest else ""
        require(total <= MOST_RUNS, largest, values, f"a sweep has at most {MOST_RUNS:,} runs; these are {total:,}")


def _count(override: Override) -> int:
    sweep = override.value()
    if not isinstance(sweep, RangeSweep):
        return sum(1 for _ in override.sweep_iterator())
    start, stop, step = sweep.start, sweep.stop, sweep.step
    if start is None or stop is None or not step:
        return 1  # Hydra says what is wrong with it
    length = (stop - start) / step
    return max(0, math.ceil(length)) if math.isfinite(length) else MOST_RUNS + 1
