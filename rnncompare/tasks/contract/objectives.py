"""Objectives: the loss that training minimises and the metric that runs are judged by.

Each works on sums and counts, so that a mean over batches of any size is the exact mean over all that is scored.
Torch is imported where it is used, so that tasks can name their objective without loading it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from torch import Tensor

IGNORED = -100  # the class of a step that is not scored, as in torch.nn.functional.cross_entropy


@dataclass(frozen=True)
class Objective:
    """What the network must give out, and how it is scored.

    Attributes:
        outputs: numbers that the readout gives (classes, values or labels).
        readout: ``last``: one output a sequence; ``every``: one output a step.
    """

    outputs: int
    readout: Literal["last", "every"]

    metric: ClassVar[str]
    higher_is_better: ClassVar[bool] = False

    def totals(self, outputs: Tensor, targets: Tensor, steps: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Sums over what is scored.

        Args:
            outputs: ``(B, K)`` for the last step or ``(T, B, K)`` for every step.
            targets: as in `Examples.targets`, with the batch axis second where there is a time axis.
            steps: ``(T, B)``, true on the steps in use; None where all are. A readout at the last step ignores it.

        Returns:
            The summed loss (differentiable), the summed metric, and the number of things scored.
        """
        raise NotImplementedError

    def finish(self, mean: float) -> float:
        """The metric in its unit, from the mean of what `totals` sums."""
        return mean


@dataclass(frozen=True)
class Classification(Objective):
    """Cross-entropy over classes, judged by the share of right answers.

    Targets of `IGNORED` are not scored; padding must carry it.
    """

    metric: ClassVar[str] = "accuracy"
    higher_is_better: ClassVar[bool] = True

    def totals(self, outputs: Tensor, targets: Tensor, steps: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        import torch.nn.functional as F

        loss = F.cross_entropy(outputs.flatten(0, -2), targets.flatten(), reduction="sum", ignore_index=IGNORED)
        scored = targets != IGNORED
        return loss, self._metric(outputs, targets, loss), scored.sum()

    def _metric(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        return (outputs.argmax(-1) == targets).sum()


@dataclass(frozen=True)
class CrossEntropy(Classification):
    """Cross-entropy over classes, judged by itself, in nats."""

    metric: ClassVar[str] = "cross_entropy"
    higher_is_better: ClassVar[bool] = False

    def _metric(self, outputs: Tensor, targets: Tensor, loss: Tensor) -> Tensor:
        return loss.detach()


@dataclass(frozen=True)
class BitsPerCharacter(CrossEntropy):
    """Cross-entropy over the next character, judged in bits."""

    metric: ClassVar[str] = "bits_per_character"

    def finish(self, mean: float) -> float:
        return mean / math.log(2)


@dataclass(frozen=True)
class Regression(Objective):
    """Mean squared error over values."""

    metric: ClassVar[str] = "mean_squared_error"

    def totals(self, outputs: Tensor, targets: Tensor, steps: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        import torch

        squared = (outputs - targets) ** 2
        if steps is not None and self.readout == "every":
            squared = squared[steps]
        loss = squared.sum()
        return loss, loss.detach(), torch.tensor(squared.numel())


@dataclass(frozen=True)
class Frames(Objective):
    """Independent binary outputs a step (piano keys); negative log-likelihood a frame, in nats, pooled over frames."""

    metric: ClassVar[str] = "nll_per_frame"

    def totals(self, outputs: Tensor, targets: Tensor, steps: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        import torch
        import torch.nn.functional as F

        if steps is not None:
            outputs, targets = outputs[steps], targets[steps]
        loss = F.binary_cross_entropy_with_logits(outputs, targets, reduction="sum")
        return loss, loss.detach(), torch.tensor(targets.numel() // targets.shape[-1])
