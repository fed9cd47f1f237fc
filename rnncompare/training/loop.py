"""The training loop: mini-batches in seeded order, validation, patience, and the best state kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rnncompare.base.clocks import Clock, clock_for
from rnncompare.records import CurvePoint
from rnncompare.tasks.contract import stream
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.training.batches import Batch, Shuffled, Split
from rnncompare.training.schedules import SCHEDULES
from rnncompare.training.settings import TrainSettings

EXPLODED = 1000.0  # a training loss so many times the first counts as diverged
SCORING_BATCH = 256

_OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}

Progress = Callable[[int, float], None]


class Keeper(Protocol):
    """Keeps the state of a training, so that one interrupted can go on, such as `checkpoints.CheckpointFile`."""

    def due(self) -> bool: ...
    def save(self, state: dict[str, Any]) -> None: ...
    def load(self) -> dict[str, Any] | None: ...


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
        laps: seconds of each update.
        best: the point of the best validation, whose state the network holds at the end.
        reached: the point that first reached the target; None if none did, or there is no target.
        diverged_at: the update whose loss was not finite or had exploded; None if none.
        first_loss: of the first update, by which later ones are judged to have exploded.
        stale: validations since the best.
    """

    updates: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    laps: list[float] = field(default_factory=list)
    best: CurvePoint | None = None
    reached: CurvePoint | None = None
    diverged_at: int | None = None
    first_loss: float = math.nan
    stale: int = 0


def train(
    network: nn.Module,
    train_split: Split,
    validation_split: Split,
    objective: Objective,
    settings: TrainSettings,
    seed: int,
    device: torch.device,
    progress: Progress = lambda update, metric: None,
    keeper: Keeper | None = None,
) -> Training:
    """Train ``network`` in place, and leave it in the state that validated best.

    With a state kept by an earlier call that was interrupted it goes on from there, to the same end.

    Args:
        network: gives outputs for ``(inputs, lengths)``; on ``device``.
        train_split: what the updates see.
        validation_split: what chooses the state and ends the training.
        objective: the loss and metric.
        settings: optimizer, schedule, sizes and patience.
        seed: fixes the order of examples and the dropout masks.
        device: where all of this happens.
        progress: called with the update and the validation metric after each validation.
        keeper: asked after each validation whether to keep the state; None to keep none.
    """
    optimizer = _OPTIMIZERS[settings.optimizer](network.parameters(), lr=settings.learning_rate)
    update = update_function(network, optimizer, objective, settings.clip_norm)
    batches = train_split.shuffled(settings.batch_size, stream(seed, "order"))
    going = _Going(network, optimizer, batches, clock_for(device), device)
    if keeper and (kept := keeper.load()):
        going.restore(kept)
    else:
        torch.manual_seed(seed)  # initialisation drew as often as the model has weights; dropout starts anew
    training = going.training

    while _goes_on(training, settings):
        mean_loss = going.stretch(update, settings)
        if training.diverged_at is not None:
            break
        score = evaluate(network, validation_split, objective)
        if not math.isfinite(score.loss):
            training.diverged_at = training.updates
            break
        examples = training.updates * min(settings.batch_size, len(train_split))
        going.note(CurvePoint(training.updates, going.seconds(), examples, mean_loss, *astuple(score)), objective)
        if training.reached is None and _reaches(training.curve[-1], settings.target, objective):
            training.reached = training.curve[-1]
        progress(training.updates, score.metric)
        # one that ended has no state kept: a training that goes on makes at least one update of its own
        if keeper and keeper.due() and _goes_on(training, settings):
            keeper.save(going.state())

    return going.ended()


def _goes_on(training: Training, settings: TrainSettings) -> bool:
    patient = settings.patience is None or training.stale < settings.patience
    return patient and training.updates < settings.max_updates


class _Going:
    """All that a training under way consists of: what its next update depends on, and what is known of it so far."""

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        batches: Shuffled,
        clock: Clock,
        device: torch.device,
    ):
        self._network, self._optimizer, self._batches, self._clock = network, optimizer, batches, clock
        self._device = device
        self._best_weights = _copy(network)
        self.training = Training()

    def stretch(self, update: Callable[[Batch], Tensor], settings: TrainSettings) -> float:
        """Make the updates up to the next validation; their mean loss, read from the device once at the end."""
        training, losses = self.training, []
        end = min(training.updates + settings.validate_every, settings.max_updates)
        self._clock.start()
        for number, batch in zip(range(training.updates, end), self._batches, strict=False):
            for group in self._optimizer.param_groups:
                group["lr"] = settings.learning_rate * SCHEDULES[settings.schedule](number / settings.max_updates)
            losses.append(update(batch))
            self._clock.lap()
        self._clock.settle()
        values = torch.stack(losses).tolist()
        training.first_loss = values[0] if training.updates == 0 else training.first_loss
        training.diverged_at = _first_bad(values, training.first_loss, training.updates)
        training.updates = end
        return sum(values) / len(values)

    def note(self, point: CurvePoint, objective: Objective) -> None:
        """Add a validation to the curve, and keep the weights if it is the best."""
        training = self.training
        training.curve.append(point)
        training.stale += 1
        if training.best is None or _rank(point, objective) > _rank(training.best, objective):
            training.best, self._best_weights, training.stale = point, _copy(self._network), 0

    def seconds(self) -> float:
        """Seconds that the updates took."""
        return sum(self._clock.laps)

    def ended(self) -> Training:
        """The training, its network put into the state that validated best."""
        self._network.load_state_dict(self._best_weights)
        self.training.laps = self._clock.laps
        return self.training

    def state(self) -> dict[str, Any]:
        """Tensors, numbers, text, lists and dicts, from which `restore` makes the same training."""
        return {
            "training": asdict(self.training),
            "laps": torch.tensor(self._clock.laps, dtype=torch.float64),
            "weights": self._network.state_dict(),
            "best_weights": self._best_weights,
            "optimizer": self._optimizer.state_dict(),
            "batches": self._batches.state(),
            "random": torch.get_rng_state(),
            "device_random": torch.cuda.get_rng_state(self._device) if self._device.type == "cuda" else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken, of a training with the same settings."""
        known = state["training"]
        points = {name: known[name] and CurvePoint(**known[name]) for name in ("best", "reached")}
        self.training = Training(**{**known, **points, "curve": [CurvePoint(**point) for point in known["curve"]]})
        self._clock.laps = state["laps"].tolist()
        self._network.load_state_dict(state["weights"])
        self._best_weights = {name: value.to(self._device) for name, value in state["best_weights"].items()}
        self._optimizer.load_state_dict(state["optimizer"])
        self._batches.restore(state["batches"])
        torch.set_rng_state(state["random"])
        if state["device_random"] is not None:
            torch.cuda.set_rng_state(state["device_random"], self._device)


def update_function(
    network: nn.Module, optimizer: torch.optim.Optimizer, objective: Objective, clip_norm: float | None
) -> Callable[[Batch], Tensor]:
    """A function that makes one update from a batch and returns its mean loss, left on the device."""
    parameters = list(network.parameters())

    def update(batch: Batch) -> Tensor:
        optimizer.zero_grad()
        total, _, count = objective.totals(network(batch.inputs, batch.lengths), batch.targets, batch.steps)
        loss = total / count
        loss.backward()
        if clip_norm is not None:
            nn.utils.clip_grad_norm_(parameters, clip_norm)
        optimizer.step()
        return loss.detach()

    return update


@torch.no_grad()
def evaluate(network: nn.Module, split: Split, objective: Objective) -> Score:
    """Loss and metric over a whole split, pooled over all that is scored."""
    network.eval()
    sums = torch.zeros(3, dtype=torch.float64)
    for batch in split.in_order(SCORING_BATCH):
        totals = objective.totals(network(batch.inputs, batch.lengths), batch.targets, batch.steps)
        sums += torch.stack([total.double().cpu() for total in totals])
    network.train()
    loss, metric, count = sums.tolist()
    return Score(loss / count, objective.finish(metric / count))


def _first_bad(losses: list[float], first_loss: float, before: int) -> int | None:
    """The update, counted from 1, whose loss was not finite or had exploded."""
    for position, loss in enumerate(losses, before + 1):
        if not abs(loss) <= EXPLODED * max(abs(first_loss), 1.0):
            return position
    return None


def _rank(point: CurvePoint, objective: Objective) -> tuple[float, float]:
    """The greater the better: by the metric, then by the loss, which still falls where all answers are right."""
    metric = point.validation_metric
    return metric if objective.higher_is_better else -metric, -point.validation_loss


def _reaches(point: CurvePoint, target: float | None, objective: Objective) -> bool:
    if target is None:
        return False
    return point.validation_metric >= target if objective.higher_is_better else point.validation_metric <= target


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
