"""Small classification sets of the UCR/UEA archive of time series (Dau et al. 2019; Bagnall et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.tasks.contract import Classification, Data, Examples, Task, pad, setting, stream
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.contract.download import PinnedFile, identity
from rnncompare.tasks.contract.draws import stratified_order
from rnncompare.tasks.user.files.array_files import read_ts

ADDRESS = (
    "https://raw.githubusercontent.com/sktime/sktime/7bd7d1620c0656f3210eeb850bb1c0034159ee47/sktime/datasets/data"
)
HASHES = {  # of the training and of the test file
    "ArrowHead": (
        "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
        "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
    ),
    "BasicMotions": (
        "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
        "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    ),
    "GunPoint": (
        "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5",
        "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e",
    ),
    "ItalyPowerDemand": (
        "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
        "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
    ),
    "PLAID": (
        "40deb3bc6bd1e1aa0e6db6e6bfd3cecc4a23bf57f6a6d6ab90fb75e4a2c72344",
        "aa6da0dc1461e8d374e068a940ce37d1b0bb1a9844596d818920c8af696d656d",
    ),
}
HELD_OUT = {"validation": 0.2, "test": 0.3}  # of all cases; half is left to train on


def _files(name: str) -> tuple[PinnedFile, PinnedFile]:
    """The two files of a set."""
    train, test = (
        PinnedFile(f"ucr/{name}/{name}_{part}.ts", f"{ADDRESS}/{name}/{name}_{part}.ts", sha256)
        for part, sha256 in zip(("TRAIN", "TEST"), HASHES[name], strict=True)
    )
    return train, test


@dataclass
class Ucr(Task):
    """One of five sets: outlines, gestures, motions, power demand, or what an appliance draws.

    The archive's training and test cases are put together, and each seed draws half of them for training, a fifth for
    validation and the rest for testing, stratified by class, as the archive's own comparisons resample them (Bagnall
    et al. 2017): the training files are too small to hold anything out of them. Each channel is scaled to mean 0 and
    variance 1 over the cases that are not held out.
    """

    set: str = setting("ItalyPowerDemand", f"one of {', '.join(HASHES)}")

    sizes: ClassVar[dict[str, int]] = {"tiny": 20, "small": 40, "medium": 100, "large": 200, "huge": 500}
    source: ClassVar[str] = "UCR/UEA archive, by github.com/sktime/sktime"
    licence: ClassVar[str] = "free for research"
    files: ClassVar[tuple[PinnedFile, ...]] = tuple(file for name in HASHES for file in _files(name))

    def check(self) -> None:
        super().check()
        require(self.set in HASHES, "data.set", self.set, f"one of {', '.join(HASHES)}")

    def largest(self) -> int:
        cases = len(self._cases()[1])
        return cases - sum(_share(cases, split) for split in HELD_OUT)

    def load(self, seed: int) -> Data:
        cases, labels = self._cases()
        names, classes = np.unique(labels, return_inverse=True)
        ends = np.cumsum([_share(len(cases), split) for split in HELD_OUT])
        validation, test, rest = np.split(stratified_order(classes, stream(seed, "split")), ends)
        frames = np.concatenate([cases[i] for i in rest])
        mean, scale = frames.mean(0), frames.std(0)
        inputs, lengths = pad([(case - mean) / scale for case in cases], max(map(len, cases)))
        every = Examples(inputs, classes.astype(np.int64), lengths)
        train = every.take(rest[: self.number_of(len(rest))])
        return Data(
            train,
            every.take(validation),
            every.take(test),
            objective=Classification(outputs=len(names), readout="last"),
            baseline=majority_accuracy(train.targets, classes[test]),
            optimum=1.0,
            features=frames.shape[1],
            sha256=identity(*_files(self.set)),
            classes=[str(name) for name in names],
        )

    def _cases(self) -> tuple[list[np.ndarray], np.ndarray]:
        """All cases of the set, each (T, channels), and their labels."""
        cases: list[np.ndarray] = []
        labels: list[str] = []
        for file in _files(self.set):
            for case, label in read_ts(file.read().decode("utf-8-sig").splitlines(), file.path):
                cases.append(case)
                labels.append(label)
        if not all(np.isfinite(case).all() for case in cases):
            raise DataError(f"{self.set}: has missing values")
        return cases, np.array(labels)


def _share(cases: int, split: str) -> int:
    """How many cases a split holds."""
    return round(cases * HELD_OUT[split])
