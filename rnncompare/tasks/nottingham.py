"""Nottingham: folk tunes with chords as piano rolls (Boulanger-Lewandowski et al. 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.contract.piano_rolls import FOLDER, PianoRolls


@dataclass
class Nottingham(PianoRolls):
    """694 tunes for training, 173 for validation and 170 for testing."""

    sizes: ClassVar[dict[str, int]] = {"tiny": 15, "small": 60, "medium": 200, "large": 400, "huge": 694}
    files: ClassVar[tuple[PinnedFile, ...]] = (
        PinnedFile(
            "nottingham/Nottingham.mat",
            f"{FOLDER}/Nottingham.mat",
            "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea",
        ),
    )
