"""JSB Chorales: Bach's four-part chorales as piano rolls, a quarter note a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.contract.piano_rolls import FOLDER, PianoRolls


@dataclass
class JSBChorales(PianoRolls):
    """229 chorales for training, 76 for validation and 77 for testing, of 25 to 160 frames.

    Bai, Kolter and Koltun 2018 report a test negative log-likelihood of 8.45 nats a frame for an LSTM, 8.43 for a GRU.
    """

    sizes: ClassVar[dict[str, int]] = {"tiny": 15, "small": 30, "medium": 60, "large": 120, "huge": 229}
    files: ClassVar[tuple[PinnedFile, ...]] = (
        PinnedFile(
            "jsb_chorales/JSB_Chorales.mat",
            f"{FOLDER}/JSB_Chorales.mat",
            "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4",
        ),
    )
