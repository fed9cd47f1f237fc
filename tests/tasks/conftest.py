import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks import task_class
from rnncompare.tasks.contract import download


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test of this folder reaches for the network."""

    def refuse(url):
        raise OSError("offline")

    monkeypatch.setattr(download, "open_https", refuse)


@pytest.fixture
def load():
    """Load a task by name with given settings, skipping the test where its files are not at hand."""

    def load(name, seed=0, **settings):
        task = task_class(name)(**settings)
        task.check()
        try:
            return task.load(seed)
        except DataError as error:
            if "is absent" not in str(error):
                raise
            pytest.skip(f"the files of {name} are not in the data folder")

    return load
