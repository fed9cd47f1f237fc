"""The training loop for several runs as one: every tensor has a leading axis of runs, and so has every launch.

What each run decides is its own, by the rules of `rnncompare.training.decisions`: the order of its examples, learning
rate, clipping, best state, and when it ends. A run that has ended leaves the stack.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from rnncompare.base.clocks import clock_for
from rnncompare.tasks.contract.objectives import Objective
from rnncompare.training.batches import Batch, Split, StackedSplit
from rnncompare.training.decisions import Score, learning_rate
from rnncompare.training.loop import (
    SCORING_BATCH,
    Checkpointer,
    Progress,
    TrainingState,
    make_optimizer,
    pooled,
    scored,
)
from rnncompare.training.settings import TrainSettings


@dataclass(eq=False)
class Member:
    """One run of a stack.

    Attributes:
        state: of its training; at the end the network is in the state that validated best.
        settings: its own.
        train: what its updates see.
        validation: what chooses its state and ends its training.
        progress: called with the update and the validation metric after each validation.
        checkpointer: asked after each validation whether to keep the state; None to keep none.
    """

    state: TrainingState
    settings: TrainSettings
    train: Split
    validation: Split
    progress: Progress
    checkpointer: Checkpointer | None = None

    @property
    def ended(self) -> bool:
        """Whether no further update is made."""
        return self.state.training.ended(self.settings)


def train_stacked(members: Sequence[Member], objective: Objective, device: torch.device) -> Iterator[Member]:
    """Train ``members`` as one, and give each back as soon as it has ended.

    Args:
        members: after the same number of updates, with networks of one shape and as many examples in each split. They
            share ``optimizer``, ``schedule``, ``fused``, ``batch_size``, ``validate_every`` and ``max_updates``.
        objective: the loss and metric.
        device: where all of this happens.

    Raises:
        RuntimeError: they cannot be stacked.
    """
    going, shared = list(members), members[0].settings
    train, validation = (StackedSplit(splits) for splits in zip(*((m.train, m.validation) for m in going), strict=True))
    examples = min(shared.batch_size, len(going[0].train))
    clock = clock_for(device)
    clock.laps = going[0].state.training.step_seconds
    stack = Stack(going, objective)
    while going:
        before = going[0].state.training.updates
        updates = range(before, min(before + shared.validate_every, shared.max_updates))
        rates = torch.tensor([[learning_rate(m.settings, number) for m in going] for number in updates], device=device)
        losses = list[Tensor]()
        clock.start()
        for rate in rates:
            index = torch.stack([member.state.batches.next_index() for member in going])
            losses.append(stack.update(train.batch(index), rate))
            clock.lap()
        clock.settle()
        scores = stack.evaluate(validation)
        for member, values, score in zip(going, torch.stack(losses).T.tolist(), scores, strict=True):
            training = member.state.training
            training.step_seconds = clock.laps
            training.updated(values)
            if training.diverged_at is None:
                training.validated(score, sum(values) / len(values), examples, objective, member.settings)
        stack.keep_best([member.state.training.is_best for member in going])
        for member, score in zip(going, scores, strict=True):
            if member.state.training.diverged_at is None:
                member.progress(member.state.training.updates, score.metric)

        left = [position for position, member in enumerate(going) if not member.ended]
        due = [m for m in going if not m.ended and m.checkpointer and m.checkpointer.due()]
        if due or len(left) < len(going):
            stack.take_apart()
        for member in due:
            assert member.checkpointer is not None
            member.checkpointer.save(member.state.kept(device))
        for member in going:
            if member.ended:
                member.state.network.load_state_dict(member.state.best_weights)
                yield member
        if len(left) < len(going):
            going = [going[position] for position in left]
            for split in (train, validation):
                split.keep(left)
            stack = Stack(going, objective) if going else stack


class Stack:
    """The networks and optimizers of R runs as one.

    Args:
        members: whose states are taken over; `take_apart` gives them back.
        objective: the loss and metric.
    """

    def __init__(self, members: Sequence[Member], objective: Objective):
        self._members, self._objective = members, objective
        states = [member.state for member in members]
        self._network = states[0].network  # for its code; the parameters are given with every call
        self._parameters, _ = stack_module_state([state.network for state in states])
        self._best = {name: torch.stack([s.best_weights[name] for s in states]) for name in self._parameters}
        # A step of these optimizers is proportional to the learning rate: it is taken at 1, then scaled for each run.
        self._optimizer = make_optimizer(
            self._parameters.values(), dataclasses.replace(members[0].settings, learning_rate=1.0)
        )
        for name, stacked in self._parameters.items():
            own = [state.optimizer.state.get(state.network.get_parameter(name), {}) for state in states]
            for key, value in own[0].items():
                values = [one[key] for one in own]
                self._optimizer.state[stacked][key] = torch.stack(values) if value.dim() else value.clone()
        clip_norms = [member.settings.clip_norm for member in members]
        self._clip_norm = torch.tensor([torch.inf if norm is None else norm for norm in clip_norms])
        self._clip_norm = self._clip_norm.to(next(iter(self._parameters.values())).device)

    def update(self, batch: Batch, rates: Tensor) -> Tensor:
        """Make one update of every run from its own batch, with learning rates ``(R,)``; its mean loss, ``(R,)``."""
        self._optimizer.zero_grad()
        total, _, count = self._totals(batch)
        losses = total / count.to(total.device)  # some objectives count on the CPU
        losses.sum().backward()
        self._clip()
        before = [parameter.detach().clone() for parameter in self._parameters.values()]
        self._optimizer.step()
        with torch.no_grad():
            for parameter, start in zip(self._parameters.values(), before, strict=True):
                torch.lerp(start, parameter, _along(rates, parameter), out=parameter)
        return losses.detach()

    @torch.no_grad()
    def evaluate(self, split: StackedSplit) -> list[Score]:
        """Loss and metric of every run over a whole split of its own."""
        sums = pooled(self._totals(batch) for batch in split.in_order(SCORING_BATCH))
        return [scored(own, self._objective) for own in sums.T.tolist()]

    @torch.no_grad()
    def keep_best(self, improved: Sequence[bool]) -> None:
        """Keep the weights of the runs that have ``improved``, in place of their best before."""
        chosen = torch.tensor(improved, device=self._clip_norm.device)
        for name, parameter in self._parameters.items():
            self._best[name] = torch.where(_along(chosen, parameter), parameter, self._best[name])

    @torch.no_grad()
    def take_apart(self) -> None:
        """Write what the stack has come to into the state of each run, as if it had been trained alone."""
        for position, member in enumerate(self._members):
            state = member.state
            state.best_weights = {name: best[position].clone() for name, best in self._best.items()}
            for name, stacked in self._parameters.items():
                own = state.network.get_parameter(name)
                own.copy_(stacked[position])
                state.optimizer.state[own] = {
                    key: value[position].clone() if value.dim() else value.clone()
                    for key, value in self._optimizer.state[stacked].items()
                }
            recurrent: Any = state.network.get_submodule("recurrent")
            recurrent.implementation_used = self._ran()

    def _ran(self) -> str | None:
        recurrent: Any = self._network.get_submodule("recurrent")
        return recurrent.implementation_used

    def _totals(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """What `Objective.totals` gives for each run, ``(R,)`` each."""
        in_dims = (0, 0, None if batch.lengths is None else 0)
        outputs = vmap(self._outputs, in_dims)(self._parameters, batch.inputs, batch.lengths)
        if batch.steps is None or self._objective.readout == "last":
            return vmap(lambda own, targets: self._objective.totals(own, targets, None))(outputs, batch.targets)
        # vmap knows no selection by a mask, as which the steps in use are taken
        runs = zip(outputs, batch.targets, batch.steps, strict=True)
        loss, metric, count = zip(*(self._objective.totals(*own) for own in runs), strict=True)
        return torch.stack(loss), torch.stack(metric), torch.stack(count)

    def _outputs(self, parameters: dict[str, Tensor], inputs: Tensor, lengths: Tensor | None) -> Any:
        return functional_call(self._network, parameters, (inputs, lengths))

    def _clip(self) -> None:
        """`torch.nn.utils.clip_grad_norm_` for each run."""
        gradients = [parameter.grad for parameter in self._parameters.values() if parameter.grad is not None]
        norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
        share = (self._clip_norm / (torch.linalg.vector_norm(norms, dim=0) + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(_along(share, gradient))


def _along(runs: Tensor, tensor: Tensor) -> Tensor:
    """``(R,)`` shaped so that it goes along the first axis of ``tensor``."""
    return runs.view(-1, *(1,) * (tensor.dim() - 1))
