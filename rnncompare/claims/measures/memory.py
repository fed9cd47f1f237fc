"""How little memory a training step takes at equal width, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures.step_time import model, shape

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of peak memory"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """Minus the log of the peak of a forward and backward pass, by shape."""
    import pandas as pd

    probes = evidence.probes
    rows = []
    for _, probed in (probes[probes["probe"] == "memory"] if len(probes) else probes).iterrows():
        arm = model(probed["settings.cell"], probed["settings.implementation"])
        if probed["values.peak_mb"] > 0:
            rows.append((shape(probed), None, arm, probed["replicate"], -np.log(probed["values.peak_mb"])))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])
