"""MuseData: orchestral and piano music as piano rolls (Boulanger-Lewandowski et al. 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.contract.piano_rolls import FOLDER, PianoRolls


@dataclass
class MuseData(PianoRolls):
    """524 pieces for training, 135 for validation and 124 for testing, some of thousands of frames."""

    sizes: ClassVar[dict[str, int]] = {"tiny": 15, "small": 60, "medium": 150, "large": 300, "huge": 524}
    files: ClassVar[tuple[PinnedFile, ...]] = (
        PinnedFile(
            "muse_data/MuseData.mat",
            f"{FOLDER}/MuseData.mat",
            "e8d9eb422ec3833c25f43a9f854d4ee0b9118a20b45f2c183395cdc30ffa14ff",
        ),
    )
