import struct

import numpy as np
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import pad
from rnncompare.tasks.mnist_pixels import read_idx
from rnncompare.tasks.user.files.array_files import read_ts

TS = "# a comment\n@problemName own\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n\n7:8:b\n"


def test_ts_cases_of_unequal_length():
    cases, labels = map(list, zip(*read_ts(TS.splitlines(), "own.ts"), strict=True))
    assert [case.tolist() for case in cases] == [[[1, 4], [2, 5], [3, 6]], [[7, 8]]]
    assert labels == ["a", "b"]
    padded, lengths = pad(cases, 3)
    assert padded.tolist() == [[[1, 4], [2, 5], [3, 6]], [[7, 8], [0, 0], [0, 0]]]
    assert lengths.tolist() == [3, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "own.ts: no cases"),
        ("@data\n", "own.ts: no cases"),
        ("@data\n1,2:a\n1,x:b\n", "line 3: not numbers"),
        ("@data\n1,inf:a\n", "line 2: a value is infinite"),
        ("@data\n1,2:3:a\n", "line 2: channels of unequal length, 1 to 2"),
        ("@data\n1:2:a\n1:b\n", "line 3: 1 channels, 2 before"),
        ("@data\n1 2 3\n", "line 2: expected channels"),
    ],
)
def test_foreign_ts_is_named_with_its_line(text, message):
    with pytest.raises(DataError, match=message):
        list(read_ts(text.splitlines(), "own.ts"))


def test_idx_read_back_as_written():
    values = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    content = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + values.tobytes()
    np.testing.assert_array_equal(read_idx(content), values)


@pytest.mark.parametrize(("name", "classes"), [("japanese_vowels", 9), ("mnist_pixels", 10)])
def test_validation_and_small_draws_are_stratified_and_apart(load, name, classes):
    data = load(name, seed=2, size="tiny")
    for split in (data.train, data.validation):
        counts = np.bincount(split.targets, minlength=classes)
        assert counts.min() >= 0.75 * len(split) / classes
        assert counts.max() <= 1.3 * len(split) / classes
    rows = [{row.tobytes() for row in split.inputs} for split in (data.train, data.validation)]
    assert rows[0].isdisjoint(rows[1])
    whole = load(name, seed=2, size=task_class(name)().largest(), **({"steps": "rows"} if classes == 10 else {}))
    assert len(whole.train) + len(whole.validation) == {9: 270, 10: 60_000}[classes]


def test_japanese_vowels_as_published(load):
    data = load("japanese_vowels", size="full")
    lengths = np.concatenate([split.lengths for split in (data.train, data.validation, data.test)])
    assert (lengths.min(), lengths.max()) == (7, 29)
    used = np.arange(26) < data.train.lengths[:, None]
    np.testing.assert_allclose(data.train.inputs[used].mean(0), np.zeros(12), atol=1e-5)
    np.testing.assert_allclose(data.train.inputs[used].std(0), np.ones(12), atol=1e-5)
    assert (data.train.inputs[~used] == 0).all()
    assert np.bincount(np.r_[data.train.targets, data.validation.targets]).tolist() == [30] * 9
    assert np.bincount(data.test.targets).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert data.baseline == data.test.targets.tolist().count(np.bincount(data.train.targets).argmax()) / 370


def test_mnist_in_its_four_readings(load):
    pixels, rows = load("mnist_pixels", size="tiny"), load("mnist_pixels", size="tiny", steps="rows")
    assert pixels.test.inputs.shape == (10_000, 784, 1)
    assert rows.test.inputs.shape == (10_000, 28, 28)
    assert (pixels.test.inputs.min(), pixels.test.inputs.max()) == (0, 1)
    np.testing.assert_array_equal(pixels.test.inputs.ravel(), rows.test.inputs.ravel())
    permuted = load("mnist_pixels", seed=9, size="tiny", permuted=True).test.inputs[:, :, 0]
    order = np.random.default_rng(0).permutation(784)
    np.testing.assert_array_equal(permuted, pixels.test.inputs[:, order, 0])


def test_settings_that_no_data_could_meet():
    for name, settings in (
        ("mnist_pixels", {"steps": "columns"}),
        ("mnist_pixels", {"validation_examples": 60_000}),
        ("japanese_vowels", {"validation_examples": 270}),
    ):
        with pytest.raises(SettingError, match=f"data.{next(iter(settings))}="):
            task_class(name)(**settings).check()
