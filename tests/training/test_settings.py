"""Settings: what is refused, with which words, and what makes two runs the same."""

import dataclasses
import math
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncompare import tasks
from rnncompare.base.errors import SettingError
from rnncompare.records import read_record, run_id
from rnncompare.tasks.adding import Adding
from rnncompare.training.settings import ModelSettings, RunSettings, TrainSettings


def settings(**changes):
    return dataclasses.replace(RunSettings(model=ModelSettings(name="gru"), data=Adding()), **changes)


def identity(run):
    return run_id(run.resolved().config())


@pytest.mark.parametrize(
    ("part", "values", "setting"),
    [
        (ModelSettings, {"hidden_size": 0}, "model.hidden_size"),
        (ModelSettings, {"hidden_size": 8, "parameters": 100}, "model.parameters"),
        (ModelSettings, {"parameters": -1}, "model.parameters"),
        (ModelSettings, {"num_layers": 0}, "model.num_layers"),
        (ModelSettings, {"dropout": 1.0}, "model.dropout"),
        (ModelSettings, {"dropout": float("nan")}, "model.dropout"),
        (ModelSettings, {"input_dropout": -0.1}, "model.input_dropout"),
        (TrainSettings, {"optimizer": "lion"}, "train.optimizer"),
        (TrainSettings, {"learning_rate": 0.0}, "train.learning_rate"),
        (TrainSettings, {"learning_rate": float("inf")}, "train.learning_rate"),
        (TrainSettings, {"clip_norm": float("nan")}, "train.clip_norm"),
        (TrainSettings, {"batch_size": 0}, "train.batch_size"),
        (TrainSettings, {"max_updates": -5}, "train.max_updates"),
        (TrainSettings, {"target": float("nan")}, "train.target"),
        (TrainSettings, {"settle": -0.1}, "train.settle"),
        (TrainSettings, {"settle": float("nan")}, "train.settle"),
        (TrainSettings, {"settle": 0.1, "schedule": "cosine"}, "train.schedule"),
        (TrainSettings, {"min_updates": -1}, "train.min_updates"),
        (Adding, {"size": 0}, "data.size"),
        (Adding, {"size": "big"}, "data.size"),
        (Adding, {"size": True}, "data.size"),
        (Adding, {"sequence_length": 1}, "data.sequence_length"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(part, values, setting):
    field = {ModelSettings: "model", TrainSettings: "train", Adding: "data"}[part]
    changed = dataclasses.replace(getattr(settings(), field), **values)
    with pytest.raises(SettingError) as caught:
        settings(**{field: changed}).resolved()
    assert caught.value.setting == setting
    assert str(list(values.values())[-1]) in str(caught.value)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_what_a_record_could_not_hold_is_refused(value):
    model = dataclasses.replace(settings().model, name="lstm", forget_bias=value)
    with pytest.raises(SettingError, match=f"model.forget_bias={value}: a finite number"):
        settings(model=model).resolved()
    with pytest.raises(SettingError, match=r"results_dir=.*text in UTF-8"):
        settings(results_dir=os.fsdecode(b"la\xfct")).resolved()


@pytest.mark.parametrize(("name", "value"), [("seed", -1), ("threads", 0)])
def test_a_run_setting_out_of_range_is_refused(name, value):
    with pytest.raises(SettingError, match=f"{name}={value}"):
        settings(**{name: value}).resolved()


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_runs_differ_exactly_if_their_seeds_do(first, second):
    assert (identity(settings(seed=first)) == identity(settings(seed=second))) == (first == second)


def test_what_cannot_change_the_outcome_is_not_in_the_identity():
    assert identity(settings()) == identity(settings(results_dir="elsewhere", force=True))


PUBLISHED = Path(__file__).parents[2] / "results/published"


def settings_of(config):
    """The settings of a record, whatever settings there were when it was made."""
    data = dict(config["data"])
    task = tasks.task_class(data.pop("name"))
    known = {field.name for field in dataclasses.fields(RunSettings)}
    return RunSettings(
        **{key: value for key, value in config.items() if key in known - {"model", "data", "train"}},
        model=ModelSettings(**config["model"]),
        data=task(**{field.name: data[field.name] for field in dataclasses.fields(task) if field.name in data}),
        train=TrainSettings(**config["train"]),
    )


def test_runs_that_are_published_are_the_same_runs_to_the_settings_of_today():
    records = [read_record(path) for path in sorted(PUBLISHED.glob("*/runs/*/record.json"))]
    assert len(records) >= 100
    for record in records:
        assert run_id(settings_of(record.config).config()) == record.run_id, record.config


def test_a_setting_that_came_later_changes_the_identity_when_it_is_used():
    for changed in ({"settle": 0.01}, {"min_updates": 1}, {"fused": True}, {"schedule": "linear"}):
        assert identity(settings()) != identity(settings(train=TrainSettings(**changed)))
    assert identity(settings()) != identity(settings(model=ModelSettings("gru", initialisation="keras")))


def test_settings_that_mean_the_same_are_the_same_run():
    small = settings(data=Adding(size="small"))
    assert identity(small) == identity(settings(data=Adding(size=1000)))
    assert identity(small) == identity(settings(data=Adding(size="small"), model=ModelSettings("gru", hidden_size=128)))
    assert identity(small) != identity(settings(data=Adding(size="tiny")))


def test_a_size_that_the_data_cannot_give_names_the_largest():
    with pytest.raises(SettingError, match="at most 1000000"):
        Adding(size=1_000_001).train_examples()
