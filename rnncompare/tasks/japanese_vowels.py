"""Japanese vowels: which of nine speakers said it (Kudo, Toyama and Shimbo 1999)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract import Classification, Data, Examples, Task, pad, setting, stream
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.contract.download import PinnedFile, identity
from rnncompare.tasks.contract.draws import stratified_order
from rnncompare.tasks.user.files.array_files import read_ts

ADDRESS = (
    "https://raw.githubusercontent.com/sktime/sktime/7bd7d1620c0656f3210eeb850bb1c0034159ee47"
    "/sktime/datasets/data/JapaneseVowels"
)
TRAIN = PinnedFile(
    "japanese_vowels/JapaneseVowels_TRAIN.ts",
    f"{ADDRESS}/JapaneseVowels_TRAIN.ts",
    "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
)
TEST = PinnedFile(
    "japanese_vowels/JapaneseVowels_TEST.ts",
    f"{ADDRESS}/JapaneseVowels_TEST.ts",
    "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
)
SPEAKERS, CHANNELS, UTTERANCES = 9, 12, 270


@dataclass
class JapaneseVowels(Task):
    """Utterances of two vowels as 7 to 29 frames of 12 linear-prediction coefficients; 270 to train, 370 to test.

    Of the training utterances some are held out for validation, drawn by the seed and stratified by speaker; so are
    small training sets. Each coefficient is scaled to mean 0 and variance 1 over all that are not held out.
    """

    validation_examples: int = setting(54, "training utterances held out for validation")

    sizes: ClassVar[dict[str, int]] = {"tiny": 27, "small": 54, "medium": 108, "large": 162, "huge": 216}
    source: ClassVar[str] = "UCI Machine Learning Repository, by github.com/sktime/sktime"
    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar[tuple[PinnedFile, ...]] = (TRAIN, TEST)

    def check(self) -> None:
        super().check()
        valid = f"a whole number from 1 to {UTTERANCES - 1}"
        require(1 <= self.validation_examples < UTTERANCES, "data.validation_examples", self.validation_examples, valid)

    def largest(self) -> int:
        return UTTERANCES - self.validation_examples

    def load(self, seed: int) -> Data:
        cases, labels = read_utterances(TRAIN)
        held_out, rest = np.split(stratified_order(labels, stream(seed, "split")), [self.validation_examples])
        frames = np.concatenate([cases[i] for i in rest])
        pool = standardised(cases, labels, frames)
        train, test = pool.take(rest[: self.train_examples()]), standardised(*read_utterances(TEST), frames)
        return Data(
            train,
            pool.take(held_out),
            test,
            objective=Classification(outputs=SPEAKERS, readout="last"),
            baseline=majority_accuracy(train.targets, test.targets),
            optimum=1.0,
            features=CHANNELS,
            sha256=identity(*self.files),
        )


def read_utterances(file: PinnedFile) -> tuple[list[np.ndarray], np.ndarray]:
    """The utterances in ``file``, each (T, 12), and their classes; speaker k of the file is class k - 1."""
    cases, labels = zip(*read_ts(file.read().decode().splitlines(), file.path), strict=True)
    return list(cases), np.array(labels, np.int64) - 1


def standardised(cases: list[np.ndarray], labels: np.ndarray, frames: np.ndarray) -> Examples:
    """The padded ``cases``, each channel scaled as gives ``frames`` (any number, 12) mean 0 and variance 1."""
    mean, scale = frames.mean(0), frames.std(0)
    inputs, lengths = pad([(case - mean) / scale for case in cases], max(map(len, cases)))
    return Examples(inputs, labels, lengths)
