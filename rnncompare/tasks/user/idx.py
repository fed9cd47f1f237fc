"""IDX, the format of MNIST: two zero bytes, the type, the number of axes, their lengths, then the values."""

from __future__ import annotations

import numpy as np


def read_idx(content: bytes) -> np.ndarray:
    """The array of bytes in ``content``, read-only."""
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(tuple(map(int, shape)))
