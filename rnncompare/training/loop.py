"""The training loop: mini-batches in seeded order, validation, patience, and the best state kept."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from rnncompare.base.clocks import clock_for
from rnncompare.base.errors import SettingError
from rnncompare.records import CurvePoint
from rnncompare.tasks.contract import stream
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.training.batches import Batch, Shuffled, Split
from rnncompare.training.decisions import Score, Training, learning_rate
from rnncompare.training.settings import TrainSettings

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
    torch.manual_seed(seed)  # initialisation drew as often as the model has weights; dropout starts anew
    state = TrainingState.begin(network, train_split, settings, seed, device, checkpointer)
    update = update_function(network, state.optimizer, objective, settings.clip_norm)
    training, clock = state.training, clock_for(device)
    clock.laps = training.step_seconds

    while not training.ended(settings):
        # The updates up to the next validation; their losses are read from the device once, at the end.
        losses = list[Tensor]()
        end = min(training.updates + settings.validate_every, settings.max_updates)
        clock.start()
        for number, batch in zip(range(training.updates, end), state.batches, strict=False):
            for group in state.optimizer.param_groups:
                group["lr"] = learning_rate(settings, number)
            losses.append(update(batch))
            clock.lap()
        clock.settle()
        values = torch.stack(losses).tolist()
        training.updated(values)
        if training.diverged_at is not None:
            break

        score = evaluate(network, validation_split, objective)
        examples = min(settings.batch_size, len(train_split))
        training.validated(score, sum(values) / len(values), examples, objective, settings)
        if training.diverged_at is not None:
            break
        if training.is_best:
            state.best_weights = _copy(network)
        progress(end, score.metric)
        # A training that has ended keeps no state: one that goes on makes at least one update of its own.
        if checkpointer and checkpointer.due() and not training.ended(settings):
            checkpointer.save(state.kept(device))

    network.load_state_dict(state.best_weights)
    return training


@dataclass
class TrainingState:
    """All that the next update of a training depends on, and what is known of it so far."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    batches: Shuffled
    best_weights: dict[str, Tensor]
    training: Training

    @classmethod
    def begin(
        cls,
        network: nn.Module,
        train_split: Split,
        settings: TrainSettings,
        seed: int,
        device: torch.device,
        checkpointer: Checkpointer | None = None,
    ) -> TrainingState:
        """The state before the first update, or the one that was kept; arguments are those of `train`."""
        batches = train_split.shuffled(settings.batch_size, stream(seed, "order"))
        state = cls(network, make_optimizer(network.parameters(), settings), batches, _copy(network), Training())
        if checkpointer and (kept := checkpointer.load()):
            state.restore(kept, device)
        return state

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
    batches = split.in_order(SCORING_BATCH)
    sums = pooled(objective.totals(network(b.inputs, b.lengths), b.targets, b.steps) for b in batches)
    network.train()
    return scored(sums.tolist(), objective)


def pooled(totals: Iterable[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The sums over batches of what `Objective.totals` gives for each: ``(3,)``, or ``(3, R)`` for R runs."""
    return functools.reduce(torch.add, (torch.stack([total.double().cpu() for total in batch]) for batch in totals))


def scored(sums: list[float], objective: Objective) -> Score:
    """The score, from the sums of loss and metric and the number of things scored."""
    loss, metric, count = sums
    return Score(loss / count, objective.finish(metric / count))


def _copy(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}
