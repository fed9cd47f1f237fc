"""The task contract: a task is a dataclass of settings that loads itself for a seed.

Tasks are plain NumPy, so that settings can be read, checked and listed without loading torch. A new task is one file in
this folder holding one subclass of `Task`, and one YAML file in ``configs/data``; its name is the file's name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np

from rnncompare.base.errors import SettingError, require
from rnncompare.tasks.contract.download import PinnedFile
from rnncompare.tasks.contract.objectives import Objective

SIZE_NAMES = ("tiny", "small", "medium", "large", "huge", "full")


def setting(default: Any, help: str) -> Any:
    """A dataclass field with a default and the line that ``--help`` prints for it."""
    return field(default=default, metadata={"help": help})


@dataclass
class Examples:
    """Sequences and what is to be predicted, the first axis counting examples.

    Attributes:
        inputs: ``(N, T, F)`` floats, or ``(N, T)`` integers below the vocabulary's size.
        targets: ``(N,)`` classes or ``(N, K)`` values where the readout is at the last step; ``(N, T)`` classes
            (-100: not scored) or ``(N, T, K)`` values where it is at every step.
        lengths: ``(N,)`` steps in use of each sequence, the rest being padding at the end; None if all are full.
    """

    inputs: np.ndarray
    targets: np.ndarray
    lengths: np.ndarray | None = None

    @classmethod
    def join(cls, parts: Sequence[Examples]) -> Examples:
        """All examples of ``parts``, in order; their sequences must be padded to the same number of steps."""
        lengths = [part.lengths for part in parts if part.lengths is not None]
        return cls(
            np.concatenate([part.inputs for part in parts]),
            np.concatenate([part.targets for part in parts]),
            np.concatenate(lengths) if lengths else None,
        )

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def sequence_length(self) -> int:
        """Steps of the longest sequence."""
        return self.inputs.shape[1]

    def take(self, index: np.ndarray | slice) -> Examples:
        """The examples at ``index``, in that order."""
        return Examples(self.inputs[index], self.targets[index], None if self.lengths is None else self.lengths[index])


@dataclass
class Data:
    """What a task loads for one seed: three disjoint splits and how to score them.

    Attributes:
        features: numbers a step where inputs are real (F), else None.
        vocabulary: distinct symbols where inputs are integers, else None.
        categories: distinct values of each categorical column; where there are C, they are the first of the C + F
            columns of a step, and hold whole numbers from 0.
        objective: loss, metric and readout.
        baseline: the metric, on the test split, of the best predictor that ignores the input sequence.
        optimum: the best value that the metric can take, where known.
        sha256: identity of the data: of the source file or files, or of the generated arrays.
        longer: further test sets at sequence lengths never trained on, by length (as the task counts it: the steps of a
            string, or the n of a^n b^n).
        understood: how a user's own data were read, in words.
        classes: names of the classes, where they have some.
        naive: forecasts of the test split that need no training, ``(N, K)``, by name.
        prepared: of a user's own data, a `Prepared`: how new data are read and what outputs mean; else None.
    """

    train: Examples
    validation: Examples
    test: Examples
    objective: Objective
    baseline: float
    sha256: str
    features: int | None = None
    vocabulary: int | None = None
    optimum: float | None = None
    longer: dict[int, Examples] = field(default_factory=dict)
    categories: tuple[int, ...] = ()
    understood: str | None = None
    classes: list[str] | None = None
    naive: dict[str, np.ndarray] = field(default_factory=dict)
    prepared: Any = None


@dataclass
class Task:
    """Settings common to all tasks, and what each task must do.

    A subclass sets `sizes` (names to training examples, ``full`` left to `largest`), overrides `largest` where the data
    end somewhere, and implements `load`.
    """

    # Any, since OmegaConf 2.3 cannot merge a node of type int | str; `check` sees to the type.
    size: Any = setting("small", "training examples: tiny, small, medium, large, huge, full or a number")

    sizes: ClassVar[dict[str, int]] = {
        "tiny": 100,
        "small": 1000,
        "medium": 10_000,
        "large": 100_000,
        "huge": 1_000_000,
    }
    source: ClassVar[str] = "generated"
    licence: ClassVar[str] = "none needed"
    files: ClassVar[tuple[PinnedFile, ...]] = ()

    @property
    def name(self) -> str:
        """The task's name: its module's."""
        return type(self).__module__.rpartition(".")[2]

    def check(self) -> None:
        """Raise `SettingError` for settings that no data could meet; cheap, reads no file."""
        valid = f"one of {', '.join(SIZE_NAMES)}, or a whole number from 1"
        if isinstance(self.size, str):
            require(self.size in SIZE_NAMES, "data.size", self.size, valid)
        else:
            require(type(self.size) is int and self.size >= 1, "data.size", self.size, valid)

    def at_least(self, minimum: int, *names: str) -> None:
        """Raise `SettingError` where one of the settings ``names`` is below ``minimum``."""
        for name in names:
            value = getattr(self, name)
            require(value >= minimum, f"data.{name}", value, f"a whole number from {minimum}")

    def largest(self) -> int:
        """The most training examples that there are under these settings; may fetch and read files.

        Raises:
            DataError: a file is missing, torn or not the pinned one.
        """
        return max(self.sizes.values())

    def train_examples(self) -> int:
        """The number of training examples that `size` asks for.

        Raises:
            SettingError: the data cannot give as many.
        """
        return self.number_of(self.largest())

    def number_of(self, largest: int) -> int:
        """The number of training examples that `size` asks for, ``largest`` being all.

        Raises:
            SettingError: that is more.
        """
        if self.size == "full":
            return largest
        wanted = self.sizes.get(self.size) if isinstance(self.size, str) else self.size
        if wanted is None or wanted > largest:
            raise SettingError(
                "data.size", self.size, f"the data give at most {largest} training examples (data.size=full)"
            )
        return wanted

    def pinned(self) -> Task:
        """A copy that holds the SHA-256 of the files that its settings name, so that a run is known by their content.

        Raises:
            DataError: a file cannot be read, or is not the one that the settings ask for.
        """
        return self

    def config(self) -> dict[str, Any]:
        """The settings as plain values, named."""
        return {"name": self.name, **asdict(self)}

    def load(self, seed: int) -> Data:
        """Read or generate the splits for ``seed``; a smaller `size` is the beginning of a larger one."""
        raise NotImplementedError


def pad(sequences: Sequence[np.ndarray], longest: int) -> tuple[np.ndarray, np.ndarray]:
    """``sequences``, each (T, F), as a float32 array (N, longest, F) with zeros at the end, and their lengths (N,)."""
    lengths = np.array([len(sequence) for sequence in sequences])
    padded = np.zeros((len(sequences), longest, sequences[0].shape[1]), np.float32)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths


def fingerprint(*splits: Examples) -> str:
    """SHA-256 over the arrays of ``splits``, the identity of generated data."""
    arrays = (array for split in splits for array in (split.inputs, split.targets, split.lengths))
    return fingerprint_of(*(array for array in arrays if array is not None))


def fingerprint_of(*arrays: np.ndarray) -> str:
    """SHA-256 over ``arrays``, their types and their shapes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data if array.dtype.kind != "U" else array.tobytes())
    return digest.hexdigest()


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent random stream for one purpose (``train``, ``validation``, ``order``, ...) under one seed."""
    return np.random.default_rng([seed, *name.encode()])
