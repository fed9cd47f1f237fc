"""What is measured apart from training: the time and memory of a training step, and gradient flow."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rnncompare.claims.evidence import Evidence
from rnncompare.claims.measures import measure

COLUMNS = ["task", "value", "arm", "seed", "score"]
SLOPE = "of the slope of the log norm of d h_T / d s_t, a step of lag"


@measure("of the log ratio of the times of a step")
def step_time(evidence: Evidence) -> pd.DataFrame:
    """How short a training step is at equal width, as a ratio (natural logarithm).

    Minus the log of the milliseconds of a forward and backward pass, by shape; an arm is a model's name.
    """
    return by_shape(evidence.probes, "forward_backward")


@measure("of the log ratio of peak memory")
def memory(evidence: Evidence) -> pd.DataFrame:
    """How little memory a training step takes at equal width, as a ratio (natural logarithm).

    Minus the log of the peak of a forward and backward pass, by shape.
    """
    rows = []
    for _, probed in _probed(evidence.probes, "memory").iterrows():
        arm = _model(probed["settings.cell"], probed["settings.implementation"])
        if probed["values.peak_mb"] > 0:
            rows.append((*_shape(probed), arm, probed["replicate"], -np.log(probed["values.peak_mb"])))
    return pd.DataFrame(rows, columns=COLUMNS)


@measure(SLOPE)
def gradient_untrained(evidence: Evidence) -> pd.DataFrame:
    """How slowly the gradient of the last state vanishes over the lag, as networks are initialised.

    The slope of each arm and seed: 0 where the gradient neither vanishes nor explodes.
    """
    return _slopes(evidence.probes, "untrained")


@measure(SLOPE)
def gradient_trained(evidence: Evidence) -> pd.DataFrame:
    """How slowly the gradient of the last state vanishes over the lag, after training.

    As ``gradient_untrained``; a network whose training diverged has no slope.
    """
    return _slopes(evidence.probes, "trained")


def by_shape(probes: pd.DataFrame, part: str) -> pd.DataFrame:
    """Minus the log of the values ``PART.CELL.IMPLEMENTATION`` of the probe ``step_time``, by shape, arm and replicate.

    Args:
        probes: as those of `Evidence`.
        part: of the step: ``forward_backward`` or ``update``.
    """
    rows = []
    measured = _probed(probes, "step_time")
    names = [name for name in measured if name.startswith(f"values.{part}.")]
    for _, probed in measured.iterrows():
        for name in names:
            if probed[name] > 0:
                arm = _model(*name.split(".")[-2:])
                rows.append((*_shape(probed), arm, probed["replicate"], -np.log(probed[name])))
    return pd.DataFrame(rows, columns=COLUMNS)


def _probed(probes: pd.DataFrame, name: str) -> pd.DataFrame:
    return probes[probes["probe"] == name] if len(probes) else probes


def _model(cell: str, implementation: str) -> str:
    """The setting ``model`` of what was measured, by which its arm is called: ``torch_CELL`` for torch's own."""
    return f"torch_{cell}" if implementation == "torch" else cell


def _shape(probed: pd.Series) -> tuple[str, str]:
    """The shape ``(T, B, I, H)`` that was measured, which counts as a task, and its threads, as a condition of that."""
    sizes = [probed[f"settings.{name}"] for name in ("sequence_length", "batch_size", "input_size", "hidden_size")]
    threads = int(probed["settings.threads"])
    return f"({', '.join(f'{size:.0f}' for size in sizes)})", f"{threads} thread{'s' * (threads > 1)}"


def _slopes(probes: pd.DataFrame, when: str) -> pd.DataFrame:
    """The slopes ``untrained`` or ``trained``."""
    name = f"values.{when}.slope"
    if name not in probes:
        return pd.DataFrame(columns=COLUMNS)
    found = probes.dropna(subset=name)
    columns = (found["settings.run.data.name"], None, found["arm"], found["replicate"], found[name])
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
