import pytest

from rnncompare.tasks.file import File


@pytest.fixture
def own(tmp_path):
    """Write a file and give the task that reads it."""

    def own(content, name="own.csv", **settings):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        task = File(path=str(path), **settings)
        task.check()
        return task

    return own
