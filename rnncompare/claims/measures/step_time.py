"""How short a training step is at equal width, as a ratio (natural logarithm)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rnncompare.claims.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

UNIT = "of the log ratio of the times of a step"
TASK_MARGIN = False
AT_END = False


def scores(evidence: Evidence) -> pd.DataFrame:
    """Minus the log of the milliseconds of a forward and backward pass, by shape; an arm is a model's name."""
    return by_shape(evidence.probes, "forward_backward")


def by_shape(probes: pd.DataFrame, part: str) -> pd.DataFrame:
    """Minus the log of the values ``PART.CELL.IMPLEMENTATION`` of the probe ``step_time``, by shape, arm and replicate.

    Args:
        probes: as those of `Evidence`.
        part: of the step: ``forward_backward`` or ``update``.
    """
    import pandas as pd

    rows = []
    measured = probes[probes["probe"] == "step_time"] if len(probes) else probes
    names = [name for name in measured if name.startswith(f"values.{part}.")]
    for _, probed in measured.iterrows():
        for name in names:
            cell, implementation = name.split(".")[-2:]
            if probed[name] > 0:
                arm = model(cell, implementation)
                rows.append((shape(probed), None, arm, probed["replicate"], -np.log(probed[name])))
    return pd.DataFrame(rows, columns=["task", "value", "arm", "seed", "score"])


def model(cell: str, implementation: str) -> str:
    """The setting ``model`` of what a probe measured, which its arm is called by: ``torch_CELL`` for torch's own."""
    return f"torch_{cell}" if implementation == "torch" else cell


def shape(probed: pd.Series) -> str:
    """The shape that a probe measured, ``(T, B, I, H)``, and its threads: the condition of its scores."""
    sizes = [probed[f"settings.{name}"] for name in ("sequence_length", "batch_size", "input_size", "hidden_size")]
    threads = int(probed["settings.threads"])
    return f"({', '.join(f'{size:.0f}' for size in sizes)}), {threads} thread{'s' * (threads > 1)}"
