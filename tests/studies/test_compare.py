"""`rnncompare.compare`: what it refuses, and what its result has."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncompare
from rnncompare.base.errors import DataError, SettingError


def sequences(count=60, steps=6):
    y = np.arange(count) % 2
    return np.random.default_rng(0).normal(size=(count, steps, 1)) + y[:, None, None], y


@pytest.mark.parametrize("lengths", [np.full(60, 7), np.zeros(60, int), np.full(59, 6), np.full(60, 6.0)])
def test_lengths_that_do_not_fit_are_refused(lengths):
    with pytest.raises(DataError, match="length"):
        rnncompare.compare((*sequences(), lengths))


def test_arrays_have_no_columns_to_name():
    for name in ("target", "group"):
        with pytest.raises(SettingError, match=f"data.{name}=label: null"):
            rnncompare.compare(sequences(), **{name: "label"})


def test_one_of_a_thing_is_said_as_one():
    from rnncompare.tasks import from_arrays

    assert ", 1 column of numbers, " in from_arrays(*sequences()).load(0).understood


@pytest.mark.parametrize("target", [np.arange(5), 3, [1, 2]])
def test_a_target_that_is_no_name_is_refused(target):
    with pytest.raises(SettingError, match=r"target=.*: the name of a column.*arrays go together, as \(x, y\)"):
        rnncompare.compare(np.ones((5, 3, 1)), target)


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compared")
    settings = {"pairs": 3, "plain": False, "sizes": False, "progress": False, "train.max_updates": 20}
    return rnncompare.compare((*sequences(), np.full(60, 6)), results_dir=str(folder), **settings)


def test_the_result_has_the_table_the_pairs_the_figure_and_the_model(result):
    assert {"gru", "lstm", "logistic regression", "class shares"} <= set(result.table["model"])
    assert len(result.pairs) == 3
    assert result.figure().axes
    assert len(result.best.predict(sequences()[0])) == 60
    assert result.answer in result._repr_markdown_()
    assert "<svg" in result._repr_html_()
    assert "nan" not in result.text()


def test_the_same_call_trains_nothing_again(result):
    records = {path: path.stat().st_mtime_ns for path in Path(result.question.results_dir).rglob("record.json")}
    settings = {"pairs": 3, "plain": False, "sizes": False, "progress": False, "train.max_updates": 20}
    again = rnncompare.compare((*sequences(), np.full(60, 6)), results_dir=result.question.results_dir, **settings)
    assert {path: path.stat().st_mtime_ns for path in records} == records
    assert again.answer.split(" Take")[0] == result.answer.split(" Take")[0]
    assert again.model_path == result.model_path


def test_data_of_hugging_face_are_read(tmp_path):
    class Dataset:
        def to_pandas(self):
            return pd.DataFrame(
                {
                    "text": [f"{'good' if i % 2 else 'bad'} film {i}" for i in range(60)],
                    "label": [i % 2 for i in range(60)],
                }
            )

    settings = {"pairs": 2, "plain": False, "sizes": False, "progress": False, "train.max_updates": 2}
    found = rnncompare.compare(Dataset(), target="label", results_dir=str(tmp_path), **settings)
    assert "gru" in set(found.table["model"])
    with pytest.raises(DataError, match="1 arrays"):
        rnncompare.compare((sequences()[0],))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"model": "gru"}, "model=.*the study chooses it"),
        ({"seed": 3}, "seed=3: the study chooses it"),
        ({"train": {"learning_rate": 0.5}}, "train.learning_rate=0.5: the study chooses it"),
        ({"pairs": "2"}, "pairs=2: a whole number"),
        ({"models": None}, "models=None: two or more"),
        ({"models": "gru"}, "study.models=gru"),
        ({"pairs": 2.5}, "pairs=2.5: a whole number"),
        ({"budget": 10}, "budget=10"),
        ({"results_dir": None}, "results_dir=None: the path"),
        ({"plain": "no"}, "plain=no: true or false"),
        ({"folds": "5"}, r"data\.folds=5: null, or from 3"),
        ({"fractions": 0.5}, r"data\.fractions=0\.5: shares"),
        ({"window": "8"}, r"data\.window=8: a whole number"),
        ({"horizon": 1.5}, r"data\.horizon=1\.5: a whole number"),
    ],
    ids=str,
)
def test_what_a_comparison_cannot_take_is_refused_by_name(wrong, says, tmp_path):
    frame = pd.DataFrame({"case": np.repeat(np.arange(20), 4), "x": np.arange(80.0), "y": np.repeat([0, 1], 40)})
    settings = {"results_dir": str(tmp_path / "kept"), "progress": False, **wrong}
    with pytest.raises(SettingError, match=says):
        rnncompare.compare(frame, target="y", **settings)
    assert not (tmp_path / "kept").exists()
