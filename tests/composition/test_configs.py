"""Every shipped configuration composes, and a run with it trains."""

import dataclasses
import math

import hydra
import pytest

from rnncompare import tasks
from rnncompare.base.errors import DataError
from rnncompare.composition.compose import CONFIGS, register_schemas
from rnncompare.models import architecture
from rnncompare.training.experiment import run_experiment
from rnncompare.training.settings import from_config

SHORT = ["device=cpu", "train.max_updates=2", "train.batch_size=4", "model.hidden_size=4", "model.parameters=null"]


def choices(group):
    return sorted(path.stem for path in (CONFIGS / group).glob("*.yaml"))


def compose(*overrides):
    register_schemas()
    with hydra.initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return from_config(hydra.compose("run", list(overrides)))


def quick(settings):
    """The settings with as few examples as make a run."""
    few = {"size": 8, "validation_examples": 20, "test_examples": 20}
    known = {field.name for field in dataclasses.fields(settings.data)}
    data = dataclasses.replace(settings.data, **{name: value for name, value in few.items() if name in known})
    return dataclasses.replace(settings, data=data)


def test_every_task_and_every_model_has_a_configuration():
    assert set(choices("data")) >= set(tasks.names())
    assert set(choices("model")) >= set(architecture.names())


@pytest.mark.parametrize("name", choices("model"))
def test_every_model_trains(name):
    run = run_experiment(quick(compose(f"model={name}", "data=adding", *SHORT)))
    assert run.record.model.name == name
    assert run.record.status == "completed"
    assert math.isfinite(run.record.quality.test)


@pytest.mark.parametrize("name", choices("data"))
def test_every_task_trains(name, tmp_path):
    of_file = []
    if name == "file":
        rows = [f"{i},{t},{i % 2},{i % 2}" for i in range(20) for t in range(3)]
        (tmp_path / "own.csv").write_text("\n".join(["id,t,x,label", *rows]))
        of_file = [f"data.path={tmp_path / 'own.csv'}", "data.target=label"]
    try:
        run = run_experiment(quick(compose("model=gru", f"data={name}", *of_file, *SHORT)))
    except DataError as error:
        if "could not be fetched" not in str(error):
            raise
        pytest.skip(f"the real files of {name} are not at hand and cannot be fetched here")
    assert run.record.status == "completed"
    assert math.isfinite(run.record.quality.test)
    assert math.isfinite(run.record.quality.baseline)


def test_the_first_line_of_every_configuration_says_what_it_is():
    for path in CONFIGS.rglob("*.yaml"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("# @package")]
        assert lines[0].startswith("# "), path
