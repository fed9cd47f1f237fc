"""Examples on a device, time first, given out in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from rnncompare.tasks.contract import Examples
from rnncompare.tasks.contract.objectives import IGNORED


@dataclass(frozen=True)
class Batch:
    """Sequences of one update.

    Attributes:
        inputs: ``(T, B, F)`` floats or ``(T, B)`` symbols, cut to the longest sequence of the batch.
        targets: ``(B,)`` or ``(B, K)``; with a readout at every step ``(T, B)`` or ``(T, B, K)``.
        lengths: ``(B,)`` steps in use, None where all are full.
        steps: ``(T, B)``, true on the steps in use, None where all are full.

    Of R runs at once, all have a leading axis of runs.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor | None
    steps: Tensor | None


class Split:
    """The examples of one split on a device.

    Args:
        examples: what the task gave.
        readout: ``last`` or ``every``: whether targets have a time axis.
        device: where the batches are wanted.
    """

    def __init__(self, examples: Examples, readout: str, device: torch.device):
        self._time_first = readout == "every"
        self._inputs = _to_device(examples.inputs, device, time_first=True)
        self._targets = _to_device(examples.targets, device, time_first=self._time_first)
        self._lengths = None if examples.lengths is None else _to_device(examples.lengths, device, time_first=False)
        self.device = device

    def __len__(self) -> int:
        return self._inputs.shape[1]

    def batch(self, index: Tensor) -> Batch:
        """The examples at ``index``, ``(B,)`` on the device."""
        inputs = self._inputs.index_select(1, index)
        targets = self._targets.index_select(1 if self._time_first else 0, index)
        lengths = steps = None
        if self._lengths is not None:
            lengths = self._lengths.index_select(0, index)
            longest = int(lengths.max())
            inputs = inputs[:longest]
            targets = targets[:longest] if self._time_first else targets
            steps = torch.arange(longest, device=self.device)[:, None] < lengths
        return Batch(_wide(inputs), _wide(targets), lengths, steps)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All examples once, the last batch smaller where they do not divide evenly."""
        for index in torch.arange(len(self), device=self.device).split(batch_size):
            yield self.batch(index)

    def shuffled(self, batch_size: int, random: np.random.Generator) -> Shuffled:
        """Batches without end, in a new order every epoch; an incomplete last batch is left out."""
        return Shuffled(self, min(batch_size, len(self)), random)


class Shuffled(Iterator[Batch]):
    """Batches of a split in random order, without end; the position can be saved and restored.

    Args:
        split: the examples.
        batch_size: examples a batch, at most as many as there are.
        random: draws the order of each epoch.
    """

    def __init__(self, split: Split, batch_size: int, random: np.random.Generator):
        self._split, self._batch_size, self._random = split, batch_size, random
        self._begin_epoch()

    def __next__(self) -> Batch:
        return self._split.batch(self.next_index())

    def next_index(self) -> Tensor:
        """The examples of the next batch, ``(B,)`` on the device."""
        if self._given == len(self._batches):
            self._begin_epoch()
        self._given += 1
        return self._batches[self._given - 1]

    def state(self) -> dict[str, Any]:
        """The position: the generator's state before this epoch, and the number of batches given since."""
        return {"random": self._before, "given": self._given}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self._random.bit_generator.state = state["random"]
        self._begin_epoch()
        self._given = state["given"]

    def _begin_epoch(self) -> None:
        self._before = self._random.bit_generator.state
        order = torch.from_numpy(self._random.permutation(len(self._split))).to(self._split.device)
        self._batches = order[: len(order) // self._batch_size * self._batch_size].split(self._batch_size)
        self._given = 0


class StackedSplit:
    """The same split of several runs, each with data of its own, whose batches have a leading axis of runs.

    Args:
        splits: as many examples in each; sequences that are shorter in some are padded.

    Raises:
        RuntimeError: they have not as many, or not of one shape.
    """

    def __init__(self, splits: Sequence[Split]):
        first = splits[0]
        self._time_first = first._time_first
        self._inputs = _stacked([split._inputs for split in splits], padding=0)
        targets = [split._targets for split in splits]
        padding = 0 if targets[0].is_floating_point() else IGNORED
        self._targets = _stacked(targets, padding if self._time_first else None)
        lengths = [split._lengths for split in splits if split._lengths is not None]
        self._lengths = torch.stack(lengths) if lengths else None
        self._runs = torch.arange(len(splits), device=first.device)[:, None]

    def keep(self, positions: Sequence[int]) -> None:
        """Go on with the runs at ``positions`` alone."""
        self._runs = self._runs[list(positions)]

    def batch(self, index: Tensor) -> Batch:
        """The examples at ``index``, ``(R, B)`` on the device."""
        inputs = self._inputs[self._runs, :, index].transpose(1, 2)
        if self._time_first:
            targets = self._targets[self._runs, :, index].transpose(1, 2)
        else:
            targets = self._targets[self._runs, index]
        lengths = steps = None
        if self._lengths is not None:
            lengths = self._lengths[self._runs, index]
            longest = int(lengths.max())
            inputs = inputs[:, :longest]
            targets = targets[:, :longest] if self._time_first else targets
            steps = torch.arange(longest, device=index.device)[:, None] < lengths[:, None]
        return Batch(_wide(inputs), _wide(targets), lengths, steps)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All examples once, the last batch smaller where they do not divide evenly."""
        for index in torch.arange(self._inputs.shape[2], device=self._runs.device).split(batch_size):
            yield self.batch(index.expand(len(self._runs), -1))


def _stacked(tensors: Sequence[Tensor], padding: int | None = None) -> Tensor:
    """``(R, ...)``; where the first axis is time, the shorter get ``padding`` at its end."""
    if padding is not None:
        longest = max(map(len, tensors))
        tensors = [F.pad(t, (*(0, 0) * (t.dim() - 1), 0, longest - len(t)), value=padding) for t in tensors]
    return torch.stack(list(tensors))


def _to_device(array: np.ndarray, device: torch.device, *, time_first: bool) -> Tensor:
    tensor = torch.from_numpy(array)
    return (tensor.transpose(0, 1) if time_first else tensor).contiguous().to(device)


def _wide(tensor: Tensor) -> Tensor:
    """Integers as int64, which embeddings and classes ask for; splits may keep them in fewer bytes."""
    return tensor if tensor.is_floating_point() else tensor.long()
