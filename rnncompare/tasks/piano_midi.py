"""Piano-midi.de: classical piano music as piano rolls (Boulanger-Lewandowski et al. 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.contract.piano_rolls import FOLDER, PianoRolls


@dataclass
class PianoMidi(PianoRolls):
    """87 pieces for training, 12 for validation and 25 for testing, some of thousands of frames."""

    sizes: ClassVar[dict[str, int]] = {"tiny": 10, "small": 20, "medium": 40, "large": 60, "huge": 87}
    files: ClassVar[tuple[PinnedFile, ...]] = (
        PinnedFile(
            "piano_midi/Piano_midi.mat",
            f"{FOLDER}/Piano_midi.mat",
            "990a8a71d5764a7eaa3e78d9e5023d1470380fe2db3a1448265a97a24c8b1c34",
        ),
    )
