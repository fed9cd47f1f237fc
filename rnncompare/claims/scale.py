"""Scales: how each task is scored and which difference matters, fixed before any run and the same for all claims."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from rnncompare.base.errors import require

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["bounded", "solve", "loss"]
UNITS = {
    "accuracy": ("points of accuracy", 100.0),
    "bits_per_character": ("bits a character", 1.0),
    "nll_per_frame": ("nats a frame", 1.0),
    "mean_squared_error": ("squared error", 1.0),
    "cross_entropy": ("nats", 1.0),
}
SHARE_OF_SEEDS = "share of seeds that solve it"
SHARE_MARGIN = 0.1  # one seed in ten
NEGLIGIBLE = 0.25  # share of a margin that counts as an improvement in training, or as being off a baseline or optimum


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How a task is scored.

    Scores are in the metric's own unit (accuracy in points of a hundred), signed so that more is better, and never
    worse than the trivial baseline; a run that diverged or failed gets the baseline's score.

    Attributes:
        title: what a reader calls the task.
        kind: ``bounded`` (the reference is the metric's optimum, and scores are clipped there), ``solve`` (bimodal: a
            run solves the task or not, and the share of seeds that do counts) or ``loss`` (the reference is a
            registered score that may be beaten).
        metric: the metric's name, as records have it.
        reference: a registered score, in the metric as records have it.
        margin: the difference that matters: points of accuracy, bits, nats a frame, squared error.
        real: whether the data are real.
        fixed_test: whether all seeds are tested on the same examples.
        solved: the value of the metric from which a run has solved the task; for the kind ``solve``.
        higher_is_better: of the metric.
    """

    title: str
    kind: Kind
    metric: str
    reference: float
    margin: float
    real: bool
    fixed_test: bool
    solved: float | None = None
    higher_is_better: bool = False

    def check(self, where: str) -> None:
        """Raise `SettingError` if nothing can be judged by this scale.

        Args:
            where: the file it comes from.
        """
        require(self.kind in get_args(Kind), f"{where}: kind", self.kind, f"one of {', '.join(get_args(Kind))}")
        require(self.may_be(self.reference), f"{where}: reference", self.reference, f"a registered score, {self.valid}")
        number = isinstance(self.margin, int | float) and self.margin > 0
        require(number, f"{where}: margin", self.margin, "a number above 0 in the metric's unit")
        needed = self.kind != "solve" or self.solved is not None
        require(needed, f"{where}: solved", self.solved, "the metric from which a run has solved the task")
        require(self.solved is None or self.may_be(self.solved), f"{where}: solved", self.solved, self.valid)

    def may_be(self, value: object) -> bool:
        """Whether the metric, as records have it, can have that value."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return math.isfinite(value) and (self.factor == 1 or 0 <= value <= 1)

    @property
    def valid(self) -> str:
        """The values that the metric can have, in words."""
        return "a number" if self.factor == 1 else f"{self.metric} as a share, from 0 to 1"

    @property
    def metric_unit(self) -> str:
        """The unit of a difference in the metric."""
        return UNITS.get(self.metric, (self.metric.replace("_", " "), 1.0))[0]

    @property
    def factor(self) -> float:
        """What the metric is multiplied by: 100 for an accuracy."""
        return UNITS.get(self.metric, ("", 1.0))[1]

    @property
    def unit(self) -> str:
        """The unit of quality."""
        return SHARE_OF_SEEDS if self.kind == "solve" else self.metric_unit

    @property
    def quality_margin(self) -> float:
        """The margin of quality."""
        return SHARE_MARGIN if self.kind == "solve" else self.margin

    @property
    def settle(self) -> float:
        """What counts as an improvement in training, in the metric as records have it."""
        return NEGLIGIBLE * self.margin / self.factor

    @property
    def top(self) -> float:
        """The best score in the metric's unit; infinite if unknown."""
        return math.inf if self.kind == "loss" else self.oriented(self.reference)

    def oriented(self, metric: float) -> float:
        """A metric as a score: in its unit, more is better."""
        return (1 if self.higher_is_better else -1) * self.factor * metric

    def scores(self, metric: pd.Series, baseline: pd.Series) -> np.ndarray:
        """Metrics as scores, clipped at the baseline and at a known optimum; a missing metric scores as the baseline.

        Args:
            metric: of each run; NaN if missing.
            baseline: of each run.
        """
        sign = (1 if self.higher_is_better else -1) * self.factor
        worst = sign * baseline.to_numpy(float)
        found = np.where(metric.isna(), worst, sign * metric.to_numpy(float))
        return np.clip(found, worst, np.maximum(worst, self.top))

    @property
    def solving_score(self) -> float:
        """The score from which a run has solved the task; only for the kind ``solve``."""
        assert self.solved is not None
        return self.oriented(self.solved) - 1e-12

    def solves(self, scores: np.ndarray) -> np.ndarray:
        """1 for each score that solves the task, else 0."""
        return (scores >= self.solving_score).astype(float)
