"""How short a training step is at equal width, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of the times of a step"
PART = "forward_backward"


def scores(evidence: Evidence) -> pd.DataFrame:
    """Minus the log of the milliseconds of a forward and backward pass, by shape; an arm is a cell's name."""
    return by_shape(evidence.probes, "step_time", PART)


def by_shape(probes: pd.DataFrame, probe: str, part: str) -> pd.DataFrame:
    """Minus the log of the values called ``PART.CELL.IMPLEMENTATION``, by shape, arm and replicate.

    The arm is ``CELL`` for our own implementation, ``torch_CELL`` for torch's.
    """
    import pandas as pd

    rows = []
    measured = probes[probes["probe"] == probe] if len(probes) else probes
    names = [name for name in measured if name.startswith(f"values.{part}.")]
    for _, probed in measured.iterrows():
        for name in names:
            cell, implementation = name.split(".")[-2:]
            arm = f"torch_{cell}" if implementation == "torch" else cell
            if probed[name] > 0:
                rows.append((shape(probed), None, arm, probed["replicate"], -np.log(probed[name])))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])


def shape(probed: pd.Series) -> str:
    """A shape in words."""
    sizes = [probed[f"settings.{name}"] for name in ("sequence_length", "batch_size", "input_size", "hidden_size")]
    threads = int(probed["settings.threads"])
    return f"({', '.join(f'{size:.0f}' for size in sizes)}), {threads} thread{'s' * (threads > 1)}"
