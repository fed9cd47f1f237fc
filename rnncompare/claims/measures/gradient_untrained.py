"""How slowly the gradient of the last state vanishes over the lag, as networks are initialised."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the slope of the log norm of d h_T / d s_t, a step of lag"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """The slope for each arm and seed: 0 where the gradient neither vanishes nor explodes."""
    return slopes(evidence.probes, "untrained")


def slopes(probes: pd.DataFrame, when: str) -> pd.DataFrame:
    """The slopes ``untrained`` or ``trained``; a network whose training diverged has none."""
    import pandas as pd

    name = f"values.{when}.slope"
    if name not in probes:
        return pd.DataFrame(columns=["arm", "task", "value", "seed", "score"])
    found = probes.dropna(subset=name)
    return pd.DataFrame(
        {
            "arm": found["arm"],
            "task": found["settings.run.data.name"],
            "value": None,
            "seed": found["replicate"],
            "score": found[name],
        }
    )
