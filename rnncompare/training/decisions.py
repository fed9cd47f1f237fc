"""How a training goes, and the decisions about it: what is best, what counts, when it has converged or diverged."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from rnncompare.records import CurvePoint
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.training.settings import TrainSettings

EXPLODED = 1000.0  # a training loss so many times the first counts as diverged


@dataclass(frozen=True)
class Score:
    """Mean loss (nats or squared error) and metric (its own unit) over a split."""

    loss: float
    metric: float


@dataclass
class Training:
    """How a training went.

    Attributes:
        updates: updates made.
        curve: a point for every validation.
        step_seconds: seconds of each update.
        best: the point of the best validation, whose state the network holds at the end.
        counted: the last point that improved on the one counted before it by more than `TrainSettings.settle`.
        reached: the point that first reached the target; None if none did, or there is no target.
        diverged_at: the update whose loss was not finite or had exploded; None if none.
        first_loss: of the first update, by which later ones are judged to have exploded.
        stale: validations since the best.
        converged: whether it ended since it no longer improved; false where the budget cut it, or it diverged.
    """

    updates: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    step_seconds: list[float] = field(default_factory=list)
    best: CurvePoint | None = None
    counted: CurvePoint | None = None
    reached: CurvePoint | None = None
    diverged_at: int | None = None
    first_loss: float = math.nan
    stale: int = 0
    converged: bool = False

    def ended(self, settings: TrainSettings) -> bool:
        """Whether no further update is made."""
        return self.converged or self.diverged_at is not None or self.updates >= settings.max_updates

    @property
    def is_best(self) -> bool:
        """Whether the last validation, after the last update, was the best."""
        return self.diverged_at is None and self.stale == 0 and self.best is not None

    def updated(self, losses: list[float]) -> None:
        """Take in the losses of the updates since the last validation; notes the first that diverged."""
        before = self.updates
        self.updates += len(losses)
        if before == 0:
            self.first_loss = losses[0]
        bad = (not abs(loss) <= EXPLODED * max(abs(self.first_loss), 1.0) for loss in losses)
        self.diverged_at = next((update for update, found in enumerate(bad, before + 1) if found), None)

    def validated(
        self, score: Score, train_loss: float, batch_size: int, objective: Objective, settings: TrainSettings
    ) -> None:
        """Take in a validation of the state after the last update.

        Args:
            score: of the validation split.
            train_loss: the mean over the updates since the last validation.
            batch_size: examples an update.
            objective: says which score is better.
            settings: when training ends.
        """
        if not math.isfinite(score.loss):
            self.diverged_at = self.updates
            return
        seconds, examples = sum(self.step_seconds), self.updates * batch_size
        point = CurvePoint(self.updates, seconds, examples, train_loss, score.loss, score.metric)
        self.curve.append(point)
        self.stale += 1
        if self.best is None or _rank(point, objective) > _rank(self.best, objective):
            self.best, self.stale = point, 0
        if self.counted is None or _gain(point, self.counted, objective) > (settings.settle or 0.0):
            self.counted = point
        if self.reached is None and _reaches(point, settings.target, objective):
            self.reached = point
        self.converged = self._no_longer_improves(self.counted, settings)

    def _no_longer_improves(self, counted: CurvePoint, settings: TrainSettings) -> bool:
        """Whether patience is exhausted, or training has gone twice as long as to the last improvement that counts."""
        if self.updates < settings.min_updates:
            return False
        impatient = settings.patience is not None and self.stale >= settings.patience
        return impatient or (settings.settle is not None and self.updates >= 2 * counted.update)


def learning_rate(settings: TrainSettings, update: int) -> float:
    """The learning rate of the update after so many."""
    done = update / settings.max_updates
    share = 1.0
    if settings.schedule == "linear":
        share = 1 - done
    elif settings.schedule == "cosine":  # Loshchilov and Hutter 2017, equation 5, without restarts
        share = (1 + math.cos(math.pi * done)) / 2
    return settings.learning_rate * share


def _rank(point: CurvePoint, objective: Objective) -> tuple[float, float]:
    """The greater the better: by the metric, then by the loss, which still falls where all answers are right."""
    metric = point.validation_metric
    return metric if objective.higher_is_better else -metric, -point.validation_loss


def _gain(point: CurvePoint, before: CurvePoint, objective: Objective) -> float:
    """By how much the metric has improved, in its own unit."""
    rise = point.validation_metric - before.validation_metric
    return rise if objective.higher_is_better else -rise


def _reaches(point: CurvePoint, target: float | None, objective: Objective) -> bool:
    if target is None:
        return False
    return point.validation_metric >= target if objective.higher_is_better else point.validation_metric <= target
