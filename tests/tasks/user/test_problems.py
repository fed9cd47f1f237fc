"""Splits, scaling, padding and baselines of a user's data, against what pandas or a loop gives."""

import numpy as np
import pandas as pd
import pytest
from files import MAKERS
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncompare.tasks import from_arrays, from_frame
from rnncompare.tasks.contract import IGNORED
from rnncompare.tasks.file import File
from rnncompare.tasks.user.columns.features import Encoder
from rnncompare.tasks.user.columns.levels import MOST_CATEGORIES
from rnncompare.tasks.user.files.tables import Table
from rnncompare.tasks.user.splits import Splitting

SPLITS = ("train", "validation", "test")


@pytest.mark.parametrize("name", MAKERS)
def test_the_seed_fixes_the_draw_and_smaller_sizes_begin_larger_ones(name, tmp_path):
    make, target = MAKERS[name]
    path = str(make(tmp_path / name))
    full, few, other = (
        File(path=path, target=target, size=size).load(seed) for size, seed in (("full", 1), (7, 1), ("full", 2))
    )
    assert len(few.train) == 7
    np.testing.assert_array_equal(few.train.inputs, full.train.inputs[:7])
    np.testing.assert_array_equal(few.train.targets, full.train.targets[:7])
    np.testing.assert_array_equal(few.test.inputs, full.test.inputs)
    assert not np.array_equal(full.train.inputs, other.train.inputs)
    assert len(full.train) == File(path=path, target=target).largest()
    assert full.sha256 == other.sha256


@given(st.lists(st.integers(2, 12), min_size=2, max_size=30), st.integers(0, 100))
@settings(max_examples=100, deadline=None)
def test_splits_are_disjoint_cover_all_and_leave_every_class_in_train(counts, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = Splitting("t", len(labels), classes=labels).parts(seed, 1)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together) == list(range(len(labels)))
    assert set(labels[parts.train]) == set(range(len(counts)))
    assert len(parts.validation) == len(parts.test) == max(1, int(0.15 * len(labels)))
    given_test = Splitting("t", len(labels) + 5, 5).parts(seed, 1)
    assert given_test.test.tolist() == list(range(len(labels), len(labels) + 5))
    assert len(given_test.train) + len(given_test.validation) == len(labels)


def test_sequences_are_whole_padded_and_scaled_by_train_alone():
    random = np.random.default_rng(0)
    lengths = random.integers(2, 9, 40)
    cases = [random.normal(5, 3, (length, 2)) for length in lengths]
    labels = np.arange(40) % 2
    data = from_arrays(cases, labels).load(0)
    train = np.concatenate([row[:n] for row, n in zip(data.train.inputs, data.train.lengths, strict=True)])
    np.testing.assert_allclose(train.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(train.std(0), 1, atol=1e-5)
    assert sorted(n for part in SPLITS for n in getattr(data, part).lengths) == sorted(lengths)
    for part in SPLITS:
        examples = getattr(data, part)
        padding = np.arange(examples.sequence_length) >= examples.lengths[:, None]
        assert (examples.inputs[padding] == 0).all()


def test_nan_at_the_end_of_an_array_is_padding_and_elsewhere_a_missing_value():
    x = np.arange(40.0).reshape(10, 4, 1)
    x[3, 2:] = np.nan
    x[5, 1] = np.nan
    data = from_arrays(x, np.arange(10) % 2).load(0)
    lengths = np.concatenate(
        [e.lengths if e.lengths is not None else np.full(len(e), 4) for e in (data.train, data.validation, data.test)]
    )
    assert sorted(lengths) == [2] + [4] * 9
    assert data.features == 2
    assert sum(getattr(data, part).inputs[..., 1].sum() for part in SPLITS) == 1
    assert "1 in x0" in data.understood


def test_targets_are_values_of_variance_one_and_the_baseline_is_their_mean():
    random = np.random.default_rng(1)
    y = random.normal(100, 20, (30, 2))
    data = from_arrays(random.random((30, 5, 3)), y).load(0)
    assert data.train.targets.shape == (22, 2)
    np.testing.assert_allclose(data.train.targets.std(0), 1, rtol=1e-5)
    assert data.baseline == pytest.approx(float(np.mean(data.test.targets.astype(float) ** 2)), rel=1e-4)


def frame_of_labels(n=12, steps=5):
    rows = [(i, t, i + t / 10, "up" if (i + t) % 3 else "down") for i in range(n) for t in range(steps - i % 2)]
    return pd.DataFrame(rows, columns=["id", "t", "x", "state"])


@pytest.mark.parametrize("unit", [1e-200, 1e160, 1e300])
def test_a_quantity_in_any_unit_is_scaled_alike(unit):
    values = np.arange(40.0) % 9
    rows = np.random.default_rng(0).normal(size=(40, 3, 1))
    one, other = (from_arrays(rows, values * scale, kind="regression").load(0) for scale in (1.0, unit))
    np.testing.assert_allclose(one.train.targets, other.train.targets, rtol=1e-6)
    assert one.train.targets.std() > 0.5


def test_a_target_that_varies_is_predicted_at_every_step():
    data = from_frame(frame_of_labels(), target="state").load(0)
    assert data.objective.readout == "every"
    assert data.features == 1
    lengths, targets = data.train.lengths, data.train.targets
    assert ((targets == IGNORED) == (np.arange(5) >= lengths[:, None])).all()
    everything = np.concatenate([getattr(data, part).targets.ravel() for part in SPLITS])
    counts = frame_of_labels()["state"].value_counts()
    assert [(everything == 0).sum(), (everything == 1).sum()] == [counts["down"], counts["up"]]


def test_the_next_event_is_predicted_from_those_so_far():
    frame = pd.DataFrame({"case": np.repeat(np.arange(20), 4), "activity": [*"abca"] * 20})
    data = from_frame(frame, target="activity").load(0)
    assert data.categories == (4,)
    assert data.features == 0
    assert data.train.inputs.shape == (14, 3, 1)
    codes = data.train.inputs[0, :, 0]  # a, the commonest, is 1; class 0 is a
    assert data.train.targets[0].tolist() == [1, 2, 0]
    assert codes.tolist() == [1, 2, 3] or codes.tolist() == [1, 3, 2]
    assert data.baseline == pytest.approx(1 / 3)


def test_time_between_events_is_read():
    stamps = pd.to_datetime("2024-01-01") + pd.to_timedelta([0, 1, 10, 0, 1, 10] * 8, unit="s")
    frame = pd.DataFrame(
        {"id": np.repeat(np.arange(16), 3), "at": stamps, "a": [*"xyz"] * 16, "y": np.repeat([0, 1], 24)}
    )
    data = from_frame(frame, target="y").load(0)
    steps = np.log1p(np.array([[0, 1, 9]] * len(data.train)))
    np.testing.assert_allclose(data.train.inputs[..., 1], (steps - steps.mean()) / steps.std(), rtol=1e-4)


eighths = st.integers(-8000, 8000).map(lambda k: k / 8)  # equal ones have a deviation of exactly 0
values = st.lists(st.one_of(st.none(), eighths), min_size=4, max_size=20)


def test_equal_numbers_are_not_scaled_by_their_rounding():
    frame = pd.DataFrame({"x": [0.1, 0.1, 0.1, 0.2]})
    table = Table(frame, "t")
    rows = Encoder.fit(table, ["x"], [], np.array([True, True, True, False])).rows(table)
    np.testing.assert_allclose(rows[:, 0], [0, 0, 0, 0.1], atol=1e-6)


@given(values, st.data())
@settings(max_examples=60, deadline=None)
def test_columns_are_encoded_as_pandas_would(numbers, data):
    frame = pd.DataFrame(
        {
            "x": pd.array(numbers, "Float64"),
            "c": data.draw(
                st.lists(st.sampled_from(["a", "b", "c", None]), min_size=len(numbers), max_size=len(numbers))
            ),
        }
    )
    train = np.array(data.draw(st.lists(st.booleans(), min_size=len(numbers), max_size=len(numbers))))
    table = Table(frame, "t")
    encoder = Encoder.fit(table, ["x", "c"], ["c"], train)
    rows = encoder.rows(table)
    known = frame["x"].astype(float)
    mean, scale = known[train].mean(), known[train].std(ddof=0)
    mean, scale = (0 if np.isnan(mean) else mean), (scale if scale > 0 else 1)
    np.testing.assert_allclose(rows[:, 1], ((known - mean) / scale).fillna(0), rtol=1e-4, atol=1e-4)
    if known.isna().any():
        assert rows[:, 2].tolist() == known.isna().tolist()
    seen = set(frame["c"][train].fillna("missing"))
    assert encoder.categories == (len(seen) + 1,)
    codes = rows[:, 0]
    for value, code in zip(frame["c"].fillna("missing"), codes, strict=True):
        assert (code > 0) == (value in seen)
    assert len(set(zip(frame["c"].fillna("missing")[codes > 0], codes[codes > 0], strict=True))) == len(
        set(codes[codes > 0])
    )


def test_rare_categories_share_a_code():
    names = [f"n{i}" for i in range(MOST_CATEGORIES + 50)] * 2
    table = Table(pd.DataFrame({"c": names}), "t")
    encoder = Encoder.fit(table, ["c"], ["c"], np.ones(len(names), bool))
    rows = encoder.rows(table)
    assert encoder.categories == (MOST_CATEGORIES + 1,)
    assert (rows == 0).sum() == 100


def test_texts_are_the_words_of_train_in_order():
    texts = [f"Good, word{i % 3} good day sir" if i % 2 else f"bad word{i % 3} day my sir" for i in range(40)]
    frame = pd.DataFrame({"text": texts, "label": ["pos" if i % 2 else "neg" for i in range(40)]})
    data = from_frame(frame, target="label").load(0)
    assert data.vocabulary == 1 + len({"good", ",", "bad", "day", "my", "sir", "word0", "word1", "word2"})
    letters = from_frame(frame, target="label", units="characters").load(0)
    assert letters.vocabulary == 1 + len(set("".join(texts)))
    assert letters.train.lengths is None or letters.train.lengths.max() == max(map(len, texts))
    rare = pd.concat(
        [frame, pd.DataFrame({"text": [f"once{i} in my whole life" for i in range(2)], "label": ["pos", "neg"]})]
    )
    unseen = {seed: from_frame(rare.reset_index(drop=True), target="label").load(seed) for seed in range(6)}
    for found in unseen.values():
        held = np.concatenate([found.validation.inputs.ravel(), found.test.inputs.ravel()])
        assert held.max() < found.vocabulary
    assert len({found.vocabulary for found in unseen.values()}) > 1, "the vocabulary is that of train alone"


def test_a_given_test_file_is_the_test_split(tmp_path):
    for name, rows in (("train", 30), ("test", 7)):
        lines = [f"{i},{t},{i + t},{'ab'[i % 2]}" for i in range(rows) for t in range(3)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,t,x,label", *lines]))
        cases = "".join(f"{i},{i + 1},{i + 2}:{'ab'[i % 2]}\n" for i in range(rows))
        (tmp_path / f"{name}.ts").write_text(f"@classLabel true a b\n@data\n{cases}")
        np.savez(tmp_path / f"{name}.npz", x=np.arange(rows * 3.0).reshape(rows, 3), y=np.arange(rows) % 2)
        (tmp_path / f"{name}.txt").write_text("to be or not " * rows)
        hours = [
            f"2024-01-{'01' if name == 'train' else '09'}T{i // 60:02}:{i % 60:02},{i % 5}" for i in range(2 * rows)
        ]
        (tmp_path / f"{name}-load.csv").write_text("\n".join(["date,load", *hours]))
        words = [f"one two {i},{'ab'[i % 2]}" for i in range(rows)]
        (tmp_path / f"{name}-text.csv").write_text("\n".join(["text,label", *words]))
    for suffix, target, tested in (
        (".csv", "label", 7),
        (".ts", None, 7),
        (".npz", None, 7),
        ("-text.csv", "label", 7),
        ("-load.csv", "load", None),
        (".txt", None, None),
    ):
        paths = {"path": str(tmp_path / f"train{suffix}"), "test_path": str(tmp_path / f"test{suffix}")}
        data = File(**paths, target=target).load(0)
        if tested:
            assert (len(data.test), len(data.validation), len(data.train)) == (tested, 4, 26)
            assert data.test.targets.tolist() == [i % 2 for i in range(7)]
        else:
            alone = File(path=paths["path"], target=target).load(0)
            assert len(data.train) > 0
            assert data.sha256 != alone.sha256


def test_a_sequence_too_long_to_pad_is_named():
    from rnncompare.base.errors import DataError
    from rnncompare.tasks.user.problem import fits

    with pytest.raises(
        DataError, match=r"t: 1,000,000 sequences padded to the longest, of 10,000 steps, take 37 GiB; cut"
    ):
        fits("t", 10**6, 10**4, 1, "cut")
