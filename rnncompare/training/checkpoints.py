"""Checkpoints, from which a training can go on: written whole or not at all, and loaded without running code."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import rnncompare

FORMAT = "2"  # of the state; one of another form is not used


@dataclass
class CheckpointFile:
    """A file that keeps the state of a training, written at most once every so many seconds.

    Attributes:
        path: the file.
        every: seconds between two states, and before the first.
        source: the fingerprint of the code that trains, where known; a state of other code is not used.
    """

    path: Path
    every: float
    source: str | None = None
    _last: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether it is time to keep the state again."""
        return time.monotonic() - self._last >= self.every

    def save(self, state: dict[str, Any]) -> None:
        """Replace what is kept in one step; if the state cannot be written, training continues without it."""
        temporary = self.path.with_name(f"{self.path.name}.part")
        with contextlib.suppress(OSError, RuntimeError):  # torch's writer raises RuntimeError where the disk is full
            self.path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"made_by": self._made_by(), "state": state}, temporary)
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        self._last = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """The latest state, its tensors on the CPU; None if there is none, or it is torn or from other software."""
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
            return content["state"] if content["made_by"] == self._made_by() else None
        except Exception:  # a torn or foreign file can make the reader raise anything; the run then starts anew
            return None

    def _made_by(self) -> list[str]:
        """The form of the state, and the software whose next version may compute other numbers."""
        return [FORMAT, rnncompare.__version__, str(torch.__version__), self.source or ""]
