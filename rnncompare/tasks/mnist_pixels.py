"""Sequential MNIST: which digit is it, seen pixel by pixel or row by row (Le, Jaitly and Hinton 2015)?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rnncompare.base.errors import require
from rnncompare.tasks.contract import Classification, Data, Examples, Task, setting, stream
from rnncompare.tasks.contract.baselines import majority_accuracy
from rnncompare.tasks.contract.download import PinnedFile, identity
from rnncompare.tasks.contract.draws import stratified_order

ADDRESS = "https://raw.githubusercontent.com/fgnt/mnist/ae608a02b796c9ee908c082585a5f006fe05258e"
WIDTH = {"pixels": 1, "rows": 28}  # pixels of a step


@dataclass
class MnistPixels(Task):
    """Images of 28 x 28 grey values between 0 and 1, read from the top left, as 784 steps of 1 or 28 steps of 28.

    With `permuted`, the pixels of all images stand in one random order, the same for every seed. Of the 60,000 training
    images some are held out for validation, drawn by the seed and stratified by digit; so are small training sets.
    """

    size: Any = setting("small", "training images: tiny, small, medium, large, huge, full or a number")
    steps: str = setting("pixels", "pixels: 784 steps of 1; rows: 28 steps of 28")
    permuted: bool = setting(False, "whether pixels stand in a random order")
    validation_examples: int = setting(5000, "training images held out for validation")

    sizes: ClassVar[dict[str, int]] = {"tiny": 100, "small": 1000, "medium": 10_000, "large": 30_000, "huge": 55_000}
    source: ClassVar[str] = "github.com/fgnt/mnist, from LeCun, Cortes and Burges"
    licence: ClassVar[str] = "CC BY-SA 3.0"
    files: ClassVar[tuple[PinnedFile, ...]] = tuple(
        PinnedFile(f"mnist/{name}-ubyte.gz", f"{ADDRESS}/{name}-ubyte.gz", sha256)
        for name, sha256 in (
            ("train-images-idx3", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            ("train-labels-idx1", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            ("t10k-images-idx3", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            ("t10k-labels-idx1", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
        )
    )

    def check(self) -> None:
        super().check()
        require(self.steps in WIDTH, "data.steps", self.steps, "pixels or rows")
        valid = "a whole number from 1 to 59999"
        require(1 <= self.validation_examples < 60_000, "data.validation_examples", self.validation_examples, valid)

    def largest(self) -> int:
        return 60_000 - self.validation_examples

    def load(self, seed: int) -> Data:
        images, labels, test_images, test_labels = (read_idx(file.read()) for file in self.files)
        order = stratified_order(labels, stream(seed, "split"))
        held_out, rest = np.split(order, [self.validation_examples])
        chosen = rest[: self.train_examples()]
        train, test = self._examples(images[chosen], labels[chosen]), self._examples(test_images, test_labels)
        return Data(
            train,
            self._examples(images[held_out], labels[held_out]),
            test,
            objective=Classification(outputs=10, readout="last"),
            baseline=majority_accuracy(train.targets, test.targets),
            optimum=1.0,
            features=WIDTH[self.steps],
            sha256=identity(*self.files),
        )

    def _examples(self, images: np.ndarray, labels: np.ndarray) -> Examples:
        pixels = images.reshape(len(images), -1)
        if self.permuted:
            pixels = pixels[:, np.random.default_rng(0).permutation(pixels.shape[1])]
        inputs = (pixels / np.float32(255)).reshape(len(images), -1, WIDTH[self.steps])
        return Examples(inputs, labels.astype(np.int64))


def read_idx(content: bytes) -> np.ndarray:
    """The array of bytes in an IDX file, read-only; its header has the type, the number of axes and their lengths."""
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(tuple(map(int, shape)))
