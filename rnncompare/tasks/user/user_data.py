"""A user's own data as a task, and the problem in a table, a file or a folder."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rnncompare.base.errors import DataError, require
from rnncompare.base.wording import counted
from rnncompare.tasks.contract import Data, Task, setting
from rnncompare.tasks.user import arrays
from rnncompare.tasks.user.columns.features import as_written, is_large, is_text, is_whole
from rnncompare.tasks.user.columns.find_roles import TARGETS, find_roles
from rnncompare.tasks.user.columns.levels import unseen
from rnncompare.tasks.user.columns.likely import GROUPS
from rnncompare.tasks.user.files.corpora import read_pair, read_text
from rnncompare.tasks.user.files.file_type import beginning, form_of, unpacked
from rnncompare.tasks.user.files.reading import Layout, Reading
from rnncompare.tasks.user.files.tables import FILE, FOLDER, Table, read_table
from rnncompare.tasks.user.files.thousands import Marks
from rnncompare.tasks.user.language import RunningText
from rnncompare.tasks.user.problem import Problem
from rnncompare.tasks.user.sequences import from_long
from rnncompare.tasks.user.series import from_series
from rnncompare.tasks.user.texts import from_texts

TEXT_SUFFIXES = (".txt", ".text", ".md", ".rst")
DEFAULT_TEXT_WINDOW = 100  # characters, where the text is long enough
LEAST_TEXT_WINDOWS = 200


@dataclass
class Own(Task):
    """A task on a user's own data; a subclass says what problem they are."""

    size: Any = setting("full", "training examples: tiny, small, medium, large, huge, full or a number")

    def problem(self) -> Problem:
        """The data, read and understood."""
        raise NotImplementedError

    def identity(self) -> str:
        """The SHA-256 of the data."""
        raise NotImplementedError

    def redrawn(self) -> Own | None:
        """The task with a test split that each seed draws anew; None as in `Problem.redrawn`."""
        raise NotImplementedError

    def largest(self) -> int:
        return self.problem().largest()

    def load(self, seed: int) -> Data:
        problem = self.problem()
        data = problem.load(self.number_of(problem.largest()), seed)
        first, *notes = problem.understood
        more = [data.understood] if data.understood else []
        words = "\n".join([f"read as: {first}; change with data.kind=", *(f"  {note}" for note in [*notes, *more])])
        return replace(data, sha256=self.identity(), understood=words)


def from_table(table: Table, reading: Reading, test: Table | None = None) -> Problem:
    """The problem in a table, or in a table and a test table with the same columns."""
    if test is not None:
        for column in table.frame.columns:
            if column not in test.frame.columns:
                raise DataError(f"{test.name}: no column {column}, which {table.name} has")
    roles = find_roles(table, reading)
    form = f"the data are read as {roles.kind.replace('_', ' ')}; data.kind=forecasting reads them as series"
    if roles.kind != "forecasting":
        reading.require_unused(form, horizon=1, season=None, window=None, known=None)
    if roles.kind != "text_classification":
        reading.require_unused(f"the data are read as {roles.kind}, not as text", units="auto")
    if test is not None:
        test.time_form, test.clock = table.time_form, table.clock
        test.padded = dict(table.padded)
        find_roles(test, replace(reading, kind=roles.kind, target=roles.target, group=roles.group, time=roles.time))
        for name in roles.categorical:
            roles.notes += [f"warning: {note}" for note in unseen(test, name, table.frame[name].unique().tolist())]
        if roles.kind != "forecasting":
            roles.notes += _in_both(table, test, reading.split_by or roles.group, reading)
    if roles.kind == "text_classification":
        return from_texts(table, roles, reading, test)
    if roles.kind == "forecasting":
        return from_series(table, roles, reading, test)
    return from_long(table, roles, reading, test)


def _in_both(table: Table, test: Table, by: str | None, reading: Reading) -> list[str]:
    """A warning where values of the column ``by`` stand in the test file too, which may number anew.

    Raises:
        DataError: no value was to be in two splits.
    """
    if by is None or by == FILE:
        return []
    known, trained = ({as_written(value) for value in part.frame[by].dropna().unique()} for part in (test, table))
    both = len(known & trained)
    if not both:
        return []
    said = f"{both:,} of the {len(known):,} values of {by} in {test.name} are in {table.name} too"
    if reading.split == "group":
        raise DataError(f"{said}, and data.split=group wants each in one split; take them out of one of the files")
    return [f"warning: {said}; if they are the same ones, the test is of what training has seen"]


def read_problem(path: Path, test_path: Path | None, reading: Reading, layout: Layout) -> Problem:
    """The problem in a file of whichever format, told by its content, or for plain text by its name.

    A file that is packed by gzip is unpacked first. Of a folder every table is a sequence or series.

    Raises:
        SettingError: the file and the settings do not go together.
        DataError: a file cannot be used.
    """
    with unpacked(path) as plain, unpacked(test_path) if test_path else contextlib.nullcontext() as plain_test:
        return _read_problem(plain, plain_test, reading, layout)


def _read_problem(path: Path, test_path: Path | None, reading: Reading, layout: Layout) -> Problem:
    if path.is_dir():
        return _of_tables(path, test_path, reading, layout)
    form = form_of(path, beginning(path))
    if form == "npz":
        layout.require_unsaid("an archive of arrays")
        test = None if test_path is None else arrays.read_npz(test_path, reading.kind)
        return arrays.from_arrays(arrays.read_npz(path, reading.kind), reading, test=test)
    if form == "ts":
        layout.require_unsaid("of the form .ts")
        found, kind = arrays.read_sktime(path)
        return arrays.from_arrays(found, reading, kind, None if test_path is None else arrays.read_sktime(test_path)[0])
    if reading.kind == "language_modelling":
        layout.require_unsaid("plain text, if data.kind does not say that it is a table", "encoding")
        reading.require_unused("the file is read as running text", target=None, group=None, time=None)
        reading.require_unused("the file is read as running text", horizon=1, season=None)
        require(
            reading.split in (None, "ordered"), "data.split", reading.split, "ordered: plain text is split in order"
        )
        require(reading.folds is None, "data.folds", reading.folds, "null: plain text is split in order")
        require(
            reading.fractions is None, "data.fractions", reading.fractions, "null: plain text has shares of its own"
        )
        return _language(path, test_path, reading, layout.encoding)
    return _of_tables(path, test_path, reading, layout)


def _of_tables(path: Path, test_path: Path | None, reading: Reading, layout: Layout) -> Problem:
    table = read_table(path, layout, reading.categorical)  # so that 01 and 1 stay two names
    if ids := _rounded(table, reading):
        table = read_table(path, layout, [*reading.categorical, *ids])
    if path.is_dir():
        reading = _of_folder(table, reading)
    if test_path is None:
        table.notes += _read_of(table, reading).notes(table.name)
        return from_table(table, reading)
    test = read_table(test_path, layout, [name for name in table.frame if is_text(table.frame[name])])
    table.marks |= test.marks
    table.notes += _read_of(table, reading).notes(f"{table.name} and {test.name}")
    return from_table(table, reading, test)


def _read_of(table: Table, reading: Reading) -> Marks:
    return table.marks.of([name for name in table.frame if name not in reading.ignore])


def _rounded(table: Table, reading: Reading) -> list[str]:
    """The columns of ids that are no whole numbers, or too large ones, so that 1.1 and 1.10, say, would be one."""
    said = [name.strip() for name in f"{reading.group or ''},{reading.split_by or ''}".split(",")]
    reals = [name for name, kind in table.frame.dtypes.items() if kind.kind == "f"]
    large = [name for name in reals if (name in said or GROUPS.fullmatch(str(name))) and is_large(table.frame[name])]
    return large + [name for name in reals if name in said and not is_whole(table.frame[name])]


def _of_folder(table: Table, reading: Reading) -> Reading:
    """How a folder is read: a file is a sequence or series, and a folder within is its class if there is no other."""
    names = list(table.frame)
    if FILE not in names:
        return reading
    reading = replace(reading, group=reading.group or FILE)
    if FOLDER in names and reading.target is None and not any(TARGETS.fullmatch(str(name)) for name in names):
        return replace(reading, target=FOLDER)
    said = (reading.target, reading.group, reading.split_by, *reading.categorical)
    others = [name for name in (FILE, FOLDER) if name in names and name not in said]
    return replace(reading, ignore=(*reading.ignore, *others))


def _language(path: Path, test_path: Path | None, reading: Reading, encoding: str | None) -> RunningText:
    corpus = read_pair(path, test_path, encoding) if test_path else read_text(path, encoding=encoding)
    train, *held_out = (sum(map(len, pieces)) for pieces in (corpus.train, corpus.validation, corpus.test))
    count, different = train + sum(held_out), len(corpus.alphabet)
    window = reading.window or max(1, min(DEFAULT_TEXT_WINDOW, count // LEAST_TEXT_WINDOWS))
    line = f"language modelling, {counted(count, 'character')}, {different} different ones, in windows of {window}"
    return RunningText(str(path), [line], corpus, window, "data.window")
