import math
from collections import Counter
from itertools import zip_longest

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import task_class
from rnncompare.tasks.user.files.corpora import Numbered, divided, read_corpus


@pytest.fixture
def written(tmp_path):
    """Write a text and give the settings that read it."""

    def write(content, **more):
        path = tmp_path / "own.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return {"path": str(path), "size": "full", "sequence_length": 10, **more}

    return write


STORY = "".join(chr(97 + (i * i) % 11) for i in range(900)) + "x" * 50 + "b" * 50


def test_windows_tile_the_train_part_and_targets_are_the_next_characters(load, written):
    data = load("text", **written(STORY))
    code = {character: number for number, character in enumerate(sorted(set(STORY[:900])))}
    assert data.vocabulary == len(code) + 1
    windows, following = data.train.inputs.tolist(), data.train.targets.tolist()
    assert all(window[1:] == targets[:-1] for window, targets in zip(windows, following, strict=True))
    found = sorted([*window, targets[-1]] for window, targets in zip(windows, following, strict=True))
    assert found == sorted([code[character] for character in STORY[i : i + 11]] for i in range(0, 890, 10))
    assert data.validation.inputs.shape == (4, 10)
    assert (data.validation.inputs == len(code)).all(), "x is not in the train part: unseen"


def test_baseline_is_the_cross_entropy_under_train_frequencies(load, written):
    data = load("text", **written(STORY))
    counts, kinds = Counter(STORY[:900]), len(set(STORY[:900])) + 1
    scored = STORY[951 : 951 + 40]
    bits = [-math.log2((counts[character] + 1) / (900 + kinds)) for character in scored]
    assert data.baseline == pytest.approx(sum(bits) / len(bits))


def test_the_manual_is_always_there_and_large_enough(load):
    data = load("text", size="medium")
    assert 4 < data.baseline < 5.5
    assert data.sha256 == read_corpus("manual", "end").sha256
    assert task_class("text")().largest() >= 2000


def test_windows_are_drawn_without_replacement(load):
    data = load("text", size="full", sequence_length=500)
    assert len(np.unique(data.train.inputs, axis=0)) == len(data.train)


def test_tinyshakespeare(load):
    data = load("text", corpus="tinyshakespeare", size="full")
    assert data.vocabulary == 66
    assert len(data.train) == 10_038
    assert data.sha256 == "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def test_parts_follow_each_other():
    codes = np.arange(2890)
    corpus = divided(Numbered(codes, codes), "end", "")
    (train,), (validation,), (test,) = corpus.train, corpus.validation, corpus.test
    assert [*train, *validation, *test] == codes.tolist()
    assert [len(train), len(validation), len(test)] == [2601, 144, 145]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 330_000))
@example(200_000)
def test_blocks_hold_out_one_in_twenty_each_and_every_character_is_in_one_part(length):
    codes = np.arange(length)
    corpus = divided(Numbered(codes, codes), "blocks", "")
    halves = [piece for pair in zip_longest(corpus.validation, corpus.test, fillvalue=codes[:0]) for piece in pair]
    together = [part for pair in zip(corpus.train, halves, strict=False) for part in pair]
    np.testing.assert_array_equal(np.concatenate(together), codes, "what is held out follows the train before it")
    assert all(len(piece) <= 5000 for piece in halves)
    if length % 100_000 == 0:
        assert sum(map(len, corpus.validation)) == sum(map(len, corpus.test)) == length // 20


def test_no_window_crosses_from_one_block_to_another(load, written):
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000))) * 6  # each 20,000 characters differ
    data = load("text", **written(text, split="blocks", sequence_length=70))
    for split in (data.train, data.validation, data.test):
        known = (split.inputs[:, :-1] < 20_000).all(1)  # all that train has
        assert known.any()
        assert (split.inputs[:, 1:] == split.targets[:, :-1]).all()
        steps = (split.targets - split.inputs)[known] % 20_000
        assert (steps == 1).all()


def test_only_what_does_not_come_split_is_split():
    with pytest.raises(SettingError, match=r"data\.split=blocks: end; ptb"):
        task_class("text")(corpus="ptb", split="blocks").check()
    with pytest.raises(SettingError, match=r"data\.split=middle: one of end, blocks"):
        task_class("text")(split="middle").check()
    task_class("text")(corpus="ptb", split="blocks", path="own.txt").check()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"to be", "train part has 4 char"),
        (b"ab" * 60, "validation part has 6 char"),
        (b"to be\x00" * 50, "binary"),
    ],
)
def test_unfit_files_are_named(load, written, content, message):
    settings = written(content, size=1)
    with pytest.raises(DataError, match=message):
        load("text", **settings)


def test_absent_files_and_unknown_corpora(tmp_path):
    with pytest.raises(DataError, match=r"gone\.txt: cannot be read"):
        task_class("text")(path=str(tmp_path / "gone.txt")).load(0)
    with pytest.raises(DataError, match="cannot be read"):
        task_class("text")(path=str(tmp_path)).load(0)
    with pytest.raises(SettingError, match=r"data\.corpus=wikipedia: one of manual,"):
        task_class("text")(corpus="wikipedia").check()


def test_a_byte_order_mark_is_no_character(load, written):
    with_mark = load("text", **written(b"\xef\xbb\xbf" + STORY.encode()))
    without = load("text", **written(STORY))
    assert with_mark.vocabulary == without.vocabulary
    np.testing.assert_array_equal(with_mark.train.inputs, without.train.inputs)
