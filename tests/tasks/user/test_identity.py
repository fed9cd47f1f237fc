"""A run on a user's data is known by their content, not by where they lie."""

import dataclasses

from files import recordings, story

from rnncompare.records import run_id
from rnncompare.tasks import from_arrays
from rnncompare.tasks.file import File
from rnncompare.tasks.text import Text
from rnncompare.training.settings import ModelSettings, RunSettings


def identity(task, **changes):
    settings = RunSettings(model=ModelSettings(name="gru"), data=dataclasses.replace(task, **changes).pinned())
    return run_id(settings.resolved().config())


def test_the_path_does_not_count_and_the_content_does(tmp_path):
    one, copy = recordings(tmp_path / "a.csv"), recordings(tmp_path / "b.csv")
    other = recordings(tmp_path / "c.csv", count=61)
    task = File(path=str(one), target="speaker")
    assert identity(task) == identity(task, path=str(copy))
    assert identity(task) != identity(task, path=str(other))
    assert identity(task) != identity(task, target="c1")
    assert identity(task) != identity(task, test_path=str(copy))
    assert identity(task, test_path=str(copy)) != identity(task, test_path=str(other))
    assert task.pinned().config()["path"] == str(one)


def test_a_name_that_decides_how_a_file_is_read_counts(tmp_path):
    text, table = story(tmp_path / "a.txt"), story(tmp_path / "a.csv")
    assert identity(File(path=str(text))) != identity(File(path=str(table)))
    assert identity(File(path=str(text))) == identity(File(path=str(table), kind="language_modelling"))


def test_texts_are_known_by_their_files_too(tmp_path):
    one, other = story(tmp_path / "a.txt"), story(tmp_path / "b.txt")
    assert identity(Text(path=str(one))) == identity(Text(path=str(other)))
    assert identity(Text(path=str(one))) != identity(Text())
    assert Text(path=str(one)).pinned().sha256 == Text(path=str(one), size=1).load(0).sha256
    assert Text().pinned().sha256 is None


def test_arrays_are_known_by_their_content():
    import numpy as np

    x, y = np.arange(60.0).reshape(10, 6), np.arange(10) % 2
    assert identity(from_arrays(x, y)) == identity(from_arrays(x.copy(), y))
    assert identity(from_arrays(x, y)) != identity(from_arrays(x + 1, y))
    assert identity(from_arrays(x, y)) != identity(from_arrays(x, 1 - y))
    assert identity(from_arrays(x, y)) != identity(from_arrays(x, y, kind="regression"))
