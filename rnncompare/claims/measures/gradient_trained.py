"""How slowly the gradient of the last state vanishes over the lag, after training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import gradient_untrained

if TYPE_CHECKING:
    import pandas as pd

UNIT = gradient_untrained.UNIT
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """As ``gradient_untrained``, of the networks after training."""
    return gradient_untrained.slopes(evidence.probes, "trained")
