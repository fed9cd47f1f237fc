import io
import math

import numpy as np
import pytest
from scipy.io import savemat

from rnncompare.tasks.contract.piano_rolls import independent_keys, next_frames, read_piano_rolls


def pieces(random, *lengths):
    return [(random.random((n, 88)) < 0.1).astype(np.uint8) for n in lengths]


def mat(**splits):
    """A MATLAB file as the published ones are: each split one row of an object array."""
    file = io.BytesIO()
    cells = {}
    for name, rolls in splits.items():
        cells[name] = np.empty((1, len(rolls)), object)
        cells[name][0] = rolls
    savemat(file, cells)
    return file.getvalue()


def test_read_back_as_written():
    random = np.random.default_rng(0)
    written = {
        "traindata": pieces(random, 5, 3, 9),
        "validdata": pieces(random, 4, 2),
        "testdata": pieces(random, 7, 2),
    }
    for found, rolls in zip(read_piano_rolls(mat(**written)), written.values(), strict=True):
        examples = next_frames(found, 12)
        assert examples.inputs.shape == (len(rolls), 11, 88)
        assert len(examples) == len(rolls)
        for i, roll in enumerate(rolls):
            n = examples.lengths[i]
            assert n == len(roll) - 1
            np.testing.assert_array_equal(examples.inputs[i, :n], roll[:-1])
            np.testing.assert_array_equal(examples.targets[i, :n], roll[1:])


def test_baseline_is_that_of_keys_counted_one_by_one():
    random = np.random.default_rng(1)
    train, test = pieces(random, 6, 4), pieces(random, 5, 3)
    frames = [frame for roll in train for frame in roll[1:].tolist()]
    p = [(sum(frame[key] for frame in frames) + 1) / (len(frames) + 2) for key in range(88)]
    losses = [
        -sum(math.log(p[key] if frame[key] else 1 - p[key]) for key in range(88))
        for roll in test
        for frame in roll[1:].tolist()
    ]
    assert independent_keys(train, test) == pytest.approx(sum(losses) / len(losses))


def test_jsb_chorales_as_published(load):
    data = load("jsb_chorales", size="full")
    assert (len(data.train), len(data.validation), len(data.test)) == (229, 76, 77)
    lengths = np.concatenate([split.lengths for split in (data.train, data.validation, data.test)]) + 1
    assert (lengths.min(), lengths.max()) == (25, 160)
    assert set(np.unique(data.train.inputs)) == {0, 1}
    assert 10 < data.baseline < 12
