"""Data given from Python: arrays and frames as tasks."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncompare.base.errors import DataError, require
from rnncompare.tasks.contract import fingerprint_of, setting
from rnncompare.tasks.user import arrays, checked_arrays
from rnncompare.tasks.user.files.frames import table_of
from rnncompare.tasks.user.files.reading import Reading
from rnncompare.tasks.user.problem import Problem
from rnncompare.tasks.user.user_data import Own, from_table

if TYPE_CHECKING:
    import pandas as pd

LISTS = {"categorical", "ignore", "known"}  # settings that name several columns
COLUMNS = LISTS | {"target", "group", "time", "split_by"}  # settings that name columns


@dataclass
class Given(Own):
    """A task on data that were given from Python, as `from_arrays` and `from_frame` make it.

    Attributes:
        label: what the data are called.
        sha256: of the data.
        given: the data, as a problem.
    """

    label: str = setting("given", "what the data are called")
    sha256: str = setting("", "SHA-256 of the data and of how they are read")
    given: Problem | None = setting(None, "the data")

    @property
    def name(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"Given({self.label!r}, size={self.size!r}, sha256={self.sha256!r})"

    def problem(self) -> Problem:
        assert self.given is not None
        return self.given

    def identity(self) -> str:
        return self.sha256

    def redrawn(self) -> Given | None:
        if (given := self.problem().redrawn()) is None:
            return None
        return replace(self, given=given, sha256=fingerprint_of(np.array([self.sha256, "redrawn"])))

    def config(self) -> dict[str, Any]:
        return {"name": self.label, "size": self.size, "sha256": self.sha256}


def from_arrays(
    x: Any, y: Any, lengths: Any = None, *, name: str = "arrays", size: int | str = "full", **reading: Any
) -> Given:
    """A task on sequences in arrays; it goes where tasks go, as the ``data`` of `RunSettings`.

    Args:
        x: ``(N, T, F)`` or ``(N, T)`` numbers, where steps at the end that are all nan are padding; or a list of N
            arrays ``(T, F)`` or ``(T,)`` of any lengths.
        y: N labels or values, ``(N, K)`` values, ``(N, T)`` labels of steps, or a list of those of each sequence.
        lengths: ``(N,)`` steps of each sequence in an array ``x``; what follows them is padding.
        name: what the data are called in records.
        size: training examples, as ``data.size``.
        reading: of the settings of `Reading`, ``kind`` (classification or regression) and ``min_length``.

    Raises:
        SettingError, DataError: they cannot be used.
    """
    how = _reading(reading)
    if not isinstance(x, list | tuple) or lengths is not None:
        found = checked_arrays.from_padded(x, y, name, how.kind, lengths)
    else:
        found = checked_arrays.from_list(x, y, name, how.kind)
    problem = arrays.from_arrays(found, how)
    return _given(problem, name, size, fingerprint_of(found.rows, found.lengths, found.targets.astype(str)), how)


def from_frame(frame: pd.DataFrame, *, name: str = "frame", size: int | str = "full", **reading: Any) -> Given:
    """A task on a table; it goes where tasks go, as the ``data`` of `RunSettings`.

    Args:
        frame: a row a step, or a row a text; it is not changed. Its index is a column too, unless it counts rows.
        name: what the data are called in records.
        size: training examples, as ``data.size``.
        reading: settings of `Reading`: ``kind``, ``target``, ``group``, ``time``, ...; what is not given is found.

    Raises:
        SettingError, DataError: it cannot be used.
    """
    import pandas as pd

    how = _reading(reading)
    if not isinstance(frame, pd.DataFrame):
        raise DataError(f"{name}: a {type(frame).__name__}; expected a pandas DataFrame")
    if frame.empty:
        raise DataError(f"{name}: an empty table")
    problem = from_table(table_of(frame, name), how)
    return _given(
        problem,
        name,
        size,
        fingerprint_of(
            pd.util.hash_pandas_object(frame).to_numpy(), np.array([str(column) for column in frame.columns])
        ),
        how,
    )


def _given(problem: Problem, name: str, size: int | str, sha256: str, how: Reading) -> Given:
    task = Given(size=_plain(size), label=name, sha256=fingerprint_of(np.array([sha256, how.words()])), given=problem)
    task.check()
    return task


def _plain(value: Any) -> Any:
    """A number of NumPy's as Python's: a kept model holds these alone."""
    return value.item() if isinstance(value, np.generic) else value


def _reading(settings: dict[str, Any]) -> Reading:
    known = [entry.name for entry in fields(Reading)]
    for name, value in settings.items():
        require(name in known, f"data.{name}", value, f"no such setting; there are {', '.join(known)}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else _plain(value) for name, value in settings.items()
    }
    values |= {name: (values[name],) for name in LISTS & values.keys() if isinstance(values[name], str)}
    for name in COLUMNS & values.keys():  # a frame may call them by numbers
        if isinstance(values[name], tuple):
            values[name] = tuple(map(str, values[name]))
        elif values[name] is not None:
            values[name] = str(values[name])
    if isinstance(values.get("target"), tuple):
        values["target"] = ",".join(values["target"])
    reading = Reading(**values)
    reading.check_reading()
    return reading
