"""What holds of every task, whichever there are."""

import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from rnncompare.base.errors import DataError, SettingError
from rnncompare.tasks import names, task_class
from rnncompare.tasks.contract import IGNORED, Classification, Generated, Regression
from rnncompare.tasks.contract.consistency import check_data

WITH_DATA = [name for name in names() if name != "file"]  # which is tested on files of its own
GENERATED = [name for name in names() if issubclass(task_class(name), Generated)]


def arrays(examples):
    return [array for array in (examples.inputs, examples.targets, examples.lengths) if array is not None]


def assert_same(one, other):
    assert len(arrays(one)) == len(arrays(other))
    for a, b in zip(arrays(one), arrays(other), strict=True):
        np.testing.assert_array_equal(a, b)


def check_examples(data, examples):
    inputs, targets, lengths = examples.inputs, examples.targets, examples.lengths
    steps = np.arange(examples.sequence_length)
    used = np.ones((len(examples), len(steps)), bool)
    if lengths is not None:
        assert lengths.shape == (len(examples),)
        assert lengths.min() >= 1
        assert lengths.max() <= len(steps)
        used = steps < lengths[:, None]
    if data.vocabulary is None:
        assert inputs.dtype == np.float32
        assert inputs.shape == (len(examples), len(steps), data.features)
        assert np.isfinite(inputs).all()
    else:
        assert data.features is None
        assert inputs.dtype.kind in "iu"
        assert inputs.ndim == 2
        assert inputs.min() >= 0
        assert inputs.max() < data.vocabulary
    shape = (len(examples),) if data.objective.readout == "last" else (len(examples), len(steps))
    if targets.dtype.kind in "iu":
        assert targets.shape == shape
        scored = targets != IGNORED
        assert targets[scored].min() >= 0
        assert targets[scored].max() < data.objective.outputs
        if data.objective.readout == "every":
            assert not scored[~used].any(), "padding must not be scored"
            assert scored.any(1).all(), "every sequence has something to predict"
    else:
        assert targets.dtype == np.float32
        assert targets.shape == (*shape, data.objective.outputs)


@pytest.mark.parametrize("name", WITH_DATA)
def test_shapes_and_types(name, load):
    data = load(name, size="tiny")
    for examples in (data.train, data.validation, data.test, *data.longer.values()):
        check_examples(data, examples)
    assert len(data.train) == task_class(name).sizes["tiny"]
    assert np.isfinite(data.baseline)
    assert len(data.sha256) == 64
    if data.optimum is not None:
        assert (data.optimum > data.baseline) == data.objective.higher_is_better


@pytest.mark.parametrize("name", WITH_DATA)
def test_what_is_trained_on_fits_together(name, load):
    check_data(load(name, size="tiny"), name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: (data.train, data.test), "task adding: load gives a tuple in place of Data"),
        (lambda data: replace(data, objective=Regression(1, "lst")), "task adding: readout 'lst'"),
        (
            lambda data: replace(data, features=3),
            r"train split: inputs of shape \(100, 50, 2\) in place of \(100, 50, 3\)",
        ),
        (
            lambda data: replace(data, test=replace(data.test, targets=data.test.targets[:, 0])),
            r"test split: targets of shape \(1000,\) in place of \(1000, 1\)",
        ),
        (
            lambda data: replace(data, objective=Classification(1, "last")),
            r"targets of shape \(100, 1\) in place of \(100,\)",
        ),
        (
            lambda data: replace(data, baseline=np.zeros(3)),
            r"task adding: baseline array.*; one finite number is needed",
        ),
        (
            lambda data: replace(data, train=replace(data.train, inputs=data.train.inputs.astype(float))),
            "train split: inputs of type float64 in place of float32",
        ),
    ],
    ids=["tuple", "readout", "inputs", "targets", "classes", "baseline", "float64"],
)
def test_a_task_that_does_not_fit_together_is_refused(change, says, load):
    with pytest.raises(DataError, match=says):
        check_data(change(load("adding", size="tiny")), "adding")


@pytest.mark.parametrize(
    ("vocabulary", "classes", "says"), [(2, 99, "symbols are below the vocabulary's 2"), (99, 2, "2 classes are whole")]
)
def test_symbols_and_classes_are_in_their_range(vocabulary, classes, says, load):
    data = load("markov_text", size="tiny")
    data = replace(data, vocabulary=vocabulary, objective=replace(data.objective, outputs=classes))
    with pytest.raises(DataError, match=says):
        check_data(data, "markov_text")


@pytest.mark.parametrize("name", WITH_DATA)
def test_the_seed_fixes_the_draw(name, load):
    one, same, other = load(name, 3, size="tiny"), load(name, 3, size="tiny"), load(name, 4, size="tiny")
    for split in ("train", "validation", "test"):
        assert_same(getattr(one, split), getattr(same, split))
    assert one.sha256 == same.sha256
    assert not np.array_equal(one.train.inputs, other.train.inputs)


@pytest.mark.parametrize("name", WITH_DATA)
def test_smaller_sizes_begin_larger_ones(name, load):
    small, large = load(name, 1, size="tiny"), load(name, 1, size="medium")
    assert len(large.train) == task_class(name).sizes["medium"]
    assert_same(small.train, large.train.take(slice(len(small.train))))
    assert_same(small.validation, large.validation)
    assert_same(small.test, large.test)


@pytest.mark.parametrize("name", GENERATED)
def test_splits_are_disjoint(name, load):
    data = load(name, size="medium")
    train, validation, test = (
        {row[: len(row) if split.lengths is None else split.lengths[i]].tobytes() for i, row in enumerate(split.inputs)}
        for split in (data.train, data.validation, data.test)
    )
    assert train.isdisjoint(validation)
    assert train.isdisjoint(test)
    assert validation.isdisjoint(test)


@pytest.mark.parametrize("name", names())
def test_settings_are_explained_and_unknown_or_bad_sizes_refused(name):
    cls = task_class(name)
    assert all(field.metadata["help"] for field in fields(cls))
    assert cls.source
    assert cls.licence
    for size in (0, -1, "gigantic"):
        with pytest.raises(SettingError, match=r"data\.size"):
            cls(size=size).check()
    for field in fields(cls):
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            with pytest.raises(SettingError, match=rf"data\.{field.name}="):
                cls(**{field.name: -1}).check()


@pytest.mark.parametrize("name", WITH_DATA)
def test_more_than_there_is_is_refused_with_the_largest(name, load):
    load(name, size="tiny")
    task = task_class(name)()
    largest = task.largest()
    assert task_class(name)(size="full").train_examples() == largest
    with pytest.raises(SettingError, match=f"at most {largest} "):
        task_class(name)(size=largest + 1).train_examples()


def test_importing_the_tasks_leaves_heavy_libraries_alone():
    program = (
        "import sys, rnncompare.tasks as t; [t.task_class(name)() for name in t.names()];"
        "print(*{'torch', 'pandas', 'scipy', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
