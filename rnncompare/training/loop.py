"""The training loop: mini-batches in seeded order, validation, patience, and the best state kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rnncompare.base.clocks import clock_for
from rnncompare.base.errors import SettingError
from rnncompare.records import CurvePoint
from rnncompare.tasks.contract import stream
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.training.batches import Batch, Shuffled, Split
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


class Checkpointer(Protocol):
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


def train(
    network: nn.Module,
    train_split: Split,
    validation_split: Split,
    objective: Objective,
    settings: TrainSettings,
    seed: int,
    device: torch.device,
    progress: Progress = lambda update, metric: None,
    checkpointer: Checkpointer | None = None,
) -> Training:
    """Train ``network`` in place, and leave it in the state that validated best.

    If an earlier call was interrupted and its state was kept, training goes on from there, to the same end.

    Args:
        network: gives outputs for ``(inputs, lengths)``; on ``device``.
        train_split: what the updates see.
        validation_split: what chooses the state and ends the training.
        objective: the loss and metric.
        settings: optimizer, schedule, sizes and when to end.
        seed: fixes the order of examples and the dropout masks.
        device: where all of this happens.
        progress: called with the update and the validation metric after each validation.
        checkpointer: asked after each validation whether to keep the state; None to keep none.
    """
    optimizer = make_optimizer(network.parameters(), settings)
    update = update_function(network, optimizer, objective, settings.clip_norm)
    batches = train_split.shuffled(settings.batch_size, stream(seed, "order"))
    clock = clock_for(device)
    state = TrainingState(network, optimizer, batches, _copy(network), Training())
    if checkpointer and (kept := checkpointer.load()):
        state.restore(kept, device)
    else:
        torch.manual_seed(seed)  # initialisation drew as often as the model has weights; dropout starts anew
    training = state.training
    clock.laps = training.step_seconds

    while not training.converged and training.updates < settings.max_updates:
        # The updates up to the next validation; their losses are read from the device once, at the end.
        before, losses = training.updates, list[Tensor]()
        end = min(before + settings.validate_every, settings.max_updates)
        clock.start()
        for number, batch in zip(range(before, end), batches, strict=False):
            share = _learning_rate_share(settings.schedule, number / settings.max_updates)
            for group in optimizer.param_groups:
                group["lr"] = settings.learning_rate * share
            losses.append(update(batch))
            clock.lap()
        clock.settle()
        values = torch.stack(losses).tolist()
        training.updates = end
        if before == 0:
            training.first_loss = values[0]
        training.diverged_at = _first_bad(values, training.first_loss, before)
        if training.diverged_at is not None:
            break

        score = evaluate(network, validation_split, objective)
        if not math.isfinite(score.loss):
            training.diverged_at = training.updates
            break
        examples = end * min(settings.batch_size, len(train_split))
        point = CurvePoint(end, sum(clock.laps), examples, sum(values) / len(values), score.loss, score.metric)
        training.curve.append(point)
        training.stale += 1
        if training.best is None or _rank(point, objective) > _rank(training.best, objective):
            training.best, training.stale, state.best_weights = point, 0, _copy(network)
        if training.counted is None or _gain(point, training.counted, objective) > (settings.settle or 0.0):
            training.counted = point
        if training.reached is None and _reaches(point, settings.target, objective):
            training.reached = point
        training.converged = _no_longer_improves(training, settings)
        progress(end, score.metric)
        # A training that has ended keeps no state: one that goes on makes at least one update of its own.
        if checkpointer and checkpointer.due() and not training.converged and end < settings.max_updates:
            checkpointer.save(state.kept(device))

    network.load_state_dict(state.best_weights)
    return training


def _no_longer_improves(training: Training, settings: TrainSettings) -> bool:
    """Whether patience is exhausted, or training has gone twice as long as to the last improvement that counts."""
    if training.updates < settings.min_updates:
        return False
    impatient = settings.patience is not None and training.stale >= settings.patience
    assert training.counted is not None
    return impatient or (settings.settle is not None and training.updates >= 2 * training.counted.update)


@dataclass
class TrainingState:
    """All that the next update of a training depends on, and what is known of it so far."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    batches: Shuffled
    best_weights: dict[str, Tensor]
    training: Training

    def kept(self, device: torch.device) -> dict[str, Any]:
        """Tensors, numbers, text, lists and dicts, from which `restore` makes the same training."""
        known = {**vars(self.training), "curve": [vars(point) for point in self.training.curve]}
        for name in _POINTS:
            known[name] = known[name] and vars(known[name])
        return {
            "training": known | {"step_seconds": torch.tensor(self.training.step_seconds, dtype=torch.float64)},
            "weights": self.network.state_dict(),
            "best_weights": self.best_weights,
            "optimizer": self.optimizer.state_dict(),
            "batches": self.batches.state(),
            "random": torch.get_rng_state(),
            "device_random": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        }

    def restore(self, kept: dict[str, Any], device: torch.device) -> None:
        """Go on from where ``kept`` was taken, of a training with the same settings."""
        known = dict(kept["training"])
        for name in _POINTS:
            known[name] = known[name] and CurvePoint(**known[name])
        known["curve"] = [CurvePoint(**point) for point in known["curve"]]
        known["step_seconds"] = known["step_seconds"].tolist()
        self.training = Training(**known)
        self.network.load_state_dict(kept["weights"])
        self.best_weights = {name: value.to(device) for name, value in kept["best_weights"].items()}
        self.optimizer.load_state_dict(kept["optimizer"])
        self.batches.restore(kept["batches"])
        torch.set_rng_state(kept["random"])
        if kept["device_random"] is not None:
            torch.cuda.set_rng_state(kept["device_random"], device)


_POINTS = ("best", "counted", "reached")  # of a `Training`


def make_optimizer(parameters: Iterable[nn.Parameter], settings: TrainSettings) -> torch.optim.Optimizer:
    """The optimizer that ``settings`` name, over ``parameters``."""
    fused: dict[str, Any] = {"fused": True} if settings.fused else {}  # not every optimizer has the argument
    return _OPTIMIZERS[settings.optimizer](parameters, lr=settings.learning_rate, **fused)


def check_optimizer(settings: TrainSettings, device: torch.device) -> None:
    """Raise `SettingError` if the optimizer's step is to be fused and torch has no such step for ``device``."""
    parameter = nn.Parameter(torch.zeros(1, device=device))
    parameter.grad = torch.zeros_like(parameter)
    try:
        make_optimizer([parameter], settings).step()
    except RuntimeError as error:
        raise SettingError("train.fused", settings.fused, f"false on {device} ({error})") from None


def _learning_rate_share(schedule: str, done: float) -> float:
    """The share of the learning rate that an update takes when ``done`` (0 to 1) of ``max_updates`` are made."""
    if schedule == "linear":
        return 1 - done
    if schedule == "cosine":  # Loshchilov and Hutter 2017, equation 5, without restarts
        return (1 + math.cos(math.pi * done)) / 2
    return 1.0


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
            nn.utils.clip_grad_norm_(parameters, clip_norm, foreach=True)
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


def _gain(point: CurvePoint, before: CurvePoint, objective: Objective) -> float:
    """By how much the metric has improved, in its own unit."""
    rise = point.validation_metric - before.validation_metric
    return rise if objective.higher_is_better else -rise


def _reaches(point: CurvePoint, target: float | None, objective: Objective) -> bool:
    if target is None:
        return False
    return point.validation_metric >= target if objective.higher_is_better else point.validation_metric <= target


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
