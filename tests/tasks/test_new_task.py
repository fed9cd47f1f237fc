"""The example of docs/new_task.md, as somebody would write it: found, drawn, trained."""

import re
from pathlib import Path

import numpy as np
import pytest

from rnncompare import tasks
from rnncompare.training.experiment import run_experiment
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings

TEXT = (Path(__file__).parents[2] / "docs" / "new_task.md").read_text()


@pytest.fixture
def largest(tmp_path, monkeypatch):
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "largest.py").write_text(source)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(tmp_path)])
    assert "largest" in tasks.names()
    return tasks.task_class("largest")


def test_a_new_task_is_drawn_and_described(largest):
    task = largest(size=30, sequence_length=7)
    data = task.load(0)
    assert task.name == "largest"
    assert data.train.inputs.shape == (30, 7, 1)
    np.testing.assert_array_equal(data.test.targets[:, 0], data.test.inputs.max((1, 2)))


def test_a_new_task_trains_and_beats_its_baseline(largest):
    settings = RunSettings(
        model=ModelSettings(name="gru", hidden_size=16),
        data=largest(size=1000, sequence_length=5),
        train=TrainSettings(max_updates=300, learning_rate=0.01),
        device="cpu",
    )
    quality = run_experiment(settings.resolved()).record.quality
    assert quality.test < 0.5 * quality.baseline


def test_the_readme_shows_the_same_task():
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert source in (Path(__file__).parents[2] / "README.md").read_text()
