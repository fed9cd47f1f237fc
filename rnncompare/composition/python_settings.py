"""Settings given from Python: keyword arguments, of which data may be a table or a task, and a model a module."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.composition.compose import compose
from rnncompare.composition.override_allowlist import quoted
from rnncompare.tasks.contract import Task
from rnncompare.training.settings import OwnModel, RunSettings


def own_data(
    data: Any, target: str | Sequence[str] | None, settings: Mapping[str, Any]
) -> tuple[Task | None, dict[str, Any]]:
    """The task in a user's own data, None for those in a file, and the settings of the runs, which name that file.

    Args:
        data: a table, arrays, a path or a task, as `rnncompare.compare` takes them.
        target: the column to predict, or several.
        settings: of how data are read, and of runs.

    Raises:
        SettingError: a setting or the target is not one.
        DataError: the data are no task.
    """
    reading, runs = _parted(settings)
    if target is not None:
        named: Sequence[Any] = target if isinstance(target, list | tuple) else [target]
        valid = "the name of a column, or a list of names; arrays go together, as (x, y)"
        kinds = str | int if hasattr(data, "columns") else str
        require(all(isinstance(name, kinds) for name in named), "target", type(target).__name__, valid)
        reading["target"] = ",".join(map(str, named))
    if isinstance(data, str | Path):
        return None, {"data": {"name": "file", "path": str(data), **reading}, **runs}
    return _task(data, reading), runs


def _parted(settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of how data are read, and settings of runs.

    Raises:
        SettingError: one is neither.
    """
    from rnncompare.tasks.user.files.reading import Layout, Reading

    reading = {*Reading.__dataclass_fields__, *Layout.__dataclass_fields__, "test_path", "size"}
    runs = [name for name in RunSettings.__dataclass_fields__ if name != "data"]
    settings = {name.removeprefix("data."): value for name, value in settings.items()}
    for name, value in settings.items():
        known = name in reading or name.partition(".")[0] in runs
        require(known, name, value, f"no such setting; there are {', '.join([*sorted(reading), *runs])}")
    return (
        {name: value for name, value in settings.items() if name in reading},
        {name: value for name, value in settings.items() if name not in reading},
    )


def _task(data: Any, reading: Mapping[str, Any]) -> Task:
    """The task in data that were given from Python."""
    from rnncompare.tasks import from_arrays, from_frame

    if isinstance(data, Task):
        return data
    if isinstance(data, tuple):
        if len(data) not in (2, 3):
            raise DataError(f"data: {len(data)} arrays; expected (x, y) or (x, y, lengths)")
        return from_arrays(*data, **reading)
    frame = data.to_pandas() if hasattr(data, "to_pandas") else data
    return from_frame(frame, **reading)


def composed(settings: Mapping[str, Any]) -> RunSettings:
    """The settings of a run, of which the data may be a task and the model a class or function that makes a module."""
    for name in ("model", "data"):
        require(settings.get(name, "") is not None, name, None, "a name, or an object of Python's")
    data = settings.get("data", "")
    valid = "the name of a task, or a task such as rnncompare.tasks.from_frame(frame, target=...) makes"
    require(isinstance(data, str | Mapping | Task), "data", type(data).__name__, valid)
    given = {
        name: value
        for name, value in settings.items()
        if isinstance(value, Task) or (name == "model" and callable(value))
    }
    (found,) = compose([words({name: value for name, value in settings.items() if name not in given})])
    model = OwnModel.in_place_of(found.model, given["model"]) if "model" in given else found.model
    return dataclasses.replace(found, model=model, data=given.get("data", found.data)).resolved()


def words(settings: Mapping[str, Any]) -> list[str]:
    """Settings as a command line has them."""
    return [f"{name}={_value(value)}" for name, value in flat(settings)]


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings by their dotted names; of a mapping the ``name`` first, which chooses what the others belong to."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            if "name" in value:
                yield f"{prefix}{name}", value["name"]
            yield from flat({key: inner for key, inner in value.items() if key != "name"}, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _value(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return quoted(str(value))
    if isinstance(value, Iterable):
        return f"[{','.join(map(_value, value))}]"
    return repr(value)
