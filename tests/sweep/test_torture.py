"""The torture of `tools.torture`, shortened."""

import pytest

from tools.torture import Torture

pytestmark = pytest.mark.slow


def test_a_sweep_killed_at_random_moments_keeps_all_its_promises(tmp_path):
    figures = Torture(tmp_path, runs=4, seed=1).kill(2)
    assert figures.faults() == 0, figures
    assert figures.kills == 2
    assert figures.kills_with_runs_under_way >= 1
    assert figures.records_checked >= 4
