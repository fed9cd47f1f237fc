from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract import Examples
from rnncompare.tasks.contract.draws import SHARES, by_hash, content_hash, draw, stratified_order


def strings(count, random, steps=6):
    inputs = random.integers(0, 3, (count, steps))
    return Examples(inputs, inputs.sum(1))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"lengths": np.zeros(4096, int)}, "lengths: one whole number from 1 to 6"),
        ({"lengths": np.full(4096, 7)}, "lengths: one whole number from 1 to 6"),
        ({"targets": np.zeros(4095)}, "4,095 targets for 4,096 sequences"),
        ({"inputs": np.full((4096, 6, 1), np.nan)}, "inputs that are not finite"),
        ({"inputs": np.zeros(4096)}, r"inputs of shape \(4096,\)"),
    ],
)
def test_a_sampler_whose_arrays_do_not_fit_is_told_so(change, says):
    with pytest.raises(DataError, match=says):
        draw(lambda count, random: replace(strings(count, random), **change), by_hash, 10, 0, "train")


def test_every_sequence_belongs_to_the_split_it_was_drawn_for():
    for split in SHARES:
        assert (by_hash(draw(strings, by_hash, 500, 7, split)) == split).all()


def test_shares_of_all_sequences_are_as_stated():
    every = np.array(np.unravel_index(np.arange(3**10), (3,) * 10)).T
    found = by_hash(Examples(every, every[:, 0]))
    for split, tenths in SHARES.items():
        assert np.mean(found == split) == pytest.approx(tenths / 10, abs=0.005)


def test_hashes_of_different_sequences_differ():
    every = np.array(np.unravel_index(np.arange(4**8), (4,) * 8)).T
    assert len(np.unique(content_hash(Examples(every, every[:, 0])))) == len(every)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.integers(0, 5))
def test_padding_does_not_count_and_symbol_zero_is_no_padding(string, padding):
    row = np.array([string])
    padded = np.array([string + [0] * padding])
    alone = content_hash(Examples(row, row[:, 0]))
    assert content_hash(Examples(padded, row[:, 0], np.array([len(string)]))) == alone
    if padding:
        assert content_hash(Examples(padded, row[:, 0])) != alone


def test_reals_are_told_apart_by_their_bits():
    x = np.zeros((3, 4, 2), np.float32)
    x[1, 2, 1] = np.nextafter(np.float32(0), np.float32(1))
    one, other, same = content_hash(Examples(x, x[:, 0, 0]))
    assert one == same
    assert one != other


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 5000), st.integers(1, 5000))
def test_a_smaller_draw_begins_a_larger_one(one, other):
    small, large = sorted((one, other))
    few, many = draw(strings, by_hash, small, 1, "train"), draw(strings, by_hash, large, 1, "train")
    assert len(few) == small
    assert len(many) == large
    np.testing.assert_array_equal(few.inputs, many.inputs[:small])
    np.testing.assert_array_equal(few.targets, many.targets[:small])


def test_too_few_sequences_are_said():
    def one(count, random):
        return Examples(np.ones((count, 1), np.int64), np.ones(count, np.int64))

    (only,) = by_hash(one(1, None))
    for split in set(SHARES) - {only}:
        with pytest.raises(DataError, match=f"too few distinct sequences to hold any out for the {split} split"):
            draw(one, by_hash, 5, 0, split)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=200), st.integers(0, 3))
def test_every_beginning_is_stratified(labels, seed):
    labels = np.array(labels)
    order = stratified_order(labels, np.random.default_rng(seed))
    assert sorted(order) == list(range(len(labels)))
    for label in np.unique(labels):
        got = np.cumsum(labels[order] == label)
        due = np.arange(1, len(labels) + 1) * np.mean(labels == label)
        assert np.abs(got - due).max() <= len(np.unique(labels))


def test_stratified_orders_differ_by_seed():
    labels = np.arange(100) % 4
    one, other = (stratified_order(labels, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(one, other)
