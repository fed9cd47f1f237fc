"""Examples on a device, time first, given out in batches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rnncompare.tasks.contract import Examples


@dataclass(frozen=True)
class Batch:
    """Sequences of one update.

    Attributes:
        inputs: ``(T, B, F)`` floats or ``(T, B)`` symbols, cut to the longest sequence of the batch.
        targets: ``(B,)`` or ``(B, K)``; with a readout at every step ``(T, B)`` or ``(T, B, K)``.
        lengths: ``(B,)`` steps in use, None where all are full.
        steps: ``(T, B)``, true on the steps in use, None where all are full.
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
        self._device = device

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
            steps = torch.arange(longest, device=self._device)[:, None] < lengths
        return Batch(_wide(inputs), _wide(targets), lengths, steps)

    def in_order(self, batch_size: int) -> Iterator[Batch]:
        """All examples once, the last batch smaller where they do not divide evenly."""
        for index in torch.arange(len(self), device=self._device).split(batch_size):
            yield self.batch(index)

    def shuffled(self, batch_size: int, random: np.random.Generator) -> Iterator[Batch]:
        """Batches without end, in a new order every epoch; what does not fill a batch waits for another epoch."""
        batch_size = min(batch_size, len(self))
        while True:
            order = torch.from_numpy(random.permutation(len(self))).to(self._device)
            for index in order[: len(self) // batch_size * batch_size].split(batch_size):
                yield self.batch(index)


def _to_device(array: np.ndarray, device: torch.device, *, time_first: bool) -> Tensor:
    tensor = torch.from_numpy(array)
    return (tensor.transpose(0, 1) if time_first else tensor).contiguous().to(device)


def _wide(tensor: Tensor) -> Tensor:
    """Integers as int64, which embeddings and classes ask for; splits may keep them in fewer bytes."""
    return tensor if tensor.is_floating_point() else tensor.long()
